/*
** thread_registry.h - every thread of this module in this process, so that a fork finds them at
** rest and the end of the process waits for them.
*/
#ifndef EW_THREAD_REGISTRY_H
#define EW_THREAD_REGISTRY_H

#include <pthread.h>
#include <stdbool.h>

/* Embed this in a struct that has a thread. */
typedef struct ew_worker {
  pthread_mutex_t running; /* a fork waits until the thread has left it; never held in a sleep */
  pthread_mutex_t lock;    /* for data shared with the host; taken after `running` */
  void (*ask_to_stop)(struct ew_worker *worker);
  /* private */
  unsigned fork_generation; /* of the process to which the worker belongs */
  bool alive;               /* `thread` runs and is to be joined; changes with the registry held */
  pthread_t thread;
  struct ew_worker *previous, *next;
} ew_worker;

/* Let the end of the process stop all threads, before what atexit was told of earlier. Each kind of
** worker calls this once. A kind whose thread uses OpenSSL calls this after OpenSSL was
** initialised: OpenSSL cleans up at the end too, and a thread that still uses it would crash. */
void ew_workers_end_with_process(void);

/* Make and register a worker that has no thread yet. */
void ew_worker_init(ew_worker *worker, void (*ask_to_stop)(ew_worker *worker));
void ew_worker_free(ew_worker *worker); /* after ew_worker_stop */

/* Start its thread, unless it runs. All signals are blocked there: every signal is the host's.
** false: the system makes no thread, or the process is ending. */
bool ew_worker_start(ew_worker *worker, void *(*work)(void *), void *arg);

/* Ask the thread to stop, and wait for its end. Harmless if there is none. */
void ew_worker_stop(ew_worker *worker);

/* In the child of a fork: the thread is the parent's. */
void ew_worker_after_fork(ew_worker *worker);

#endif
