#define _GNU_SOURCE /* memmem */
#include "transport/transfer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "transport/internal.h"

static const char key_name[] = "xi-api-key: ";

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

ew_transfer *ew_transfers_take(ew_transfers *list) {
  ew_transfer *x = list->first;
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
  x->stale = x->fresh = x->opened_socket = x->cancelled = false;
  x->socket = -1;
  x->curl_code = 0;
  x->proxy_status = 0;
}

/* Memory of an earlier request is used again if it is large enough. */
static bool copy_request(ew_transfer *x, const ew_request *request) {
  if (x->request_room < request->size) {
    free(x->request);
    x->request = malloc(request->size);
    x->request_room = x->request ? request->size : 0;
  }
  if (x->request) memcpy(x->request, request, request->size);
  return x->request != NULL;
}

static bool copy_key(ew_transfer *x, const ew_text *key) {
  return !key->data || (ew_buffer_append_text(&x->key_line, key_name) &&
                        ew_buffer_append(&x->key_line, key->data, key->length));
}

bool ew_transfer_prepare(ew_transfer *x, unsigned slot, const ew_request *request,
                         const ew_text *key) {
  clear_evidence(x);
  x->slot = slot;
  x->rules = &ew_operations[request->operation];
  x->response.largest_body = x->rules->good == EW_READ ? EW_LARGEST_READ : EW_LARGEST_BODY;
  x->started_us = ew_now_us();
  if (copy_request(x, request) && copy_key(x, key)) return true;
  ew_transfer_clear(x);
  return false;
}

/* Large memory is freed: few transfers need so much. */
void ew_transfer_clear(ew_transfer *x) {
  enum { LARGE = 64 * 1024 };
  ew_buffer_wipe(&x->key_line);
  if (x->response.body.capacity > LARGE) ew_response_free(&x->response);
  if (x->request_room > LARGE) {
    free(x->request);
    x->request = NULL;
    x->request_room = 0;
  }
}

void ew_transfer_free(ew_transfer *x) {
  curl_easy_cleanup(x->easy);
  curl_url_cleanup(x->url);
  free(x->request);
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
}

void ew_transfer_mark_cancelled(ew_transfer *x) {
  x->cancelled = true;
}

/* ---- completions ---- */

static const char *message_of(const ew_transfer *x) {
  if (x->reason) return x->reason;
  if (x->curl_code == CURLE_OK) return "";
  return x->error_text[0] ? x->error_text : curl_easy_strerror((CURLcode)x->curl_code);
}

static ew_answer answer_of(const ew_transfer *x) {
  const ew_response *response = &x->response;
  ew_answer answer;
  answer.sent = x->sends > 0;
  answer.succeeded = x->curl_code == CURLE_OK;
  answer.status = response->status;
  answer.head_ended = response->head_ended;
  answer.whole = x->curl_code == CURLE_OK && ew_response_whole(response);
  answer.body = ew_buffer_text(&response->body);
  answer.length = response->body.length;
  return answer;
}

/* A JSON escape or an HTML entity in the body may hide the key. */
static bool shows_key(const ew_transfer *x, const char *message) {
  const ew_response *response = &x->response;
  const char *key, *body = ew_buffer_text(&response->body);
  size_t h, length = response->body.length;
  if (!x->key_line.data) return false;
  key = x->key_line.data + strlen(key_name);
  if (memchr(body, '\\', length) || memchr(body, '&', length) ||
      memmem(body, length, key, strlen(key)) || strstr(message, key))
    return true;
  for (h = 0; h < EW_HEADERS; h++)
    if (strstr(response->headers[h], key)) return true;
  return false;
}

unsigned ew_transfer_slot(const ew_transfer *x) {
  return x->slot;
}

ew_completion ew_transfer_completion(const ew_transfer *x) {
  ew_completion completion;
  completion.slot = x->slot;
  completion.good = x->rules->good;
  completion.curl_code = x->curl_code;
  completion.answer = answer_of(x);
  completion.resent = x->sends > 1;
  completion.proxy_status = x->proxy_status;
  completion.response = &x->response;
  completion.message = message_of(x);
  completion.shows_key = shows_key(x, completion.message);
  completion.elapsed_us = x->elapsed_us;
  return completion;
}
