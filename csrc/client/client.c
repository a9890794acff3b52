#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/fork.h"

struct ew_client {
  const ew_mode *mode;
  void *self; /* owned; what the mode opened */
  unsigned fork_generation;
  bool closed;
  struct {
    ew_transfer *transfer; /* owned; NULL: not made yet */
    bool taken;
  } * slots; /* owned; slot 1 is the first */
  unsigned slot_count;
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

static void free_idle_transfers(ew_client *c) {
  unsigned i;
  for (i = 0; i < c->slot_count; i++) {
    if (c->slots[i].taken || !c->slots[i].transfer) continue;
    ew_transfer_free(c->slots[i].transfer);
    c->slots[i].transfer = NULL;
  }
}

void ew_client_close(ew_client *c) {
  c->mode->close(enter(c));
  c->closed = true;
  free_idle_transfers(c);
}

void ew_client_free(ew_client *c) {
  if (!c) return;
  ew_client_close(c);
  ew_client_discard(c);
  c->mode->free(c->self);
  free(c->slots);
  free(c);
}

static bool make_room(ew_client *c, unsigned slot) {
  unsigned count = c->slot_count ? c->slot_count : 16;
  void *grown;
  if (slot <= c->slot_count) return true;
  while (count < slot) count *= 2;
  grown = realloc(c->slots, count * sizeof *c->slots);
  if (!grown) return false;
  c->slots = grown;
  memset(c->slots + c->slot_count, 0, (count - c->slot_count) * sizeof *c->slots);
  c->slot_count = count;
  return true;
}

static ew_transfer *transfer_in(ew_client *c, unsigned slot) {
  if (!make_room(c, slot)) return NULL;
  if (!c->slots[slot - 1].transfer) c->slots[slot - 1].transfer = ew_transfer_new();
  return c->slots[slot - 1].transfer;
}

ew_status ew_client_send(ew_client *c, const ew_request *request, const ew_text *key, unsigned slot,
                         ew_error *error) {
  void *self = enter(c);
  ew_transfer *x = transfer_in(c, slot);
  if (!x || !ew_transfer_prepare(x, slot, request, key)) return ew_fail_memory(error);
  if (c->mode->start(self, x, error) != EW_OK) {
    ew_transfer_clear(x);
    return error->status;
  }
  c->slots[slot - 1].taken = true;
  c->attempts++;
  return EW_OK;
}

bool ew_client_is_taken(const ew_client *c, unsigned slot) {
  return slot >= 1 && slot <= c->slot_count && c->slots[slot - 1].taken;
}

void ew_client_cancel(ew_client *c, unsigned slot) {
  void *self = enter(c);
  if (ew_client_is_taken(c, slot)) c->mode->cancel(self, c->slots[slot - 1].transfer);
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
  while ((x = ew_transfers_take(&ended)) != NULL) {
    ew_transfer_clear(x);
    c->slots[ew_transfer_slot(x) - 1].taken = false;
  }
  if (c->closed) free_idle_transfers(c);
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
