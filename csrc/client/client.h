/*
** client.h - one client's transfers, and who runs them: the step of whoever calls
** (inline), or a thread in the background. The calls are the same for both, and so
** is what they mean.
*/
#ifndef EW_RUNNER_H
#define EW_RUNNER_H

#include "transport/transport.h"

typedef struct ew_runner ew_runner;

typedef struct {
  unsigned long long attempts;    /* started */
  unsigned long long connections; /* that carried a request */
  unsigned long long forks;       /* found out about, in this process and its parents */
} ew_counts;

/* EW_EINVAL names the option: base_url, ca_file, proxy, user_agent. */
ew_status ew_runner_open(ew_runner **runner, const ew_transport_options *options, bool threaded,
                         ew_error *error);

/* Ends every attempt, keeps the completions, closes all descriptors. Idempotent. */
void ew_runner_close(ew_runner *runner);
void ew_runner_free(ew_runner *runner);

/* Queues an attempt. Takes `request`, also on failure; copies the key (NULL data:
** none). Ids start at 1. Inline, nothing is sent before ew_runner_step. */
ew_status ew_runner_start(ew_runner *runner, ew_request *request, const ew_text *key, uint64_t *id,
                          ew_error *error);

/* Ask an attempt to end. It completes all the same, with what is known of it: an
** answer that came first stands. */
void ew_runner_cancel(ew_runner *runner, uint64_t id);

/* Run what is due. Waits at most `timeout_us` for a completion, for the time of
** ew_runner_wake_at, or for a signal; 0: never. */
void ew_runner_step(ew_runner *runner, int64_t timeout_us);

/* Completions, oldest first, stay until discarded, so that a reader that fails half-way
** loses none. NULL: nothing has ended. */
const ew_transfer *ew_runner_done(const ew_runner *runner);
void ew_runner_discard(ew_runner *runner);

/* The fd becomes readable, and a step returns, at this time (EW_NEVER: not). */
void ew_runner_wake_at(ew_runner *runner, int64_t at_us);

int ew_runner_fd(ew_runner *runner);         /* -1 when closed */
int64_t ew_runner_due_us(ew_runner *runner); /* next timer; EW_NEVER: none */
ew_counts ew_runner_counts(ew_runner *runner);

/* The path of a socket to which the host may connect, to read a byte from it whenever
** the fd becomes readable, and the taking of that connection. NULL, false: `error` tells,
** or nobody has connected. Inline there is none. */
const char *ew_runner_listen(ew_runner *runner, ew_error *error);
bool ew_runner_accept(ew_runner *runner);

#endif
