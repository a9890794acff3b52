#include "transport/transfer.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "transport/internal.h"

/* ---- lists ---- */

void ew_transfers_remove(ew_transfers *list, ew_transfer *x) {
  if (x->previous)
    x->previous->next = x->next;
  else
    list->first = x->next;
  if (x->next)
    x->next->previous = x->previous;
  else
    list->last = x->previous;
  x->previous = x->next = NULL;
}

void ew_transfers_append(ew_transfers *list, ew_transfer *x) {
  x->previous = list->last;
  x->next = NULL;
  if (list->last)
    list->last->next = x;
  else
    list->first = x;
  list->last = x;
}

ew_transfer *ew_transfers_take(ew_transfers *list, uint64_t id) {
  ew_transfer *x = list->first;
  while (x && id && x->id != id) x = x->next;
  /* clang does not see that the first of a list has none before it, so that the list forgets
  ** x here. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
  if (x) ew_transfers_remove(list, x);
  return x;
}

void ew_transfers_move(ew_transfers *to, ew_transfers *from) {
  if (!from->first) return;
  from->first->previous = to->last;
  if (to->last)
    to->last->next = from->first;
  else
    to->first = from->first;
  to->last = from->last;
  from->first = from->last = NULL;
}

void ew_transfers_free(ew_transfers *list) {
  ew_transfer *x;
  while ((x = ew_transfers_take(list, 0)) != NULL) ew_transfer_free(x);
}

ew_transfer *ew_transfer_next(const ew_transfer *x) {
  return x->next;
}

/* ---- before and after an attempt ---- */

ew_transfer *ew_transfer_new(void) {
  ew_transfer *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  ew_response_init(&x->response);
  ew_buffer_init(&x->key_line, EW_LONGEST_FIELD + 32);
  return x;
}

static void clear_evidence(ew_transfer *x) {
  ew_response_clear(&x->response);
  x->error_text[0] = '\0';
  x->reason = NULL;
  x->sends = 0;
  x->stale = x->fresh = x->opened_socket = false;
  x->socket = -1;
  x->curl_code = 0;
  x->proxy_status = 0;
}

bool ew_transfer_prepare(ew_transfer *x, uint64_t id, ew_request *request, const ew_text *key) {
  clear_evidence(x);
  x->id = id;
  x->request = *request;
  x->response.largest_body = request->is_read ? EW_LARGEST_READ : EW_LARGEST_BODY;
  x->started_us = ew_now_us();
  if (!key->data || (ew_buffer_append_text(&x->key_line, "xi-api-key: ") &&
                     ew_buffer_append(&x->key_line, key->data, key->length)))
    return true;
  ew_transfer_clear(x);
  return false;
}

/* A large body is freed: it may have been the only large one. */
void ew_transfer_clear(ew_transfer *x) {
  ew_request_free(&x->request);
  ew_buffer_wipe(&x->key_line);
  if (x->response.body.capacity > (size_t)64 * 1024) ew_response_free(&x->response);
}

void ew_transfer_free(ew_transfer *x) {
  curl_easy_cleanup(x->easy);
  curl_url_cleanup(x->url);
  ew_request_free(&x->request);
  ew_buffer_wipe(&x->key_line);
  ew_response_free(&x->response);
  free(x);
}

void ew_transfer_abandon(ew_transfer *x, ew_status why, const char *reason) {
  x->curl_code = why == EW_ENOMEM    ? CURLE_OUT_OF_MEMORY
                 : why == EW_ESYSTEM ? CURLE_COULDNT_CONNECT
                                     : EW_ABORTED;
  x->reason = reason;
  x->elapsed_us = ew_now_us() - x->started_us;
  ew_buffer_wipe(&x->key_line);
}

static const char *message_of(const ew_transfer *x) {
  if (x->reason) return x->reason;
  if (x->curl_code == CURLE_OK) return "";
  return x->error_text[0] ? x->error_text : curl_easy_strerror((CURLcode)x->curl_code);
}

uint64_t ew_transfer_id(const ew_transfer *x) {
  return x->id;
}

ew_completion ew_transfer_completion(const ew_transfer *x) {
  ew_completion completion;
  completion.id = x->id;
  completion.curl_code = x->curl_code;
  completion.sent = x->sends > 0;
  completion.resent = x->sends > 1;
  completion.proxy_status = x->proxy_status;
  completion.whole = x->curl_code == CURLE_OK && ew_response_whole(&x->response);
  completion.response = &x->response;
  completion.message = message_of(x);
  completion.elapsed_us = x->elapsed_us;
  return completion;
}
