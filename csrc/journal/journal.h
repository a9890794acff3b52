/*
** journal.h - an append-only file of JSON lines that says what became of what.
** A record is the text of one JSON object. On disk it ends in a checksum of all that
** stands before it, `,"crc32c":"xxxxxxxx"}`, so that each line is JSON still:
**
**   {"format":"elevenlabs-workspace journal 1","operation":"unshare","crc32c":"0a1b2c3d"}
**
** Hides the lock that keeps a second run out, the tail that a crash tore, and what is
** to be done after a failed write. Stands on a file system that keeps what fdatasync
** reported as kept. A journal belongs to the process that opened it.
*/
#ifndef EW_JOURNAL_H
#define EW_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* How the first record of every journal begins. */
#define EW_JOURNAL_HEADER "{\"format\":\"elevenlabs-workspace journal 1\","

/* Private, but for `is_new`: the file held no record when it was opened. */
typedef struct {
  int fd;                   /* -1: closed */
  int folder_fd;            /* until the first sync, which must cover the file's name too; or -1 */
  unsigned fork_generation; /* of the process that opened it */
  bool is_new;
  char name[120];   /* the path, as messages quote it */
  ew_error failure; /* what ended its use, if its status is not EW_OK */

  char *in; /* owned; NULL once all is read */
  size_t start, filled;
  size_t current; /* length of the line at `start` once it was checked, 0 before */
  bool overlong;  /* the front of the line at `start` was discarded */
  unsigned long line;
  int64_t read_to;

  ew_buffer out;
  bool begun;            /* has its first record */
  bool torn;             /* there is a tail to cut off */
  bool dirty;            /* there may be something to sync */
  int64_t good, written; /* where the lines end: those that are safe, all of them */
} ew_journal;

/* Make it neutral, so that it can be closed. */
void ew_journal_init(ew_journal *journal);

/* Open and lock a file, or create it with mode 0600. *found is false, and nothing is
** open, where there is none and `create` is false. EW_EJOURNAL: another run holds it, it
** is no regular file or not of this format, it belongs to another user, others may write
** it, it has a second name, or the system refuses; a foreign file is left as it is. To be
** closed in any case. */
ew_status ew_journal_open(ew_journal *journal, const char *path, bool create, bool *found,
                          ew_error *error);

/* The record to read now, as it was appended; *text is NULL when there is none left.
** Borrowed until the next call. Stays where it is until it is passed. EW_EJOURNAL names
** a line that is damaged. */
ew_status ew_journal_next(ew_journal *journal, const char **text, size_t *length, ew_error *error);

/* Go on to the record after that, which there was. */
void ew_journal_pass(ew_journal *journal);

/* Append a record, once all that were there are read: in memory until there is much of
** it. What the last run left torn is cut off first. After EW_EJOURNAL every call fails
** in the same way. */
ew_status ew_journal_append(ew_journal *journal, const char *text, size_t length, ew_error *error);

/* Write all records out and wait until the disk has them. Not before do they count. */
ew_status ew_journal_sync(ew_journal *journal, ew_error *error);

/* Drops what was not synced. Again is harmless, in a forked child too: the lock is the
** parent's until both have closed. */
void ew_journal_close(ew_journal *journal);

#endif
