/*
** journal.h - an append-only file of JSON lines that says what became of each item.
** A record is the text of one JSON object. On disk the object's last member is a checksum of all
** bytes before it, so that each line is still JSON:
**
**   {"format":"elevenlabs-workspace journal 1","operation":"unshare","crc32c":"0a1b2c3d"}
**
** A plan and the log of a case are files of the same form. The header names the kind.
**
** Hides the lock against a second run, the torn tail that a crash leaves, and the handling of a
** failed write. Relies on a file system that keeps what fdatasync reported as written. A journal
** belongs to the process that opened it.
*/
#ifndef EW_JOURNAL_H
#define EW_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "journal/sync_thread.h"

/* What a file is. The format in its first record begins with this name. */
typedef enum { EW_JOURNAL_OF_RUN, EW_JOURNAL_OF_PLAN, EW_JOURNAL_OF_CASE } ew_journal_kind;

/* "journal", "plan" and "case", in the order of the kinds; then NULL. */
extern const char *const ew_journal_kinds[];

/* Who may use the file. EW_JOURNAL_READ alone takes no lock: a run may write to the file. */
typedef enum { EW_JOURNAL_READ, EW_JOURNAL_WRITE, EW_JOURNAL_CREATE } ew_journal_access;

/* How the first record of a bulk run's journal begins. */
#define EW_JOURNAL_HEADER "{\"format\":\"elevenlabs-workspace journal 1\","

/* Private, but for two. `is_new`: the file held no record when it was opened. `in_use`: it was
** opened with EW_JOURNAL_READ while a run had it. */
typedef struct {
  int fd;                   /* -1: closed */
  int folder_fd;            /* until the first sync, which must cover the file's name too; or -1 */
  unsigned fork_generation; /* of the process that opened it */
  bool is_new, in_use;
  const char *kind; /* borrowed, static: the name of the kind */
  char header[48];  /* how the first record begins */
  char name[120];   /* the path, as messages quote it */
  ew_error failure; /* every later call fails like this, unless the status is EW_OK */

  char *in; /* owned; NULL after all was read */
  size_t start, filled;
  size_t current; /* length of the line at `start` after its check, 0 before */
  bool overlong;  /* the front of the line at `start` was discarded */
  unsigned long line;
  int64_t read_to;

  ew_buffer out;         /* records that wait in memory */
  bool begun;            /* the file or `out` has the first record */
  bool torn;             /* there is a tail to cut off */
  bool dirty;            /* there may be something to sync */
  int64_t good, written; /* the end of the checked or synced lines; of all lines */

  /* A sync. The thread may use these and the descriptors while `syncing`. */
  ew_buffer batch;         /* the records that it writes first */
  const char *sync_failed; /* what it could not do; NULL: it succeeded */
  int sync_errno;          /* why not */
  ew_sync_thread *thread;  /* owned; NULL until it is needed */
  bool syncing;            /* the thread has a sync that nobody took notice of yet */
} ew_journal;

/* Makes a closed journal. */
void ew_journal_init(ew_journal *journal);

/* Opens a file, and locks it unless it is only to be read. EW_JOURNAL_CREATE: a file that is not
** there is created with mode 0600. Otherwise *found is then false and nothing is open. EW_ELOCKED:
** another run has the file. EW_EJOURNAL: it is no regular file or not of this format, it belongs to
** another user, others may write it, it has a second name, or the system refuses. A foreign file is
** left as it is. To be closed in any case. */
ew_status ew_journal_open(ew_journal *journal, const char *path, ew_journal_kind kind,
                          ew_journal_access access, bool *found, ew_error *error);

/* The current record, as it was appended; NULL: there is none left. Borrowed until the next call.
** It stays the current one until ew_journal_pass. EW_EJOURNAL names a line that is damaged. */
ew_status ew_journal_next(ew_journal *journal, const char **text, size_t *length, ew_error *error);

/* Goes on to the next record. There must be a current one. */
void ew_journal_pass(ew_journal *journal);

/* Appends a record, after all that were there were read. Records stay in memory until there are
** many. The first append cuts off a torn tail. After EW_EJOURNAL every call fails in the same
** way. */
ew_status ew_journal_append(ew_journal *journal, const char *text, size_t length, ew_error *error);

/* Writes all records at once and waits until the disk has them. A record does not count before. */
ew_status ew_journal_sync(ew_journal *journal, ew_error *error);

/* Begins the same in a thread of the journal's. Records that are appended from then on are part of
** the next sync. Waits if a sync is under way already. Without a thread it syncs by itself. */
ew_status ew_journal_begin_sync(ew_journal *journal, ew_error *error);

/* Sets *synced to true if no sync is under way. If a sync has failed, this function or the next one
** that is called tells of the failure. */
ew_status ew_journal_look(ew_journal *journal, bool *synced, ew_error *error);

/* Waits for the sync under way, and drops what was not synced. Idempotent. In a forked child
** harmless too: the lock is the parent's until both have closed. */
void ew_journal_close(ew_journal *journal);

#endif
