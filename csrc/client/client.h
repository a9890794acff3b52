/*
** client.h - one client's transfers, whatever runs them.
*/
#ifndef EW_CLIENT_H
#define EW_CLIENT_H

#include "client/mode.h"

typedef struct ew_client ew_client;

typedef struct {
  unsigned long long attempts;    /* started */
  unsigned long long connections; /* that carried a request */
  unsigned long long forks;       /* noticed, in this process and its parents */
} ew_counts;

/* EW_EINVAL names the option: base_url, ca_file, proxy, user_agent. */
ew_status ew_client_open(ew_client **client, const ew_transport_options *options,
                         const ew_mode *mode, ew_error *error);

/* Ends every attempt, keeps the completions, closes all descriptors. Idempotent. */
void ew_client_close(ew_client *client);
void ew_client_free(ew_client *client);

enum { EW_MOST_SLOTS = 1 << 16 };

/* Queues an attempt in this slot, from 1 to EW_MOST_SLOTS. The slot must be free. It is taken until
** the completion is discarded. Copies the request and the key (NULL data: none). Inline, nothing is
** sent before ew_client_step. On failure there is no attempt. */
ew_status ew_client_send(ew_client *client, const ew_request *request, const ew_text *key,
                         unsigned slot, ew_error *error);

bool ew_client_is_taken(const ew_client *client, unsigned slot);

/* Asks the attempt in this slot to end. The attempt completes all the same, with what is known of
** it: an answer that came first stands. Does nothing to a slot that is free or that nobody used. */
void ew_client_cancel(ew_client *client, unsigned slot);

/* Runs what is due. Waits at most `timeout_us` for a completion, for the time of
** ew_client_wake_at, or for a signal. 0: never. */
void ew_client_step(ew_client *client, int64_t timeout_us);

/* Completions, oldest first; NULL: none. They stay until they are discarded, so that a reader that
** fails midway loses none. Their slots are free then. */
const ew_transfer *ew_client_done(const ew_client *client);
void ew_client_discard(ew_client *client);

/* The fd becomes readable, and a step returns, at this time (EW_NEVER: not). */
void ew_client_wake_at(ew_client *client, int64_t at_us);

int ew_client_fd(ew_client *client);         /* -1 when closed */
int64_t ew_client_due_us(ew_client *client); /* next timer; EW_NEVER: none */
ew_counts ew_client_counts(ew_client *client);

/* Makes a socket for the host to connect to, and returns its path. NULL: `error` says why. An
** inline client has no socket. ew_client_accept takes the connection; false: nobody has connected.
** The host then gets a byte for each signal. */
const char *ew_client_listen(ew_client *client, ew_error *error);
bool ew_client_accept(ew_client *client);

#endif
