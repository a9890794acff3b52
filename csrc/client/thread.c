#define _GNU_SOURCE
#include "client/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "client/notifier.h"
#include "transport/poller.h"

struct ew_io_thread {
  unsigned forks; /* of the process to which it belongs */
  bool closed;
  bool alive; /* `thread` runs and is to be joined; changes with the registry held */
  pthread_t thread;
  ew_transport *transport; /* owned; used with `running` held, or while no thread is alive */
  pthread_mutex_t running; /* never held while anyone waits, so that a fork finds it at rest */
  pthread_mutex_t lock;    /* of all that follows, down to `bell` */
  bool stopping;
  bool poked;  /* since the thread last looked */
  bool sleeps; /* on what a poke can be seen in; else it looks again before it sleeps */
  bool rung;   /* since the host last looked */
  bool heard;  /* the host may wait for the bell: a frame's loop never does */
  ew_transfers orders, done;
  uint64_t *cancelled; /* owned; ids */
  size_t cancelled_count, cancelled_size;
  int64_t wake_at_us;       /* when the host wants the bell */
  int64_t known_wake_at_us; /* when the thread will look */
  unsigned long long connections;
  ew_bell bell;
  /* the host's own */
  ew_transfers arrived;
  size_t open_count; /* started and not taken yet */
  ew_io_thread *previous, *next;
};

/* ---- all of them, for forks and for the end of the process ---- */

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static ew_io_thread *first_open;
static bool exiting;

static void enter(ew_io_thread *io) {
  pthread_mutex_lock(&registry);
  io->next = first_open;
  if (first_open) first_open->previous = io;
  first_open = io;
  pthread_mutex_unlock(&registry);
}

static void leave(ew_io_thread *io) {
  pthread_mutex_lock(&registry);
  if (io->previous)
    io->previous->next = io->next;
  else
    first_open = io->next;
  if (io->next) io->next->previous = io->previous;
  pthread_mutex_unlock(&registry);
}

/* A child gets transports at rest and lists that are whole: no thread is inside. */
static void before_fork(void) {
  ew_io_thread *io;
  pthread_mutex_lock(&registry);
  for (io = first_open; io; io = io->next) {
    if (!io->alive) continue;
    pthread_mutex_lock(&io->running);
    pthread_mutex_lock(&io->lock);
  }
}

static void after_fork(void) {
  ew_io_thread *io;
  for (io = first_open; io; io = io->next) {
    if (!io->alive) continue;
    pthread_mutex_unlock(&io->lock);
    pthread_mutex_unlock(&io->running);
  }
  pthread_mutex_unlock(&registry);
}

/* Leave the lock, and wake the thread if so wished: not before, as it would wait for it. */
static void unlock(ew_io_thread *io, bool poke) {
  bool write = poke && io->alive && !io->poked && io->sleeps;
  if (poke && io->alive) io->poked = true;
  pthread_mutex_unlock(&io->lock);
  if (write) ew_transport_poke(io->transport);
}

/* With the registry held, so that the process's end waits for it. A forked child
** has no thread to wait for. */
static void stop_thread(ew_io_thread *io) {
  if (!io->alive || io->forks != ew_forks()) return;
  pthread_mutex_lock(&io->lock);
  io->stopping = true;
  unlock(io, true);
  pthread_join(io->thread, NULL);
  io->alive = false;
}

/* OpenSSL's own cleaning up comes after this, and would crash a thread inside it. */
static void stop_all(void) {
  ew_io_thread *io;
  pthread_mutex_lock(&registry);
  exiting = true;
  for (io = first_open; io; io = io->next) stop_thread(io);
  pthread_mutex_unlock(&registry);
}

static void watch_process(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
  atexit(stop_all);
}

/* ---- the thread's side ---- */

static void ring(ew_io_thread *io) {
  if (io->rung) return;
  io->rung = true;
  if (io->heard) ew_bell_ring(&io->bell);
}

static bool may_go_on(ew_io_thread *io, ew_transfers *orders) {
  bool stopping;
  pthread_mutex_lock(&io->lock);
  stopping = io->stopping;
  if (!stopping) ew_transfers_move(orders, &io->orders);
  io->poked = false;
  pthread_mutex_unlock(&io->lock);
  return !stopping;
}

static void start_all(ew_io_thread *io, ew_transfers *orders, ew_transfers *ended) {
  ew_transfer *x;
  ew_error error;
  while ((x = ew_transfers_take(orders, 0)) != NULL) {
    if (ew_transport_start(io->transport, x, &error) == EW_OK) continue;
    ew_transfer_abandon(x, error.status,
                        error.status == EW_ENOMEM ? "out of memory" : "no descriptors left");
    ew_transfers_append(ended, x);
  }
}

/* After the orders: what is cancelled was ordered before. */
static void cancel_all(ew_io_thread *io) {
  uint64_t id;
  do {
    pthread_mutex_lock(&io->lock);
    id = io->cancelled_count ? io->cancelled[--io->cancelled_count] : 0;
    pthread_mutex_unlock(&io->lock);
    if (id) ew_transport_cancel(io->transport, id);
  } while (id);
}

/* Sleep no longer than the host wishes, or tell it that its time has come. */
static void take_wish(ew_io_thread *io) {
  int64_t at;
  pthread_mutex_lock(&io->lock);
  at = io->wake_at_us;
  if (at <= ew_now_us()) {
    ring(io);
    at = EW_NEVER;
  }
  io->known_wake_at_us = at;
  pthread_mutex_unlock(&io->lock);
  ew_transport_wake_at(io->transport, at);
}

/* A host that has just been given something wishes to be looked after for this long, in
** case it fails midway. Knowing it spares being woken for the wish. */
enum { LOOK_AGAIN_US = 100000 };

/* `fd` is what it will sleep on. -> may it? Lowers `until_us` to its next look. */
static bool hand_over(ew_io_thread *io, ew_transfers *ended, int fd, int64_t *until_us) {
  bool poked;
  pthread_mutex_lock(&io->lock);
  if (ended->first) {
    int64_t again = ew_now_us() + LOOK_AGAIN_US;
    if (again < io->known_wake_at_us) io->known_wake_at_us = again;
    ring(io);
  }
  if (io->known_wake_at_us < *until_us) *until_us = io->known_wake_at_us;
  ew_transfers_move(&io->done, ended);
  io->connections = ew_transport_connections(io->transport);
  io->sleeps = fd >= 0;
  poked = io->poked; /* what told of it may have been read with the rest */
  pthread_mutex_unlock(&io->lock);
  return !poked;
}

/* One round. -> what to sleep on and until when; false: it is over */
static bool run_once(ew_io_thread *io, int *fd, int64_t *until_us) {
  ew_transfers orders = {NULL, NULL}, ended = {NULL, NULL};
  if (!may_go_on(io, &orders)) return false;
  start_all(io, &orders, &ended);
  cancel_all(io);
  ew_transport_step(io->transport, 0);
  take_wish(io);
  ew_transport_take_done(io->transport, &ended);
  *fd = ew_transport_sleep_fd(io->transport);
  *until_us = ew_transport_due_us(io->transport);
  if (!hand_over(io, &ended, *fd, until_us)) *until_us = 0;
  return true;
}

/* Without memory or descriptors there is nothing to sleep on: look again soon. */
static void sleep_on(int fd, int64_t until_us) {
  struct pollfd look = {fd, POLLIN, 0};
  int64_t now = ew_now_us(), most = fd < 0 ? 100000 : 3600000000, us = until_us - now;
  struct timespec timeout;
  if (us <= 0) return;
  if (us > most) us = most;
  timeout.tv_sec = (time_t)(us / 1000000);
  timeout.tv_nsec = (long)(us % 1000000) * 1000;
  ppoll(&look, 1, &timeout, NULL);
}

static void *work(void *arg) {
  ew_io_thread *io = arg;
  bool going = true;
  while (going) {
    int fd = -1;
    int64_t until_us = 0;
    pthread_mutex_lock(&io->running);
    going = run_once(io, &fd, &until_us);
    pthread_mutex_unlock(&io->running);
    if (going) sleep_on(fd, until_us);
  }
  return NULL;
}

/* ---- the host's side ---- */

static const char forked[] = "the process forked while this was under way";
static const char closed[] = "the client was closed";

static void abandon_orders(ew_io_thread *io, const char *reason) {
  ew_transfer *x;
  while ((x = ew_transfers_take(&io->orders, 0)) != NULL) {
    ew_transfer_abandon(x, EW_ECLOSED, reason);
    ew_transfers_append(&io->done, x);
  }
  io->cancelled_count = 0;
}

/* In the child of a fork: no thread, and calls under way are the parent's to finish. */
static void check_fork(ew_io_thread *io) {
  if (io->forks == ew_forks()) return;
  io->forks = ew_forks();
  pthread_mutex_lock(&registry);
  io->alive = false;
  pthread_mutex_unlock(&registry);
  io->stopping = io->poked = io->sleeps = io->rung = false;
  if (io->closed) return;
  ew_bell_abandon(&io->bell);
  ew_bell_open(&io->bell);
  io->wake_at_us = EW_NEVER;
  ew_transport_forks(io->transport); /* it finds out, and ends what it has */
  ew_transport_take_done(io->transport, &io->done);
  abandon_orders(io, forked);
  if (io->done.first) ring(io);
}

ew_status ew_io_thread_open(ew_io_thread **thread, const ew_transport_options *options,
                            ew_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ew_io_thread *io = calloc(1, sizeof *io);
  if (!io) return ew_fail_memory(error);
  ew_bell_init(&io->bell);
  if (ew_transport_open(&io->transport, options, error) != EW_OK || !ew_bell_open(&io->bell)) {
    if (io->transport)
      ew_fail(error, EW_ESYSTEM, NULL, "cannot open an event descriptor: %s", strerror(errno));
    ew_transport_free(io->transport);
    free(io);
    return error->status;
  }
  pthread_once(&once, watch_process); /* after OpenSSL's: the last registered runs first */
  io->forks = ew_forks();
  io->wake_at_us = io->known_wake_at_us = EW_NEVER;
  pthread_mutex_init(&io->running, NULL);
  pthread_mutex_init(&io->lock, NULL);
  enter(io);
  *thread = io;
  return EW_OK;
}

void ew_io_thread_close(ew_io_thread *io) {
  check_fork(io);
  if (io->closed) return;
  pthread_mutex_lock(&registry);
  stop_thread(io);
  pthread_mutex_unlock(&registry);
  ew_transport_close(io->transport);
  ew_transport_take_done(io->transport, &io->done);
  abandon_orders(io, closed);
  ew_transfers_move(&io->arrived, &io->done);
  ew_bell_close(&io->bell);
  io->closed = true;
}

void ew_io_thread_free(ew_io_thread *io) {
  if (!io) return;
  ew_io_thread_close(io);
  leave(io);
  ew_transfers_free(&io->arrived);
  ew_transport_free(io->transport);
  pthread_mutex_destroy(&io->running);
  pthread_mutex_destroy(&io->lock);
  free(io->cancelled);
  free(io);
}

/* Every signal is the host's. */
static bool make_thread(ew_io_thread *io) {
  sigset_t all, before;
  bool made;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  made = pthread_create(&io->thread, NULL, work, io) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return made;
}

static ew_status be_alive(ew_io_thread *io, ew_error *error) {
  if (io->alive) return EW_OK;
  pthread_mutex_lock(&registry);
  io->alive = !exiting && make_thread(io);
  pthread_mutex_unlock(&registry);
  return io->alive ? EW_OK : ew_fail(error, EW_ESYSTEM, NULL, "cannot start a thread");
}

/* Room to cancel every transfer there is, so that cancelling cannot fail. */
static bool reserve(ew_io_thread *io) {
  size_t size = io->cancelled_size ? io->cancelled_size * 2 : 64;
  uint64_t *grown;
  if (io->open_count < io->cancelled_size) return true;
  pthread_mutex_lock(&io->lock);
  grown = realloc(io->cancelled, size * sizeof *grown);
  if (grown) {
    io->cancelled = grown;
    io->cancelled_size = size;
  }
  pthread_mutex_unlock(&io->lock);
  return grown != NULL;
}

ew_status ew_io_thread_start(ew_io_thread *io, ew_transfer *x, ew_error *error) {
  check_fork(io);
  if (io->closed) return ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
  if (!reserve(io)) return ew_fail_memory(error);
  if (be_alive(io, error) != EW_OK) return error->status;
  io->open_count++;
  pthread_mutex_lock(&io->lock);
  ew_transfers_append(&io->orders, x);
  unlock(io, true);
  return EW_OK;
}

static bool is_cancelled(const ew_io_thread *io, uint64_t id) {
  size_t i = 0;
  while (i < io->cancelled_count && io->cancelled[i] != id) i++;
  return i < io->cancelled_count;
}

void ew_io_thread_cancel(ew_io_thread *io, uint64_t id) {
  bool is_news = false;
  ew_transfer *x;
  check_fork(io);
  pthread_mutex_lock(&io->lock);
  x = ew_transfers_take(&io->orders, id);
  if (x) {
    ew_transfer_abandon(x, EW_ECLOSED, "cancelled");
    ew_transfers_append(&io->done, x);
    ring(io);
  } else if (io->alive && io->cancelled_count < io->cancelled_size && !is_cancelled(io, id)) {
    io->cancelled[io->cancelled_count++] = id;
    is_news = true;
  }
  unlock(io, is_news);
}

/* Nothing is left that the bell was rung for. With the lock held. */
static void calm(ew_io_thread *io) {
  if (!io->rung || io->arrived.first || io->done.first || io->wake_at_us <= ew_now_us()) return;
  if (io->heard) ew_bell_calm(&io->bell);
  io->rung = false;
}

/* -> is there anything for the host to look at? */
static bool collect(ew_io_thread *io) {
  bool due;
  pthread_mutex_lock(&io->lock);
  ew_transfers_move(&io->arrived, &io->done);
  due = io->wake_at_us <= ew_now_us();
  if (due) io->wake_at_us = EW_NEVER;
  calm(io);
  pthread_mutex_unlock(&io->lock);
  return due || io->arrived.first;
}

/* From now on the bell is rung aloud. */
static void hear(ew_io_thread *io) {
  pthread_mutex_lock(&io->lock);
  if (io->rung && !io->heard) ew_bell_ring(&io->bell);
  io->heard = true;
  pthread_mutex_unlock(&io->lock);
}

/* false: a signal came. */
static bool wait_for_bell(ew_io_thread *io, int64_t until_us) {
  struct pollfd look = {ew_bell_fd(&io->bell), POLLIN, 0};
  int64_t end_us = until_us < io->wake_at_us ? until_us : io->wake_at_us;
  return poll(&look, 1, ew_wait_ms(end_us - ew_now_us())) >= 0;
}

void ew_io_thread_step(ew_io_thread *io, int64_t timeout_us) {
  int64_t now = ew_now_us(), end = timeout_us < EW_NEVER - now ? now + timeout_us : EW_NEVER;
  check_fork(io);
  if (io->closed) return;
  if (now < end) hear(io);
  while (!collect(io) && now < end && wait_for_bell(io, end)) now = ew_now_us();
}

const ew_transfer *ew_io_thread_done(const ew_io_thread *io) {
  return io->arrived.first;
}

void ew_io_thread_take_done(ew_io_thread *io, ew_transfers *to) {
  const ew_transfer *x;
  for (x = io->arrived.first; x; x = ew_transfer_next(x)) io->open_count--;
  ew_transfers_move(to, &io->arrived);
  if (io->closed) return;
  pthread_mutex_lock(&io->lock);
  calm(io);
  if (io->rung && io->heard)
    ew_bell_ring(&io->bell); /* more came meanwhile: that byte may have been read */
  pthread_mutex_unlock(&io->lock);
}

void ew_io_thread_wake_at(ew_io_thread *io, int64_t at_us) {
  ew_error ignored; /* a step looks at the clock itself */
  check_fork(io);
  if (io->closed) return;
  if (at_us != EW_NEVER && at_us > ew_now_us()) be_alive(io, &ignored);
  pthread_mutex_lock(&io->lock);
  io->wake_at_us = at_us;
  if (at_us <= ew_now_us()) {
    ring(io);
    at_us = EW_NEVER;
  }
  unlock(io, at_us < io->known_wake_at_us);
}

int ew_io_thread_fd(ew_io_thread *io) {
  check_fork(io);
  if (!io->closed) hear(io);
  return ew_bell_fd(&io->bell);
}

int64_t ew_io_thread_due_us(ew_io_thread *io) {
  int64_t due;
  check_fork(io);
  if (io->closed) return EW_NEVER;
  pthread_mutex_lock(&io->lock);
  due = io->arrived.first || io->done.first ? 0 : io->wake_at_us;
  pthread_mutex_unlock(&io->lock);
  return due;
}

unsigned long long ew_io_thread_connections(ew_io_thread *io) {
  unsigned long long connections;
  pthread_mutex_lock(&io->lock);
  connections = io->connections;
  pthread_mutex_unlock(&io->lock);
  return connections;
}

unsigned long long ew_io_thread_forks(ew_io_thread *io) {
  check_fork(io);
  return ew_transport_forks(io->transport); /* the thread never asks */
}

const char *ew_io_thread_listen(ew_io_thread *io, ew_error *error) {
  ew_status status;
  check_fork(io);
  if (io->closed) {
    ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
    return NULL;
  }
  pthread_mutex_lock(&io->lock);
  status = ew_bell_listen(&io->bell, error);
  pthread_mutex_unlock(&io->lock);
  return status == EW_OK ? io->bell.path : NULL;
}

bool ew_io_thread_accept(ew_io_thread *io) {
  bool accepted;
  pthread_mutex_lock(&io->lock);
  accepted = ew_bell_accept(&io->bell);
  io->heard = io->heard || accepted;
  if (accepted && io->rung) ew_bell_ring(&io->bell); /* it has not heard of it */
  pthread_mutex_unlock(&io->lock);
  return accepted;
}
