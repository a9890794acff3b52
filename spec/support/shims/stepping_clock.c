/* The wall clock of a server is ahead by so many seconds as a file says: SPEC_CLOCK names the
 * file. libfaketime does not load beside jemalloc, which redis-server uses. The server ends with
 * the spec that started it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void end_with_parent(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static long ahead_s(void) {
  static int fd = -1;
  char text[32] = {0};
  const char *path = getenv("SPEC_CLOCK");
  if (fd < 0 && path) fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd >= 0 && pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec real;
  (void)zone;
  if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &real)) return -1;
  now->tv_sec = real.tv_sec + ahead_s();
  now->tv_usec = real.tv_nsec / 1000;
  return 0;
}
