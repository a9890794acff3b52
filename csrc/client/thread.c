/* The mode in which a thread runs a client's transfers. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread_registry.h"
#include "client/mode.h"
#include "client/notifier.h"

typedef struct {
  ew_worker worker; /* first: ask_to_stop gets it */
  bool closed;
  ew_transport *transport; /* owned; used with `running` held, or while no thread is alive */
  /* With worker.lock held, down to `notifier` */
  bool stopping;
  bool poked;    /* a poke came since take_orders last ran */
  bool sleeps;   /* the thread sleeps on an fd, so a poke must make the fd readable */
  bool signaled; /* the host has a signal, and perhaps completions to take */
  bool heard;    /* the host may wait for the notifier: write to it */
  ew_transfers orders, done;
  bool cancels;             /* a transfer was marked since take_orders last ran */
  int64_t wake_at_us;       /* when the host wants a signal */
  int64_t known_wake_at_us; /* when the thread will look */
  unsigned long long connections;
  ew_notifier notifier;
  /* The host's own */
  ew_transfers arrived;
} ew_thread;

static void lock(ew_thread *t) {
  pthread_mutex_lock(&t->worker.lock);
}

static void unlock(ew_thread *t) {
  pthread_mutex_unlock(&t->worker.lock);
}

/* Wakes the thread too. Only after the lock is left: the thread would wait for the lock. */
static void unlock_and_poke(ew_thread *t) {
  bool write = t->worker.alive && !t->poked && t->sleeps;
  if (t->worker.alive) t->poked = true;
  unlock(t);
  if (write) ew_transport_poke(t->transport);
}

static void ask_to_stop(ew_worker *worker) {
  ew_thread *t = (ew_thread *)worker;
  lock(t);
  t->stopping = true;
  unlock_and_poke(t);
}

/* With the lock held. */
static void signal_host(ew_thread *t) {
  if (t->signaled) return;
  t->signaled = true;
  if (t->heard) ew_notifier_signal(&t->notifier);
}

/* ---- the thread's side ---- */

static bool take_orders(ew_thread *t, ew_transfers *orders, bool *cancels) {
  bool stopping;
  lock(t);
  stopping = t->stopping;
  if (!stopping) ew_transfers_move(orders, &t->orders);
  *cancels = t->cancels;
  t->poked = t->cancels = false;
  unlock(t);
  return !stopping;
}

static void start_all(ew_thread *t, ew_transfers *orders, ew_transfers *ended) {
  ew_transfer *x;
  ew_error error;
  while ((x = ew_transfers_take(orders)) != NULL) {
    if (ew_transport_start(t->transport, x, &error) == EW_OK) continue;
    ew_transfer_abandon(x, error.status,
                        error.status == EW_ENOMEM ? "out of memory" : "no descriptors left");
    ew_transfers_append(ended, x);
  }
}

/* After start_all, so that an order that is cancelled is never sent. If a cancel comes after
** take_orders, the next round looks again: the order of its attempt may not be taken yet. Marks are
** read with the lock held, and are of the attempts under way: ew_transfer_prepare took older ones
** away. */
static void cancel_all(ew_thread *t) {
  ew_transfer *x;
  do {
    lock(t);
    x = ew_transport_find_cancelled(t->transport);
    unlock(t);
    if (x) ew_transport_cancel(t->transport, x);
  } while (x);
}

/* Signal the host if its wake time has passed. Otherwise sleep until that time. */
static void take_wake_at(ew_thread *t) {
  int64_t at;
  lock(t);
  at = t->wake_at_us;
  if (at <= ew_now_us()) {
    signal_host(t);
    at = EW_NEVER;
  }
  t->known_wake_at_us = at;
  unlock(t);
  ew_transport_wake_at(t->transport, at);
}

/* The thread reads wake_at_us again this long after it handed over completions. So a host that
** failed midway may set a later wake time without a poke. */
enum { LOOK_AGAIN_US = 100000 };

/* -> true if the thread may sleep on `fd`. Lowers `until_us` to the next read of wake_at_us. */
static bool hand_over(ew_thread *t, ew_transfers *ended, int fd, int64_t *until_us) {
  bool poked;
  lock(t);
  if (ended->first) {
    t->known_wake_at_us = ew_earlier(t->known_wake_at_us, ew_now_us() + LOOK_AGAIN_US);
    signal_host(t);
  }
  *until_us = ew_earlier(*until_us, t->known_wake_at_us);
  ew_transfers_move(&t->done, ended);
  t->connections = ew_transport_connections(t->transport);
  t->sleeps = fd >= 0;
  poked = t->poked; /* the step may have cleared the poller's wake-up with the rest */
  unlock(t);
  return !poked;
}

/* One round. Sets the arguments of sleep_on. -> false: the thread must end */
static bool run_once(ew_thread *t, int *fd, int64_t *until_us) {
  ew_transfers orders = {NULL, NULL}, ended = {NULL, NULL};
  bool cancels;
  if (!take_orders(t, &orders, &cancels)) return false;
  start_all(t, &orders, &ended);
  if (cancels) cancel_all(t);
  ew_transport_step(t->transport, 0);
  take_wake_at(t);
  ew_transport_take_done(t->transport, &ended);
  *fd = ew_transport_sleep_fd(t->transport);
  *until_us = ew_transport_due_us(t->transport);
  if (!hand_over(t, &ended, *fd, until_us)) *until_us = 0;
  return true;
}

/* Without memory or descriptors there is nothing to sleep on: look again soon. */
static void sleep_on(int fd, int64_t until_us) {
  struct pollfd look = {fd, POLLIN, 0};
  int64_t most = fd < 0 ? 100000 : 3600000000, us = ew_earlier(until_us - ew_now_us(), most);
  struct timespec timeout;
  if (us <= 0) return;
  timeout.tv_sec = (time_t)(us / 1000000);
  timeout.tv_nsec = (long)(us % 1000000) * 1000;
  ppoll(&look, 1, &timeout, NULL);
}

static void *work(void *arg) {
  ew_thread *t = arg;
  bool going = true;
  while (going) {
    int fd = -1;
    int64_t until_us = 0;
    pthread_mutex_lock(&t->worker.running);
    going = run_once(t, &fd, &until_us);
    pthread_mutex_unlock(&t->worker.running);
    if (going) sleep_on(fd, until_us);
  }
  return NULL;
}

/* ---- the host's side ---- */

static void abandon_orders(ew_thread *t, const char *reason) {
  ew_transfer *x;
  while ((x = ew_transfers_take(&t->orders)) != NULL) {
    ew_transfer_abandon(x, EW_ECLOSED, reason);
    ew_transfers_append(&t->done, x);
  }
}

/* There is no thread, and attempts in flight are the parent's to finish. */
static void thread_after_fork(void *self) {
  ew_thread *t = self;
  ew_worker_after_fork(&t->worker);
  t->stopping = t->poked = t->sleeps = t->signaled = false;
  if (t->closed) return;
  ew_notifier_abandon(&t->notifier);
  ew_notifier_open(&t->notifier);
  t->wake_at_us = EW_NEVER;
  ew_transport_after_fork(t->transport);
  ew_transport_take_done(t->transport, &t->done);
  abandon_orders(t, "the process forked while this was under way");
  if (t->done.first) signal_host(t);
}

static ew_status thread_open(void **self, const ew_transport_options *options, ew_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ew_thread *t = calloc(1, sizeof *t);
  if (!t) return ew_fail_memory(error);
  ew_notifier_init(&t->notifier);
  if (ew_transport_open(&t->transport, options, error) != EW_OK ||
      !ew_notifier_open(&t->notifier)) {
    if (t->transport)
      ew_fail(error, EW_ESYSTEM, NULL, "cannot open an event descriptor: %s", strerror(errno));
    ew_transport_free(t->transport);
    free(t);
    return error->status;
  }
  t->wake_at_us = t->known_wake_at_us = EW_NEVER;
  pthread_once(&once, ew_workers_end_with_process); /* the transport has initialised OpenSSL */
  ew_worker_init(&t->worker, ask_to_stop);
  *self = t;
  return EW_OK;
}

static void thread_close(void *self) {
  ew_thread *t = self;
  if (t->closed) return;
  ew_worker_stop(&t->worker);
  ew_transport_close(t->transport);
  ew_transport_take_done(t->transport, &t->done);
  abandon_orders(t, "the client was closed");
  ew_transfers_move(&t->arrived, &t->done);
  ew_notifier_close(&t->notifier);
  t->closed = true;
}

static void thread_free(void *self) {
  ew_thread *t = self;
  ew_worker_free(&t->worker);
  ew_transport_free(t->transport);
  free(t);
}

static ew_status thread_start(void *self, ew_transfer *x, ew_error *error) {
  ew_thread *t = self;
  if (t->closed) return ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
  if (!ew_worker_start(&t->worker, work, t))
    return ew_fail(error, EW_ESYSTEM, NULL, "cannot start a thread");
  lock(t);
  ew_transfers_append(&t->orders, x);
  unlock_and_poke(t);
  return EW_OK;
}

/* The thread ends the attempt. Without a thread, no attempt is under way. */
static void thread_cancel(void *self, ew_transfer *x) {
  ew_thread *t = self;
  lock(t);
  ew_transfer_mark_cancelled(x);
  t->cancels = true;
  unlock_and_poke(t);
}

/* Takes the signal back if the host has nothing left to look at. With the lock held. */
static void clear_signal(ew_thread *t) {
  if (!t->signaled || t->arrived.first || t->done.first || t->wake_at_us <= ew_now_us()) return;
  if (t->heard) ew_notifier_clear(&t->notifier);
  t->signaled = false;
}

/* -> is there anything for the host to look at? */
static bool collect(ew_thread *t) {
  bool due;
  lock(t);
  ew_transfers_move(&t->arrived, &t->done);
  due = t->wake_at_us <= ew_now_us();
  if (due) t->wake_at_us = EW_NEVER;
  clear_signal(t);
  unlock(t);
  return due || t->arrived.first;
}

/* From now on a signal makes the notifier's descriptor readable. */
static void hear(ew_thread *t) {
  lock(t);
  if (t->signaled && !t->heard) ew_notifier_signal(&t->notifier);
  t->heard = true;
  unlock(t);
}

/* false: a signal of the operating system's came. */
static bool wait_for_notifier(ew_thread *t, int64_t until_us) {
  struct pollfd look = {ew_notifier_fd(&t->notifier), POLLIN, 0};
  int64_t end_us = ew_earlier(until_us, t->wake_at_us);
  return poll(&look, 1, ew_wait_ms(end_us - ew_now_us())) >= 0;
}

static void thread_step(void *self, int64_t timeout_us) {
  ew_thread *t = self;
  int64_t now = ew_now_us(), end = timeout_us < EW_NEVER - now ? now + timeout_us : EW_NEVER;
  if (t->closed) return;
  if (now < end) hear(t);
  while (!collect(t) && now < end && wait_for_notifier(t, end)) now = ew_now_us();
}

static const ew_transfer *thread_done(const void *self) {
  const ew_thread *t = self;
  return t->arrived.first;
}

static void thread_take_done(void *self, ew_transfers *to) {
  ew_thread *t = self;
  ew_transfers_move(to, &t->arrived);
  if (t->closed) return;
  lock(t);
  clear_signal(t);
  if (t->signaled && t->heard)
    ew_notifier_signal(&t->notifier); /* more came meanwhile: the host may have read that byte */
  unlock(t);
}

static void thread_wake_at(void *self, int64_t at_us) {
  ew_thread *t = self;
  if (t->closed) return;
  if (at_us != EW_NEVER && at_us > ew_now_us())
    ew_worker_start(&t->worker, work, t); /* without it a step looks at the clock itself */
  lock(t);
  t->wake_at_us = at_us;
  if (at_us <= ew_now_us()) {
    signal_host(t);
    at_us = EW_NEVER;
  }
  if (at_us < t->known_wake_at_us)
    unlock_and_poke(t);
  else
    unlock(t);
}

static int thread_fd(void *self) {
  ew_thread *t = self;
  if (!t->closed) hear(t);
  return ew_notifier_fd(&t->notifier);
}

static int64_t thread_due_us(void *self) {
  ew_thread *t = self;
  int64_t due;
  if (t->closed) return EW_NEVER;
  lock(t);
  due = t->arrived.first || t->done.first ? 0 : t->wake_at_us;
  unlock(t);
  return due;
}

static unsigned long long thread_connections(void *self) {
  ew_thread *t = self;
  unsigned long long connections;
  lock(t);
  connections = t->connections;
  unlock(t);
  return connections;
}

static const char *thread_listen(void *self, ew_error *error) {
  ew_thread *t = self;
  ew_status status;
  if (t->closed) {
    ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
    return NULL;
  }
  lock(t);
  status = ew_notifier_listen(&t->notifier, error);
  unlock(t);
  return status == EW_OK ? t->notifier.path : NULL;
}

static bool thread_accept(void *self) {
  ew_thread *t = self;
  bool accepted;
  lock(t);
  accepted = ew_notifier_accept(&t->notifier);
  t->heard = t->heard || accepted;
  if (accepted && t->signaled) ew_notifier_signal(&t->notifier); /* it came before the connection */
  unlock(t);
  return accepted;
}

const ew_mode ew_threaded = {
  .open = thread_open,
  .close = thread_close,
  .free = thread_free,
  .after_fork = thread_after_fork,
  .start = thread_start,
  .cancel = thread_cancel,
  .step = thread_step,
  .done = thread_done,
  .take_done = thread_take_done,
  .wake_at = thread_wake_at,
  .fd = thread_fd,
  .due_us = thread_due_us,
  .connections = thread_connections,
  .listen = thread_listen,
  .accept = thread_accept,
};
