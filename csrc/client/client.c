#include "client/client.h"

#include <stdlib.h>

#include "client/thread.h"

struct ew_runner {
  ew_transport *transport; /* owned; NULL where a thread runs one */
  ew_io_thread *thread;    /* owned; NULL inline */
  ew_transfers spare;
  uint64_t next_id;
  unsigned long long attempts;
};

ew_status ew_runner_open(ew_runner **runner, const ew_transport_options *options, bool threaded,
                         ew_error *error) {
  ew_runner *r = calloc(1, sizeof *r);
  if (!r) return ew_fail_memory(error);
  if ((threaded ? ew_io_thread_open(&r->thread, options, error)
                : ew_transport_open(&r->transport, options, error)) != EW_OK) {
    free(r);
    return error->status;
  }
  *runner = r;
  return EW_OK;
}

void ew_runner_close(ew_runner *r) {
  if (r->thread)
    ew_io_thread_close(r->thread);
  else
    ew_transport_close(r->transport);
  ew_transfers_free(&r->spare);
}

void ew_runner_free(ew_runner *r) {
  if (!r) return;
  ew_runner_close(r);
  ew_io_thread_free(r->thread);
  ew_transport_free(r->transport);
  free(r);
}

static ew_status begin(ew_runner *r, ew_transfer *x, ew_error *error) {
  return r->thread ? ew_io_thread_start(r->thread, x, error)
                   : ew_transport_start(r->transport, x, error);
}

ew_status ew_runner_start(ew_runner *r, ew_request *request, const ew_text *key, uint64_t *id,
                          ew_error *error) {
  ew_transfer *x = ew_transfers_take(&r->spare, 0);
  if (!x) x = ew_transfer_new();
  if (!x) {
    ew_request_free(request);
    return ew_fail_memory(error);
  }
  if (!ew_transfer_prepare(x, r->next_id + 1, request, key))
    ew_fail_memory(error);
  else if (begin(r, x, error) == EW_OK) {
    *id = ++r->next_id;
    r->attempts++;
    return EW_OK;
  }
  ew_transfer_free(x);
  return error->status;
}

void ew_runner_cancel(ew_runner *r, uint64_t id) {
  if (r->thread)
    ew_io_thread_cancel(r->thread, id);
  else
    ew_transport_cancel(r->transport, id);
}

void ew_runner_step(ew_runner *r, int64_t timeout_us) {
  if (r->thread)
    ew_io_thread_step(r->thread, timeout_us);
  else
    ew_transport_step(r->transport, timeout_us);
}

const ew_transfer *ew_runner_done(const ew_runner *r) {
  return r->thread ? ew_io_thread_done(r->thread) : ew_transport_done(r->transport);
}

void ew_runner_discard(ew_runner *r) {
  ew_transfers ended = {NULL, NULL};
  ew_transfer *x;
  if (r->thread)
    ew_io_thread_take_done(r->thread, &ended);
  else
    ew_transport_take_done(r->transport, &ended);
  while ((x = ew_transfers_take(&ended, 0)) != NULL) {
    ew_transfer_clear(x);
    ew_transfers_append(&r->spare, x);
  }
}

void ew_runner_wake_at(ew_runner *r, int64_t at_us) {
  if (r->thread)
    ew_io_thread_wake_at(r->thread, at_us);
  else
    ew_transport_wake_at(r->transport, at_us);
}

int ew_runner_fd(ew_runner *r) {
  return r->thread ? ew_io_thread_fd(r->thread) : ew_transport_fd(r->transport);
}

int64_t ew_runner_due_us(ew_runner *r) {
  return r->thread ? ew_io_thread_due_us(r->thread) : ew_transport_due_us(r->transport);
}

ew_counts ew_runner_counts(ew_runner *r) {
  ew_counts counts;
  counts.attempts = r->attempts;
  counts.connections =
    r->thread ? ew_io_thread_connections(r->thread) : ew_transport_connections(r->transport);
  counts.forks = r->thread ? ew_io_thread_forks(r->thread) : ew_transport_forks(r->transport);
  return counts;
}

const char *ew_runner_listen(ew_runner *r, ew_error *error) {
  if (r->thread) return ew_io_thread_listen(r->thread, error);
  ew_fail(error, EW_ESYSTEM, NULL, "only a client with a thread has a socket to connect to");
  return NULL;
}

bool ew_runner_accept(ew_runner *r) {
  return r->thread && ew_io_thread_accept(r->thread);
}
