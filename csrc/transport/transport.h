/*
** transport.h - attempts over one shared libcurl multi handle.
** Hides libcurl: its options, callbacks, connections and errors. Decides nothing: the layers above
** decide whether an answer is a success and what comes next. Holds no Lua, and belongs to one
** thread at a time.
*/
#ifndef EW_TRANSPORT_H
#define EW_TRANSPORT_H

#include "transport/transfer.h"

typedef struct ew_transport ew_transport;

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

/* EW_EINVAL names the option: base_url, ca_file, proxy, user_agent. */
ew_status ew_transport_open(ew_transport **transport, const ew_transport_options *options,
                            ew_error *error);

/* Ends every attempt, keeps the completions, closes all descriptors. Idempotent. */
void ew_transport_close(ew_transport *transport);
void ew_transport_free(ew_transport *transport);

/* In the child of a fork, before any other call. Connections and attempts in flight belong to the
** parent: the attempts end here, and nothing is sent or closed in the parent's name. */
void ew_transport_after_fork(ew_transport *transport);

/* Queues a prepared attempt. Nothing is sent before ew_transport_step. Takes the transfer, but
** not on failure: EW_ENOMEM, EW_ESYSTEM, EW_ECLOSED. */
ew_status ew_transport_start(ew_transport *transport, ew_transfer *transfer, ew_error *error);

/* Asks an attempt to end. The attempt completes all the same, with what is known of it: an answer
** that came first stands. An attempt that has ended is left alone. */
void ew_transport_cancel(ew_transport *transport, ew_transfer *transfer);

/* An attempt under way that was marked by ew_transfer_mark_cancelled; NULL: none. */
ew_transfer *ew_transport_find_cancelled(const ew_transport *transport);

/* Runs what is due. Waits at most `timeout_us` for a completion, for the time of
** ew_transport_wake_at, or for a signal. 0: one bounded pass. */
void ew_transport_step(ew_transport *transport, int64_t timeout_us);

/* What has ended, oldest first. NULL: nothing. Stays until taken. */
const ew_transfer *ew_transport_done(const ew_transport *transport);
void ew_transport_take_done(ew_transport *transport, ew_transfers *to);

/* The fd becomes readable, and a step returns, at this time (EW_NEVER: not). */
void ew_transport_wake_at(ew_transport *transport, int64_t at_us);

int ew_transport_fd(ew_transport *transport);         /* -1 when closed */
int64_t ew_transport_due_us(ew_transport *transport); /* next timer; EW_NEVER: none */

/* The same descriptor for a caller that minds ew_transport_due_us too: it is readable for sockets
** and for a poke, not for timers and completions. Good until the next call. */
int ew_transport_sleep_fd(ew_transport *transport);

/* Connections that carried a request. Not each socket is one: of a host with several addresses,
** libcurl tries some in vain. */
unsigned long long ew_transport_connections(const ew_transport *transport);

/* The fd becomes readable until the next step. From any thread. */
void ew_transport_poke(ew_transport *transport);

#endif
