/*
** sync_thread.h - a thread in which a journal syncs, one job at a time.
** A fork does not wait for the job: the child may use nothing that the job uses.
*/
#ifndef EW_SYNC_THREAD_H
#define EW_SYNC_THREAD_H

#include <stdbool.h>

typedef struct ew_sync_thread ew_sync_thread;

/* Makes one that has no thread yet. Each job is a call of `work` with `arg`. NULL: no memory. */
ew_sync_thread *ew_sync_thread_new(void (*work)(void *arg), void *arg);

/* Waits for the job under way. NULL is harmless, and so is the child of a fork, which has no
** thread. */
void ew_sync_thread_free(ew_sync_thread *thread);

/* Begins a job. The job before must have ended. The first job starts the thread. false: the system
** makes no thread, or the process is ending. */
bool ew_sync_thread_begin(ew_sync_thread *thread);

/* Each takes notice of the end of a job that was begun, once. */
bool ew_sync_thread_has_ended(ew_sync_thread *thread);
void ew_sync_thread_wait(ew_sync_thread *thread);

#endif
