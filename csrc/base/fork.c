#include "base/fork.h"

#include <pthread.h>

static unsigned generation;

static void count_child(void) {
  generation++;
}

static void watch_forks(void) {
  pthread_atfork(NULL, NULL, count_child);
}

unsigned ew_fork_generation(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  return generation;
}
