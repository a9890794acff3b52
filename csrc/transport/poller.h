/*
** poller.h - many sockets, a timer and a wake-up behind one descriptor.
** The host may wait on ew_poller_fd with select, poll, epoll or kqueue: it is
** readable whenever ew_poller_wait would find something. Interest in sockets is
** collected and reaches the kernel at ew_poller_flush, because libcurl changes
** its mind several times a request.
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

/* Closed, with nothing to free: the state ew_poller_close leaves too. */
void ew_poller_init(ew_poller *poller);

/* From that state. false: the system is out of descriptors or memory (errno
** tells); nothing is left open. */
bool ew_poller_open(ew_poller *poller);

/* Closes this process's descriptors and changes nothing about them first: in
** the child of a fork, they are still the parent's. Idempotent. */
void ew_poller_close(ew_poller *poller);

int ew_poller_fd(const ew_poller *poller);

/* What to wait for on `fd`, 0 for nothing. false: out of memory. */
bool ew_poller_set(ew_poller *poller, int fd, int interest);

/* `fd` was just opened, or is about to be closed: what was known of its number
** was of another socket. */
void ew_poller_forget(ew_poller *poller, int fd);

/* Apply what was collected. */
void ew_poller_flush(ew_poller *poller);

/* Become readable at `at_us`, above 0, at the latest. A later time than the one that is
** armed changes nothing: an early wake-up costs less than a system call each. */
void ew_poller_arm(ew_poller *poller, int64_t at_us);

/* Become readable until the next ew_poller_wait or ew_poller_calm. From any thread. */
void ew_poller_wake(ew_poller *poller);
void ew_poller_calm(ew_poller *poller);

/* Wait at most `timeout_us` (0: look only) and clear timer and wake-up. Returns
** the number of ready sockets written to `ready`, or -1 when a signal came. */
int ew_poller_wait(ew_poller *poller, int64_t timeout_us, ew_ready ready[EW_MOST_READY]);

#endif
