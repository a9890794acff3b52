/*
** mode.h - how a client runs its transfers: in its caller's steps, or in a thread.
** Every function but `open` takes the object that `open` made. client.h and transport.h describe
** the functions.
*/
#ifndef EW_MODE_H
#define EW_MODE_H

#include "transport/transport.h"

typedef struct {
  ew_status (*open)(void **self, const ew_transport_options *options, ew_error *error);
  void (*close)(void *self);
  void (*free)(void *self);
  void (*after_fork)(void *self);
  ew_status (*start)(void *self, ew_transfer *transfer, ew_error *error);
  void (*cancel)(void *self, ew_transfer *transfer);
  void (*step)(void *self, int64_t timeout_us);
  const ew_transfer *(*done)(const void *self);
  void (*take_done)(void *self, ew_transfers *to);
  void (*wake_at)(void *self, int64_t at_us);
  int (*fd)(void *self);
  int64_t (*due_us)(void *self);
  unsigned long long (*connections)(void *self);
  const char *(*listen)(void *self, ew_error *error);
  bool (*accept)(void *self);
} ew_mode;

/* The caller's step runs the transfers. */
extern const ew_mode ew_inline;

/* A thread runs the transfers, so that no handshake, burst or slow look-up holds up the host.
** Transfers go in and come back through lists behind a lock, and a notifier tells the host. There
** is no Lua and no callback. The first transfer starts the thread. The thread takes no signals and
** ends with its client or with the process. The child of a fork has no thread until its next
** transfer. */
extern const ew_mode ew_threaded;

#endif
