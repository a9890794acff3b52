/*
** bad_disk.c - preloaded into a spec's child process: a disk that misbehaves as the
** environment says. Of all that is synced it names call and file on standard error.
**
**   BAD_SYNC=n     the n-th fdatasync or fsync fails
**   BAD_GATE=fifo  each fdatasync waits until somebody opens this FIFO for writing
**   BAD_WRITE=1    appending is interrupted every other time, and else takes 7 bytes
**   BAD_NAME=path  while a lock is waited for, the file loses this name: BAD_NAMES times
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

typedef int on_fd(int);
typedef int on_fd_and_flags(int, int);
typedef ssize_t writer(int, const void *, size_t);

/* Not found at each call: under the sanitizers dlsym may itself write. */
static writer *real_write(void) {
  static writer *found;
  if (!found) found = (writer *)dlsym(RTLD_NEXT, "write");
  return found;
}

static int number(const char *name) {
  const char *text = getenv(name);
  return text ? atoi(text) : 0;
}

static void tell(const char *name, int fd) {
  char link[32], path[256], line[300];
  ssize_t length, told;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path);
  told = snprintf(line, sizeof line, "%s %.*s\n", name, length < 0 ? 0 : (int)length, path);
  told = real_write()(2, line, (size_t)told);
  (void)told;
}

static int sync_call(const char *name, int fd) {
  static int calls;
  tell(name, fd);
  if (++calls != number("BAD_SYNC")) return ((on_fd *)dlsym(RTLD_NEXT, name))(fd);
  errno = EIO;
  return -1;
}

int fdatasync(int fd) {
  int gate = getenv("BAD_GATE") ? open(getenv("BAD_GATE"), O_RDONLY | O_CLOEXEC) : -1;
  if (gate >= 0) close(gate);
  return sync_call("fdatasync", fd);
}

int fsync(int fd) {
  return sync_call("fsync", fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  static int calls;
  int is_bad = number("BAD_WRITE") && fcntl(fd, F_GETFL) & O_APPEND;
  if (is_bad && ++calls % 2) {
    errno = EINTR;
    return -1;
  }
  return real_write()(fd, bytes, is_bad && length > 7 ? 7 : length);
}

int flock(int fd, int operation) {
  static int calls;
  if (calls++ < number("BAD_NAMES")) unlink(getenv("BAD_NAME"));
  return ((on_fd_and_flags *)dlsym(RTLD_NEXT, "flock"))(fd, operation);
}
