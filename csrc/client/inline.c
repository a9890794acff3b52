/* The mode in which the steps of a client's caller run its transfers. */
#include "client/mode.h"

static ew_status inline_open(void **self, const ew_transport_options *options, ew_error *error) {
  ew_transport *transport = NULL;
  ew_status status = ew_transport_open(&transport, options, error);
  *self = transport;
  return status;
}

static void inline_close(void *self) {
  ew_transport_close(self);
}

static void inline_free(void *self) {
  ew_transport_free(self);
}

static void inline_after_fork(void *self) {
  ew_transport_after_fork(self);
}

static ew_status inline_start(void *self, ew_transfer *transfer, ew_error *error) {
  return ew_transport_start(self, transfer, error);
}

static void inline_cancel(void *self, ew_transfer *transfer) {
  ew_transport_cancel(self, transfer);
}

static void inline_step(void *self, int64_t timeout_us) {
  ew_transport_step(self, timeout_us);
}

static const ew_transfer *inline_done(const void *self) {
  return ew_transport_done(self);
}

static void inline_take_done(void *self, ew_transfers *to) {
  ew_transport_take_done(self, to);
}

static void inline_wake_at(void *self, int64_t at_us) {
  ew_transport_wake_at(self, at_us);
}

static int inline_fd(void *self) {
  return ew_transport_fd(self);
}

static int64_t inline_due_us(void *self) {
  return ew_transport_due_us(self);
}

static unsigned long long inline_connections(void *self) {
  return ew_transport_connections(self);
}

static const char *inline_listen(void *self, ew_error *error) {
  (void)self;
  ew_fail(error, EW_ESYSTEM, NULL, "only a client with a thread has a socket to connect to");
  return NULL;
}

static bool inline_accept(void *self) {
  (void)self;
  return false;
}

const ew_mode ew_inline = {
  .open = inline_open,
  .close = inline_close,
  .free = inline_free,
  .after_fork = inline_after_fork,
  .start = inline_start,
  .cancel = inline_cancel,
  .step = inline_step,
  .done = inline_done,
  .take_done = inline_take_done,
  .wake_at = inline_wake_at,
  .fd = inline_fd,
  .due_us = inline_due_us,
  .connections = inline_connections,
  .listen = inline_listen,
  .accept = inline_accept,
};
