#define _GNU_SOURCE
#include "transport/poller.h"

#ifndef __linux__
#error "Linux is needed: this file stands on epoll, eventfd and timerfd"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

static uint32_t to_epoll(int interest) {
  return (interest & EW_READABLE ? (uint32_t)EPOLLIN : 0u) |
         (interest & EW_WRITABLE ? (uint32_t)EPOLLOUT : 0u);
}

static bool watch(const ew_poller *poller, int operation, int fd, int interest) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = to_epoll(interest);
  event.data.fd = fd;
  return epoll_ctl(poller->poll_fd, operation, fd, &event) == 0;
}

void ew_poller_init(ew_poller *poller) {
  memset(poller, 0, sizeof *poller);
  poller->poll_fd = poller->timer_fd = poller->wake_fd = -1;
  poller->armed_us = EW_NEVER;
}

bool ew_poller_open(ew_poller *poller) {
  poller->poll_fd = epoll_create1(EPOLL_CLOEXEC);
  poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (poller->poll_fd >= 0 && poller->timer_fd >= 0 && poller->wake_fd >= 0 &&
      watch(poller, EPOLL_CTL_ADD, poller->timer_fd, EW_READABLE) &&
      watch(poller, EPOLL_CTL_ADD, poller->wake_fd, EW_READABLE))
    return true;
  ew_poller_close(poller);
  return false;
}

void ew_poller_close(ew_poller *poller) {
  int error = errno;
  ew_fd_close(&poller->poll_fd);
  ew_fd_close(&poller->timer_fd);
  ew_fd_close(&poller->wake_fd);
  free(poller->interests);
  free(poller->dirty);
  ew_poller_init(poller);
  errno = error;
}

int ew_poller_fd(const ew_poller *poller) {
  return poller->poll_fd;
}

/* Room for `fd` in both arrays. Each fd is at most once in `dirty`. */
static bool reserve(ew_poller *poller, int fd) {
  size_t size = poller->interests_size ? poller->interests_size : 64;
  ew_interest *interests;
  int *dirty;
  if ((size_t)fd < poller->interests_size) return true;
  while (size <= (size_t)fd) size *= 2;
  interests = realloc(poller->interests, size * sizeof *interests);
  if (!interests) return false;
  poller->interests = interests;
  dirty = realloc(poller->dirty, size * sizeof *dirty);
  if (!dirty) return false;
  poller->dirty = dirty;
  memset(interests + poller->interests_size, 0,
         (size - poller->interests_size) * sizeof *interests);
  poller->interests_size = size;
  return true;
}

bool ew_poller_set(ew_poller *poller, int fd, int interest) {
  if (!reserve(poller, fd)) return false;
  poller->interests[fd].wanted = (unsigned char)interest;
  if (!poller->interests[fd].dirty) {
    poller->interests[fd].dirty = 1;
    poller->dirty[poller->dirty_count++] = fd;
  }
  return true;
}

void ew_poller_forget(ew_poller *poller, int fd) {
  if ((size_t)fd >= poller->interests_size) return;
  /* Closing is not enough. If a forked child has a copy of the socket, the kernel would go on
  ** reporting it here. */
  if (poller->interests[fd].applied) watch(poller, EPOLL_CTL_DEL, fd, 0);
  poller->interests[fd].wanted = poller->interests[fd].applied = 0;
}

static void apply(ew_poller *poller, int fd) {
  ew_interest *interest = &poller->interests[fd];
  interest->dirty = 0;
  if (interest->wanted == interest->applied) return;
  if (!interest->wanted) {
    /* An idle connection is dropped from the poller only when it becomes readable. Most often the
    ** next request comes first, and two system calls are saved. */
    if (interest->applied == EW_READABLE) return;
    watch(poller, EPOLL_CTL_DEL, fd, 0); /* fails if the fd is closed, which is as good */
  } else if (!interest->applied || !watch(poller, EPOLL_CTL_MOD, fd, interest->wanted))
    watch(poller, EPOLL_CTL_ADD, fd, interest->wanted); /* a new fd, or a reused number */
  interest->applied = interest->wanted;
}

void ew_poller_flush(ew_poller *poller) {
  size_t i;
  for (i = 0; i < poller->dirty_count; i++) apply(poller, poller->dirty[i]);
  poller->dirty_count = 0;
}

void ew_poller_arm(ew_poller *poller, int64_t at_us) {
  struct itimerspec when;
  if (at_us >= poller->armed_us) return;
  memset(&when, 0, sizeof when);
  when.it_value.tv_sec = (time_t)(at_us / 1000000);
  when.it_value.tv_nsec = (long)(at_us % 1000000) * 1000;
  timerfd_settime(poller->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
  poller->armed_us = at_us;
}

void ew_poller_wake(ew_poller *poller) {
  uint64_t one = 1;
  ssize_t written = write(poller->wake_fd, &one, sizeof one);
  (void)written; /* EAGAIN: the counter is full, so it is readable already */
}

/* Empty a timer or event descriptor. */
static void drain(int fd) {
  uint64_t count;
  ssize_t got = read(fd, &count, sizeof count);
  (void)got; /* EAGAIN: nothing in it */
}

void ew_poller_calm(ew_poller *poller) {
  drain(poller->wake_fd);
}

int ew_poller_wait(ew_poller *poller, int64_t timeout_us, ew_ready ready[EW_MOST_READY]) {
  struct epoll_event events[EW_MOST_READY];
  int i, found, count = 0;
  found = epoll_wait(poller->poll_fd, events, EW_MOST_READY, ew_wait_ms(timeout_us));
  if (found < 0) return -1;
  for (i = 0; i < found; i++) {
    int fd = events[i].data.fd;
    uint32_t seen = events[i].events;
    if (fd == poller->timer_fd) {
      drain(fd);
      poller->armed_us = EW_NEVER;
    } else if (fd == poller->wake_fd) {
      drain(fd);
    } else if (!poller->interests[fd].wanted) {
      watch(poller, EPOLL_CTL_DEL, fd, 0);
      poller->interests[fd].applied = 0;
    } else {
      bool broken = (seen & (EPOLLERR | EPOLLHUP)) != 0;
      ready[count].fd = fd;
      ready[count].ready = (seen & EPOLLIN || broken ? EW_READABLE : 0) |
                           (seen & EPOLLOUT || broken ? EW_WRITABLE : 0);
      count++;
    }
  }
  return count;
}
