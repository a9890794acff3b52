/*
** bad_call.c - preloaded into a spec's child process: one system call fails.
**
**   BAD_CALL=name    which
**   BAD_TURN=n       from its n-th call on
**   BAD_LAST=n       and after this one no more; default BAD_TURN
**   BAD_ERRNO=number why
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int fails(const char *name) {
  static int calls;
  const char *chosen = getenv("BAD_CALL"), *turn = getenv("BAD_TURN"), *last = getenv("BAD_LAST");
  int call;
  if (!chosen || strcmp(chosen, name) != 0) return 0;
  call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (call < atoi(turn) || call > atoi(last ? last : turn)) return 0;
  errno = atoi(getenv("BAD_ERRNO"));
  return 1;
}

#define CALL(type, name, parameters, arguments)                                                    \
  type name parameters {                                                                           \
    type(*real) parameters;                                                                        \
    void *found = dlsym(RTLD_NEXT, #name);                                                         \
    memcpy(&real, &found, sizeof real);                                                            \
    return fails(#name) ? (type)-1 : real arguments;                                               \
  }

CALL(ssize_t, getrandom, (void *bytes, size_t size, unsigned flags), (bytes, size, flags))
CALL(ssize_t, pread64, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
CALL(int, ftruncate64, (int fd, off64_t length), (fd, length))
CALL(int, fstat64, (int fd, struct stat64 *status), (fd, status))
CALL(int, flock, (int fd, int operation), (fd, operation))
CALL(int, fsync, (int fd), (fd))
CALL(int, epoll_create1, (int flags), (flags))
CALL(int, epoll_ctl, (int poller, int what, int fd, struct epoll_event *e), (poller, what, fd, e))
CALL(int, timerfd_create, (int clock, int flags), (clock, flags))
CALL(int, eventfd, (unsigned count, int flags), (count, flags))
CALL(int, socket, (int family, int type, int protocol), (family, type, protocol))
CALL(int, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
CALL(int, listen, (int fd, int backlog), (fd, backlog))

/* Which is 0 where it fails. */
int dladdr(const void *address, Dl_info *found) {
  typedef int finder(const void *, Dl_info *);
  return fails("dladdr") ? 0 : ((finder *)dlsym(RTLD_NEXT, "dladdr"))(address, found);
}

/* Of folders alone. */
int open64(const char *path, int flags, ...) {
  typedef int opener(const char *, int, ...);
  va_list rest;
  mode_t mode;
  va_start(rest, flags);
  mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (flags & O_DIRECTORY && fails("open64")) return -1;
  return ((opener *)dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}
