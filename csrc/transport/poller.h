/*
** poller.h - many sockets, a timer and a wake-up behind one descriptor.
** The host may wait on ew_poller_fd with select, poll or epoll: the descriptor is readable whenever
** ew_poller_wait would find something. Interest in sockets is collected, and ew_poller_flush tells
** the kernel, because libcurl changes the interest several times a request.
*/
#ifndef EW_POLLER_H
#define EW_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EW_READABLE = 1, EW_WRITABLE = 2 };
enum { EW_MOST_READY = 64 }; /* of one wait */

typedef struct {
  int fd;
  int ready; /* EW_READABLE | EW_WRITABLE; both after an error or hang-up */
} ew_ready;

typedef struct {
  unsigned char wanted, applied, dirty;
} ew_interest;

typedef struct {
  int poll_fd, timer_fd, wake_fd; /* -1 when closed */
  ew_interest *interests;         /* owned, indexed by fd */
  size_t interests_size;
  int *dirty; /* owned; fds whose interest waits for a flush */
  size_t dirty_count;
  int64_t armed_us; /* when the timer will fire; EW_NEVER */
} ew_poller;

/* Closed, with nothing to free. ew_poller_close leaves the same state. */
void ew_poller_init(ew_poller *poller);

/* From that state. false: the system is out of descriptors or memory (see errno), and nothing is
** left open. */
bool ew_poller_open(ew_poller *poller);

/* Closes this process's descriptors without changing anything about them first: in the child of a
** fork they are the parent's too. Idempotent. */
void ew_poller_close(ew_poller *poller);

int ew_poller_fd(const ew_poller *poller);

/* What to wait for on `fd`, 0 for nothing. false: out of memory. */
bool ew_poller_set(ew_poller *poller, int fd, int interest);

/* To be called if `fd` was just opened or is about to be closed: what is known about this number
** belongs to another socket. */
void ew_poller_forget(ew_poller *poller, int fd);

/* Tells the kernel what was collected. */
void ew_poller_flush(ew_poller *poller);

/* Becomes readable at `at_us` (above 0) at the latest. A time later than the armed one changes
** nothing: an early wake-up costs less than a system call each time. */
void ew_poller_arm(ew_poller *poller, int64_t at_us);

/* Becomes readable until the next ew_poller_wait or ew_poller_calm. From any thread. */
void ew_poller_wake(ew_poller *poller);
void ew_poller_calm(ew_poller *poller);

/* Waits at most `timeout_us` (0: only looks), and clears timer and wake-up. Returns the number of
** ready sockets written to `ready`; -1: a signal came. */
int ew_poller_wait(ew_poller *poller, int64_t timeout_us, ew_ready ready[EW_MOST_READY]);

#endif
