#define _GNU_SOURCE
#include "journal/sync_thread.h"

#include <semaphore.h>
#include <stdlib.h>

#include "base/thread_registry.h"

struct ew_sync_thread {
  ew_worker worker; /* first: ask_to_stop gets it */
  void (*work)(void *arg);
  void *arg;    /* borrowed */
  bool ordered; /* with worker.lock held: there is a job that the thread has not begun */
  sem_t wake;   /* for a job; without a job the thread ends */
  sem_t ended;
};

static void down(sem_t *semaphore) {
  while (sem_wait(semaphore) != 0) continue; /* a signal interrupted the host */
}

/* -> was there an order before? */
static bool set_ordered(ew_sync_thread *t, bool ordered) {
  bool before;
  pthread_mutex_lock(&t->worker.lock);
  before = t->ordered;
  t->ordered = ordered;
  pthread_mutex_unlock(&t->worker.lock);
  return before;
}

static void *run(void *arg) {
  ew_sync_thread *t = arg;
  for (down(&t->wake); set_ordered(t, false); down(&t->wake)) {
    t->work(t->arg);
    sem_post(&t->ended);
  }
  return NULL;
}

/* A job that was ordered before is done first. */
static void ask_to_stop(ew_worker *worker) {
  sem_post(&((ew_sync_thread *)worker)->wake);
}

ew_sync_thread *ew_sync_thread_new(void (*work)(void *arg), void *arg) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ew_sync_thread *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->work = work;
  t->arg = arg;
  sem_init(&t->wake, 0, 0);
  sem_init(&t->ended, 0, 0);
  pthread_once(&once, ew_workers_end_with_process);
  ew_worker_init(&t->worker, ask_to_stop);
  return t;
}

void ew_sync_thread_free(ew_sync_thread *t) {
  if (!t) return;
  ew_worker_stop(&t->worker);
  ew_worker_free(&t->worker);
  sem_destroy(&t->wake);
  sem_destroy(&t->ended);
  free(t);
}

bool ew_sync_thread_begin(ew_sync_thread *t) {
  if (!ew_worker_start(&t->worker, run, t)) return false;
  set_ordered(t, true);
  sem_post(&t->wake);
  return true;
}

bool ew_sync_thread_has_ended(ew_sync_thread *t) {
  return sem_trywait(&t->ended) == 0;
}

void ew_sync_thread_wait(ew_sync_thread *t) {
  down(&t->ended);
}
