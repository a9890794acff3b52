#define _GNU_SOURCE
#include "base/thread_registry.h"

#include <signal.h>
#include <stdlib.h>

#include "base/fork.h"

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static ew_worker *first;
static bool exiting;

/* ---- forks and the end of the process ---- */

/* A fork holds all locks, so that the child copies no half-changed transport or list. */
static void before_fork(void) {
  ew_worker *w;
  pthread_mutex_lock(&registry);
  for (w = first; w; w = w->next) {
    if (!w->alive) continue;
    pthread_mutex_lock(&w->running);
    pthread_mutex_lock(&w->lock);
  }
}

static void after_fork(void) {
  ew_worker *w;
  for (w = first; w; w = w->next) {
    if (!w->alive) continue;
    pthread_mutex_unlock(&w->lock);
    pthread_mutex_unlock(&w->running);
  }
  pthread_mutex_unlock(&registry);
}

/* With the registry held, so that the process's end waits for the thread. A forked child has no
** thread to wait for. */
static void stop(ew_worker *w) {
  if (!w->alive || w->fork_generation != ew_fork_generation()) return;
  w->ask_to_stop(w);
  pthread_join(w->thread, NULL);
  w->alive = false;
}

static void stop_all(void) {
  ew_worker *w;
  pthread_mutex_lock(&registry);
  exiting = true;
  for (w = first; w; w = w->next) stop(w);
  pthread_mutex_unlock(&registry);
}

static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
}

void ew_workers_end_with_process(void) {
  atexit(stop_all);
}

/* ---- one worker ---- */

void ew_worker_init(ew_worker *w, void (*ask_to_stop)(ew_worker *worker)) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  w->ask_to_stop = ask_to_stop;
  w->fork_generation = ew_fork_generation();
  pthread_mutex_init(&w->running, NULL);
  pthread_mutex_init(&w->lock, NULL);
  pthread_mutex_lock(&registry);
  w->next = first;
  if (first) first->previous = w;
  first = w;
  pthread_mutex_unlock(&registry);
}

void ew_worker_free(ew_worker *w) {
  pthread_mutex_lock(&registry);
  if (w->previous)
    w->previous->next = w->next;
  else
    first = w->next;
  if (w->next) w->next->previous = w->previous;
  pthread_mutex_unlock(&registry);
  pthread_mutex_destroy(&w->running);
  pthread_mutex_destroy(&w->lock);
}

static bool make_thread(ew_worker *w, void *(*work)(void *), void *arg) {
  sigset_t all, before;
  bool made;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  made = pthread_create(&w->thread, NULL, work, arg) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return made;
}

bool ew_worker_start(ew_worker *w, void *(*work)(void *), void *arg) {
  if (w->alive) return true;
  pthread_mutex_lock(&registry);
  w->alive = !exiting && make_thread(w, work, arg);
  pthread_mutex_unlock(&registry);
  return w->alive;
}

void ew_worker_stop(ew_worker *w) {
  pthread_mutex_lock(&registry);
  stop(w);
  pthread_mutex_unlock(&registry);
}

void ew_worker_after_fork(ew_worker *w) {
  w->fork_generation = ew_fork_generation();
  pthread_mutex_lock(&registry);
  w->alive = false;
  pthread_mutex_unlock(&registry);
}
