#include "transport/attempts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "transport/easy.h"
#include "transport/reuse.h"

/* libcurl and ew_response must have read the same status. If not, one of them was misled. */
static bool agrees(ew_transfer *x) {
  long status = 0;
  curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
  return status == x->response.status;
}

/* Says which of our time-outs passed, because libcurl does not. An attempt that was only too slow
** (CURLOPT_LOW_SPEED_TIME) keeps libcurl's words. */
static void name_time_out(const ew_transport *t, ew_transfer *x) {
  enum { EARLY_US = 5000 }; /* libcurl counts in milliseconds */
  int64_t elapsed_us = x->elapsed_us + EARLY_US;
  char said[CURL_ERROR_SIZE];
  memcpy(said, x->error_text, sizeof said);
  if (elapsed_us >= (int64_t)t->attempt_timeout_ms * 1000)
    snprintf(x->error_text, sizeof x->error_text, "attempt_timeout_ms (%ld) passed",
             t->attempt_timeout_ms);
  else if (x->sends == 0 && elapsed_us >= (int64_t)t->connect_timeout_ms * 1000)
    snprintf(x->error_text, sizeof x->error_text, "connect_timeout_ms (%ld) passed: %.200s",
             t->connect_timeout_ms, said);
}

/* The one way out of `active`. */
static void finish(ew_transport *t, ew_transfer *x, int curl_code) {
  ew_reuse_learn(t, x);
  if (curl_code == CURLE_OK && !agrees(x)) {
    curl_code = CURLE_WEIRD_SERVER_REPLY;
    x->reason = "the answer's status can be read in two ways";
  }
  x->proxy_status = ew_reuse_proxy_status(x->easy);
  curl_multi_remove_handle(t->multi, x->easy);
  x->curl_code = curl_code;
  x->elapsed_us = ew_now_us() - x->started_us;
  if (curl_code == CURLE_OPERATION_TIMEDOUT) name_time_out(t, x);
  t->latency_us += (x->elapsed_us - t->latency_us) / 8;
  x->socket = -1;
  ew_transfers_remove(&t->active, x);
  x->is_active = false;
  t->in_flight--;
  ew_transfers_append(&t->done, x);
}

/* Only if nothing was sent. */
static void restart(ew_transport *t, ew_transfer *x, bool fresh) {
  curl_multi_remove_handle(t->multi, x->easy);
  x->stale = false;
  x->error_text[0] = '\0';
  if (!ew_easy_set_connection(t, x, fresh) || curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
    finish(t, x, CURLE_OUT_OF_MEMORY);
}

void ew_attempts_release_waiting(ew_transport *t) {
  ew_transfer *x = t->active.first, *next;
  t->must_release = false;
  for (; x; x = next) {
    next = x->next;
    if (!x->opened_socket && x->sends == 0) restart(t, x, x->fresh);
  }
}

void ew_attempts_collect(ew_transport *t) {
  CURLMsg *message;
  int left;
  while (t->multi && (message = curl_multi_info_read(t->multi, &left)) != NULL) {
    ew_transfer *x = NULL;
    CURLcode code = message->data.result;
    if (message->msg != CURLMSG_DONE) continue; /* libcurl has no others yet */
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
    if (x->stale)
      restart(t, x, true);
    else
      finish(t, x, (int)code);
  }
}

void ew_attempts_abort(ew_transport *t, const char *reason, int curl_code) {
  ew_attempts_collect(t);
  while (t->active.first) {
    t->active.first->reason = reason;
    finish(t, t->active.first, curl_code);
  }
}

void ew_attempts_cancel(ew_transport *t, ew_transfer *x, const char *reason) {
  ew_attempts_collect(t);
  if (!x->is_active) return;
  x->reason = reason;
  finish(t, x, EW_ABORTED);
}

int64_t ew_attempts_overdue_us(const ew_transport *t) {
  const ew_transfer *oldest = t->active.first;
  return oldest ? oldest->started_us + (int64_t)t->attempt_timeout_ms * 1000 : EW_NEVER;
}

void ew_attempts_end_overdue(ew_transport *t) {
  while (ew_attempts_overdue_us(t) <= ew_now_us())
    finish(t, t->active.first, CURLE_OPERATION_TIMEDOUT);
}
