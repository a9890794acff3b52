/*
** transport.h - one-attempt transfers over one shared libcurl multi handle.
** Hides libcurl: its options, callbacks, connections and errors. Stands on
** poller (waiting) and response (evidence). It decides nothing: whether an
** answer is a success and what to do next is for the layers above.
** One transport belongs to one thread at a time and holds no Lua. Transfers are
** made, prepared and read by any thread: one at a time has each.
*/
#ifndef EW_TRANSPORT_H
#define EW_TRANSPORT_H

#include "api/request.h"
#include "api/response.h"

#include <stdint.h>

typedef struct ew_transport ew_transport;
typedef struct ew_transfer ew_transfer;

/* A list that owns its transfers, or one to be filled: all zero. */
typedef struct {
  ew_transfer *first, *last;
} ew_transfers;

/* Strings are borrowed during ew_transport_open alone. */
typedef struct {
  const char *base_url; /* https, or http to loopback */
  const char *ca_file;  /* NULL: the system's */
  const char *proxy;    /* NULL: the environment's, as it is now; "": none */
  const char *user_agent;
  long connect_timeout_ms;
  long attempt_timeout_ms;
  long max_connections;
} ew_transport_options;

/* How one attempt ended. Borrowed from its transfer. */
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

/* ---- transfers ---- */

ew_transfer *ew_transfer_new(void); /* NULL: out of memory */
void ew_transfer_free(ew_transfer *transfer);

/* What to send. Takes `request`, also on failure; copies the key (NULL data: none).
** false: out of memory. */
bool ew_transfer_prepare(ew_transfer *transfer, uint64_t id, ew_request *request,
                         const ew_text *key);

/* Forget what was sent, keep memory and handle for the next time. */
void ew_transfer_clear(ew_transfer *transfer);

/* It ends before it was started, and says so: for lack of memory (EW_ENOMEM), because
** the system refuses (EW_ESYSTEM), or since nobody wants it. `reason` is static. */
void ew_transfer_abandon(ew_transfer *transfer, ew_status why, const char *reason);

ew_completion ew_transfer_completion(const ew_transfer *transfer);
const ew_transfer *ew_transfer_next(const ew_transfer *transfer); /* in its list; NULL: the last */

void ew_transfers_append(ew_transfers *list, ew_transfer *transfer);
ew_transfer *ew_transfers_take(ew_transfers *list, uint64_t id); /* 0: the first; NULL: none */
void ew_transfers_move(ew_transfers *to, ew_transfers *from);
void ew_transfers_free(ew_transfers *list);

/* ---- the transport ---- */

/* NULL, or why the libcurl that was loaded cannot be used. Static. */
const char *ew_transport_unusable(void);

/* EW_EINVAL names the option: base_url, ca_file, proxy, user_agent. */
ew_status ew_transport_open(ew_transport **transport, const ew_transport_options *options,
                            ew_error *error);

/* Ends every attempt, keeps the completions, closes all descriptors. Idempotent. */
void ew_transport_close(ew_transport *transport);
void ew_transport_free(ew_transport *transport);

/* Queues a prepared attempt; nothing is sent before ew_transport_step. Takes the
** transfer, but not on failure: EW_ENOMEM, EW_ESYSTEM, EW_ECLOSED. */
ew_status ew_transport_start(ew_transport *transport, ew_transfer *transfer, ew_error *error);

/* Ask an attempt to end. It completes all the same, with what is known of it:
** an answer that came first stands. */
void ew_transport_cancel(ew_transport *transport, uint64_t id);

/* Run what is due. Waits at most `timeout_us` for a completion, for the time of
** ew_transport_wake_at, or for a signal; 0: one bounded pass. */
void ew_transport_step(ew_transport *transport, int64_t timeout_us);

/* What has ended, oldest first; NULL: nothing. Stays until taken. */
const ew_transfer *ew_transport_done(const ew_transport *transport);
void ew_transport_take_done(ew_transport *transport, ew_transfers *to);

/* The fd becomes readable, and a step returns, at this time (EW_NEVER: not). */
void ew_transport_wake_at(ew_transport *transport, int64_t at_us);

int ew_transport_fd(ew_transport *transport);         /* -1 when closed */
int64_t ew_transport_due_us(ew_transport *transport); /* next timer; EW_NEVER: none */

/* The same descriptor for who minds ew_transport_due_us too: readable for sockets and
** for a poke, not for timers and completions. Good until the next call. */
int ew_transport_sleep_fd(ew_transport *transport);

/* Connections that carried a request. Not each socket is one: of a host with several
** addresses libcurl tries some in vain. */
unsigned long long ew_transport_connections(const ew_transport *transport);
unsigned long long ew_transport_forks(ew_transport *transport); /* of this process and parents */

/* The fd becomes readable until the next step. From any thread. */
void ew_transport_poke(ew_transport *transport);

#endif
