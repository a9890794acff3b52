#include "client/client.h"

#include <stdlib.h>

#include "base/fork.h"

struct ew_client {
  const ew_mode *mode;
  void *self; /* owned; what the mode opened */
  unsigned fork_generation;
  ew_transfers spare; /* owned; used again for later attempts */
  uint64_t last_id;
  unsigned long long attempts, forks;
};

/* Handles a fork. Call this before any work: no layer below looks for forks. */
static void *enter(ew_client *c) {
  unsigned generation = ew_fork_generation();
  if (c->fork_generation != generation) {
    c->fork_generation = generation;
    c->forks++;
    c->mode->after_fork(c->self);
  }
  return c->self;
}

ew_status ew_client_open(ew_client **client, const ew_transport_options *options,
                         const ew_mode *mode, ew_error *error) {
  ew_client *c = calloc(1, sizeof *c);
  if (!c) return ew_fail_memory(error);
  c->mode = mode;
  c->fork_generation = ew_fork_generation();
  if (mode->open(&c->self, options, error) != EW_OK) {
    free(c);
    return error->status;
  }
  *client = c;
  return EW_OK;
}

void ew_client_close(ew_client *c) {
  c->mode->close(enter(c));
  ew_transfers_free(&c->spare);
}

void ew_client_free(ew_client *c) {
  if (!c) return;
  ew_client_close(c);
  c->mode->free(c->self);
  free(c);
}

ew_status ew_client_start(ew_client *c, ew_request *request, const ew_text *key, uint64_t *id,
                          ew_error *error) {
  void *self = enter(c);
  ew_transfer *x = ew_transfers_take(&c->spare, 0);
  if (!x) x = ew_transfer_new();
  if (!x) {
    ew_request_free(request);
    return ew_fail_memory(error);
  }
  if (!ew_transfer_prepare(x, c->last_id + 1, request, key))
    ew_fail_memory(error);
  else if (c->mode->start(self, x, error) == EW_OK) {
    *id = ++c->last_id;
    c->attempts++;
    return EW_OK;
  }
  ew_transfer_free(x);
  return error->status;
}

void ew_client_cancel(ew_client *c, uint64_t id) {
  c->mode->cancel(enter(c), id);
}

void ew_client_step(ew_client *c, int64_t timeout_us) {
  c->mode->step(enter(c), timeout_us);
}

const ew_transfer *ew_client_done(const ew_client *c) {
  return c->mode->done(c->self);
}

void ew_client_discard(ew_client *c) {
  ew_transfers ended = {NULL, NULL};
  ew_transfer *x;
  c->mode->take_done(c->self, &ended);
  while ((x = ew_transfers_take(&ended, 0)) != NULL) {
    ew_transfer_clear(x);
    ew_transfers_append(&c->spare, x);
  }
}

void ew_client_wake_at(ew_client *c, int64_t at_us) {
  c->mode->wake_at(enter(c), at_us);
}

int ew_client_fd(ew_client *c) {
  return c->mode->fd(enter(c));
}

int64_t ew_client_due_us(ew_client *c) {
  return c->mode->due_us(enter(c));
}

ew_counts ew_client_counts(ew_client *c) {
  ew_counts counts;
  counts.connections = c->mode->connections(enter(c));
  counts.attempts = c->attempts;
  counts.forks = c->forks;
  return counts;
}

const char *ew_client_listen(ew_client *c, ew_error *error) {
  return c->mode->listen(enter(c), error);
}

bool ew_client_accept(ew_client *c) {
  return c->mode->accept(enter(c));
}
