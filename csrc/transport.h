/*
** transport.h - one-attempt transfers over one shared libcurl multi handle.
** Hides libcurl: its options, callbacks, connections and errors. Stands on
** poller (waiting) and response (evidence). It decides nothing: whether an
** answer is a success and what to do next is for the layers above.
** One transport belongs to one thread at a time and holds no Lua.
*/
#ifndef EW_TRANSPORT_H
#define EW_TRANSPORT_H

#include "request.h"
#include "response.h"

#include <stdint.h>

typedef struct ew_transport ew_transport;

/* Strings are borrowed during ew_transport_open alone. */
typedef struct {
  const char *base_url; /* https, or http to loopback */
  const char *ca_file;  /* NULL: the system's */
  const char *proxy;    /* NULL: from the environment; "": none */
  const char *user_agent;
  long connect_timeout_ms;
  long attempt_timeout_ms;
  long max_connections;
} ew_transport_options;

/* How one attempt ended. Borrowed from the transport until discarded. */
typedef struct {
  uint64_t id;
  int curl_code;     /* CURLcode; EW_ABORTED when cancelled */
  bool sent;         /* the request may have left this machine */
  bool resent;       /* and libcurl sent it again: the first may have been applied */
  bool whole;        /* see ew_response_whole; false unless curl_code is 0 */
  long proxy_status; /* a proxy's answer to CONNECT, 0 for none */
  const ew_response *response;
  const char *message; /* libcurl's words, or ours; "" on success */
  int64_t elapsed_us;
} ew_completion;

enum { EW_ABORTED = 42 /* CURLE_ABORTED_BY_CALLBACK */ };

typedef struct {
  unsigned long long attempts;    /* started */
  unsigned long long connections; /* opened */
  unsigned long long forks;       /* found out about, in this process and its parents */
} ew_transport_counts;

/* NULL, or why the libcurl that was loaded cannot be used. Static. */
const char *ew_transport_unusable(void);

/* EW_EINVAL names the option: base_url, ca_file, proxy, user_agent. */
ew_status ew_transport_open(ew_transport **transport, const ew_transport_options *options,
                            ew_error *error);

/* Ends every attempt, keeps the completions, closes all descriptors. Idempotent. */
void ew_transport_close(ew_transport *transport);
void ew_transport_free(ew_transport *transport);

/* Queues an attempt; nothing is sent before ew_transport_step. Takes `request`,
** also on failure; copies the key (NULL data: none). Ids start at 1. */
ew_status ew_transport_start(ew_transport *transport, ew_request *request, const ew_text *key,
                             uint64_t *id, ew_error *error);

/* Ask an attempt to end. It completes all the same, with what is known of it:
** an answer that came first stands. */
void ew_transport_cancel(ew_transport *transport, uint64_t id);

/* Run what is due. Waits at most `timeout_us` for a completion, for the time of
** ew_transport_wake_at, or for a signal; 0: one bounded pass. */
void ew_transport_step(ew_transport *transport, int64_t timeout_us);

/* Completions, oldest first, stay until discarded, so that a reader that fails
** half-way loses none. `cursor` is NULL at first and moved on; false: that was all. */
typedef struct ew_transfer ew_transfer;
bool ew_transport_completion(const ew_transport *transport, const ew_transfer **cursor,
                             ew_completion *out);
void ew_transport_discard(ew_transport *transport);

/* The fd becomes readable, and a step returns, at this time (EW_NEVER: not). */
void ew_transport_wake_at(ew_transport *transport, int64_t at_us);

int ew_transport_fd(ew_transport *transport);         /* -1 when closed */
int64_t ew_transport_due_us(ew_transport *transport); /* next timer; EW_NEVER: none */
ew_transport_counts ew_transport_count(ew_transport *transport);

#endif
