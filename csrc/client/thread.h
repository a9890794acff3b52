/*
** thread.h - a transport that a thread of its own runs, so that its host is held
** up by no handshake, burst or slow look-up. Transfers go in and come back through
** lists behind a lock, and a bell tells the host; no Lua, no callback. The thread is
** started by the first transfer, takes no signals and ends with its transport, or
** with the process. In the child of a fork there is none, until the next transfer.
*/
#ifndef EW_IO_THREAD_H
#define EW_IO_THREAD_H

#include "transport/transport.h"

typedef struct ew_io_thread ew_io_thread;

/* The calls mean what those of ew_transport do. All are the host's, one at a time. */
ew_status ew_io_thread_open(ew_io_thread **thread, const ew_transport_options *options,
                            ew_error *error);
void ew_io_thread_close(ew_io_thread *thread);
void ew_io_thread_free(ew_io_thread *thread);

/* Takes the transfer, but not on failure: EW_ENOMEM, EW_ESYSTEM (no thread can be
** made), EW_ECLOSED. What fails later is a completion. */
ew_status ew_io_thread_start(ew_io_thread *thread, ew_transfer *transfer, ew_error *error);

/* It completes after one of the next steps. */
void ew_io_thread_cancel(ew_io_thread *thread, uint64_t id);

void ew_io_thread_step(ew_io_thread *thread, int64_t timeout_us);
const ew_transfer *ew_io_thread_done(const ew_io_thread *thread);
void ew_io_thread_take_done(ew_io_thread *thread, ew_transfers *to);
void ew_io_thread_wake_at(ew_io_thread *thread, int64_t at_us);
int ew_io_thread_fd(ew_io_thread *thread);
int64_t ew_io_thread_due_us(ew_io_thread *thread);
unsigned long long ew_io_thread_connections(ew_io_thread *thread);
unsigned long long ew_io_thread_forks(ew_io_thread *thread);

/* For a host that can only wait on sockets it connected itself; see bell.h. The path
** is valid until the next call. NULL: `error` says why. */
const char *ew_io_thread_listen(ew_io_thread *thread, ew_error *error);
bool ew_io_thread_accept(ew_io_thread *thread);

#endif
