#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fork.h"
#include "journal/line.h"

enum {
  MUCH = 1024 * 1024, /* of records that wait in memory */
  MOST_TRIES = 8
};

const char *const ew_journal_kinds[] = {"journal", "plan", "case", NULL};

/* ---- failures ---- */

static ew_status refuse(const ew_journal *journal, ew_error *error, const char *reason) {
  return ew_fail(error, EW_EJOURNAL, NULL, "%s %s %s", journal->kind, journal->name, reason);
}

/* The same with what errno says. */
static ew_status refuse_system(const ew_journal *journal, ew_error *error, const char *what) {
  const char *text = strerror(errno);
  char reason[100];
  ew_quotable(reason, sizeof reason, text, strlen(text));
  return ew_fail(error, EW_EJOURNAL, NULL, "%s %s %s: %s", journal->kind, journal->name, what,
                 reason);
}

/* Every later call fails like this one. */
static ew_status spoil(ew_journal *journal, const ew_error *error) {
  journal->failure = *error;
  return error->status;
}

/* After a failed write or sync nobody knows which of the last writes the disk has. A second sync
** may report success that is not true: Linux forgets a failed write after it has reported it once.
** So nothing is tried again, and the records are cut off again if possible. */
static ew_status spoil_writing(ew_journal *journal, ew_error *error, const char *what) {
  int cut;
  refuse_system(journal, error, what);
  cut = ftruncate(journal->fd, journal->good);
  (void)cut; /* if it failed, the next run finds a torn tail and cuts it off */
  ew_buffer_free(&journal->out);
  ew_buffer_free(&journal->batch);
  return spoil(journal, error);
}

static ew_status check_usable(const ew_journal *journal, ew_error *error) {
  if (journal->fd < 0) return ew_fail(error, EW_ECLOSED, NULL, "the journal is closed");
  if (journal->fork_generation != ew_fork_generation())
    return refuse(journal, error, "belongs to the process that opened it");
  if (journal->failure.status != EW_OK) *error = journal->failure;
  return journal->failure.status;
}

/* ---- opening ---- */

static ew_status refuse_opening(const ew_journal *journal, const char *path, ew_error *error) {
  int reason = errno;
  struct stat found;
  if (lstat(path, &found) == 0 && S_ISLNK(found.st_mode))
    return refuse(journal, error, "is a symbolic link");
  errno = reason;
  return refuse_system(journal, error, "cannot be opened");
}

/* True if the path still names the file that is open. */
static bool is_named(const char *path, const struct stat *opened) {
  struct stat named;
  return lstat(path, &named) == 0 && named.st_ino == opened->st_ino &&
         named.st_dev == opened->st_dev;
}

/* A line that another user may have written proves nothing. So the file must not be another
** user's, must not have a second name (perhaps in another user's folder), and nobody else may be
** able to write it. */
static ew_status check_private(const ew_journal *journal, const struct stat *opened,
                               ew_error *error) {
  if (opened->st_uid != geteuid())
    return ew_fail(error, EW_EJOURNAL, NULL,
                   "%s %s belongs to another user (%lu, this program runs as %lu): "
                   "begin a %s of your own",
                   journal->kind, journal->name, (unsigned long)opened->st_uid,
                   (unsigned long)geteuid(), journal->kind);
  if (opened->st_mode & (S_IWGRP | S_IWOTH))
    return refuse(journal, error,
                  "can be written by others: if you trust what it says, chmod 600 it");
  if (opened->st_nlink > 1)
    return refuse(journal, error,
                  "has another name too (a hard link): if you trust what it says, copy it to a "
                  "new file, with chmod 600");
  return EW_OK;
}

/* A reader takes the lock only for the moment in which it looks whether a run has the lock. */
static ew_status take_lock(ew_journal *journal, ew_journal_access access, ew_error *error) {
  bool is_reader = access == EW_JOURNAL_READ;
  bool is_locked = flock(journal->fd, (is_reader ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0;
  if (!is_locked && errno != EWOULDBLOCK) return refuse_system(journal, error, "cannot be locked");
  journal->in_use = !is_locked;
  if (is_reader && is_locked) flock(journal->fd, LOCK_UN);
  if (is_reader || is_locked) return EW_OK;
  return ew_fail(error, EW_ELOCKED, NULL, "%s %s is locked by another run", journal->kind,
                 journal->name);
}

/* O_NONBLOCK is for a FIFO or a device, and means nothing to a regular file. */
static ew_status open_and_lock(ew_journal *journal, const char *path, ew_journal_access access,
                               bool *replaced, ew_error *error) {
  static const int modes[] = {O_RDONLY, O_RDWR | O_APPEND, O_RDWR | O_APPEND | O_CREAT};
  struct stat opened;
  journal->fd = open(path, modes[access] | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (journal->fd < 0 && errno == ENOENT && access != EW_JOURNAL_CREATE) return EW_OK;
  if (journal->fd < 0) return refuse_opening(journal, path, error);
  if (fstat(journal->fd, &opened) != 0) return refuse_system(journal, error, "cannot be opened");
  if (!S_ISREG(opened.st_mode)) return refuse(journal, error, "is not a regular file");
  if (check_private(journal, &opened, error) != EW_OK) return error->status;
  if (take_lock(journal, access, error) != EW_OK) return error->status;
  *replaced = !is_named(path, &opened);
  return EW_OK;
}

/* Again, until the locked file is the one that the path names. */
static ew_status acquire(ew_journal *journal, const char *path, ew_journal_access access,
                         ew_error *error) {
  int tries;
  for (tries = 0; tries < MOST_TRIES; tries++) {
    bool replaced = false;
    if (open_and_lock(journal, path, access, &replaced, error) != EW_OK) return error->status;
    if (!replaced) return EW_OK;
    ew_fd_close(&journal->fd);
  }
  return refuse(journal, error, "is replaced again and again by others");
}

static void open_folder(ew_journal *journal, const char *path) {
  char folder[PATH_MAX] = ".";
  const char *slash = strrchr(path, '/');
  if (slash) snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
  journal->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static ssize_t read_at(int fd, char *bytes, size_t size, int64_t offset) {
  ssize_t got;
  do got = pread(fd, bytes, size, offset);
  while (got < 0 && errno == EINTR);
  return got;
}

/* A crash while the file was made may have left an empty file or part of the header. */
static ew_status check_header(const ew_journal *journal, ew_error *error) {
  char first[sizeof journal->header];
  ssize_t got = read_at(journal->fd, first, strlen(journal->header), 0);
  if (got < 0) return refuse_system(journal, error, "cannot be read");
  if (memcmp(first, journal->header, (size_t)got) != 0)
    return ew_fail(error, EW_EJOURNAL, NULL, "%s %s is not a %s of this program", journal->kind,
                   journal->name, journal->kind);
  return EW_OK;
}

/* ---- reading ---- */

/* A line that fills the buffer is too long. Its bytes are discarded. Only its end matters now. */
static void make_room(ew_journal *journal) {
  journal->filled -= journal->start;
  memmove(journal->in, journal->in + journal->start, journal->filled);
  journal->start = 0;
  if (journal->filled < EW_LONGEST_LINE) return;
  journal->overlong = true;
  journal->filled = 0;
}

/* Reads until the next line, or the end of an overlong one, stands at `start`. *length counts the
** newline; 0: only a torn tail is left, or nothing. */
static ew_status look_ahead(ew_journal *journal, size_t *length, ew_error *error) {
  for (;;) {
    const char *start = journal->in + journal->start;
    const char *newline = memchr(start, '\n', journal->filled - journal->start);
    ssize_t got;
    *length = newline ? (size_t)(newline - start) + 1 : 0;
    if (newline) return EW_OK;
    make_room(journal);
    got = read_at(journal->fd, journal->in + journal->filled, EW_LONGEST_LINE - journal->filled,
                  journal->read_to);
    if (got < 0) {
      refuse_system(journal, error, "cannot be read");
      return spoil(journal, error);
    }
    if (got == 0) return EW_OK;
    journal->filled += (size_t)got;
    journal->read_to += got;
  }
}

static void stop_reading(ew_journal *journal) {
  free(journal->in);
  journal->in = NULL;
  journal->torn = journal->read_to > journal->good;
  journal->written = journal->good;
}

static ew_status read_record(ew_journal *journal, ew_error *error) {
  size_t length;
  if (look_ahead(journal, &length, error) != EW_OK) return error->status;
  if (!length) {
    stop_reading(journal);
    return EW_OK;
  }
  if (journal->overlong || !ew_line_is_whole(journal->in + journal->start, length)) {
    ew_fail(error, EW_EJOURNAL, NULL, "%s %s: line %lu is damaged", journal->kind, journal->name,
            journal->line + 1);
    return spoil(journal, error);
  }
  journal->in[journal->start + length - EW_LINE_SUFFIX] = '}'; /* in place of the comma */
  journal->current = length;
  return EW_OK;
}

ew_status ew_journal_next(ew_journal *journal, const char **text, size_t *length, ew_error *error) {
  *text = NULL;
  *length = 0;
  if (check_usable(journal, error) != EW_OK) return error->status;
  if (journal->in && !journal->current && read_record(journal, error) != EW_OK)
    return error->status;
  if (!journal->current) return EW_OK;
  *text = journal->in + journal->start;
  *length = journal->current - EW_LINE_SUFFIX + 1;
  return EW_OK;
}

void ew_journal_pass(ew_journal *journal) {
  journal->line++;
  journal->start += journal->current;
  journal->good += (int64_t)journal->current;
  journal->current = 0;
}

/* ---- writing ---- */

/* The torn tail is cut off here and not before: a caller that reads the header and refuses it must
** leave the file as it was. */
static ew_status check_writable(ew_journal *journal, ew_error *error) {
  if (check_usable(journal, error) != EW_OK) return error->status;
  if (journal->in)
    return ew_fail(error, EW_EINVAL, NULL, "the journal was not read to its end yet");
  if (journal->torn && ftruncate(journal->fd, journal->good) != 0)
    return spoil_writing(journal, error, "cannot be mended");
  journal->torn = false;
  return EW_OK;
}

static ew_status check_record(const ew_journal *journal, const char *text, size_t length,
                              ew_error *error) {
  size_t header = strlen(journal->header);
  if (length > EW_LONGEST_RECORD)
    return ew_fail(error, EW_EINVAL, NULL, "a journal's record is at most %d bytes",
                   EW_LONGEST_RECORD);
  if (length < 4 || memcmp(text, "{\"", 2) != 0 || text[length - 1] != '}' ||
      memchr(text, '\n', length))
    return ew_fail(error, EW_EINVAL, NULL,
                   "a journal's record is one JSON object, not empty, on one line");
  if (!journal->begun && (length <= header || memcmp(text, journal->header, header) != 0))
    return ew_fail(error, EW_EINVAL, NULL, "a %s's first record begins with %s", journal->kind,
                   journal->header);
  return EW_OK;
}

/* false: errno says why not. */
static bool write_all(int fd, const ew_buffer *bytes) {
  size_t done = 0;
  while (done < bytes->length) {
    ssize_t count = write(fd, bytes->data + done, bytes->length - done);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO; /* never seen, and no reason to spin */
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

/* Some file systems have no way to sync a folder, and say EINVAL. */
static bool sync_folder(int fd) {
  return fd < 0 || fsync(fd) == 0 || errno == EINVAL;
}

/* The thread's job. The host appends to `out` meanwhile. */
static void sync_batch(void *arg) {
  ew_journal *journal = arg;
  journal->sync_failed = NULL;
  if (!write_all(journal->fd, &journal->batch))
    journal->sync_failed = "cannot be written";
  else if (fdatasync(journal->fd) != 0 || !sync_folder(journal->folder_fd))
    journal->sync_failed = "cannot be synced";
  journal->sync_errno = errno;
}

static ew_status conclude_sync(ew_journal *journal, ew_error *error) {
  journal->syncing = false;
  if (journal->sync_failed) {
    errno = journal->sync_errno;
    return spoil_writing(journal, error, journal->sync_failed);
  }
  ew_fd_close(&journal->folder_fd);
  journal->written += (int64_t)journal->batch.length;
  journal->good = journal->written;
  ew_buffer_clear(&journal->batch);
  return EW_OK;
}

static ew_status await_sync(ew_journal *journal, ew_error *error) {
  if (!journal->syncing) return EW_OK;
  ew_sync_thread_wait(journal->thread);
  return conclude_sync(journal, error);
}

static ew_status write_out(ew_journal *journal, ew_error *error) {
  if (await_sync(journal, error) != EW_OK) return error->status;
  if (!write_all(journal->fd, &journal->out))
    return spoil_writing(journal, error, "cannot be written");
  journal->written += (int64_t)journal->out.length;
  ew_buffer_clear(&journal->out);
  return EW_OK;
}

ew_status ew_journal_append(ew_journal *journal, const char *text, size_t length, ew_error *error) {
  if (check_writable(journal, error) != EW_OK ||
      check_record(journal, text, length, error) != EW_OK)
    return error->status;
  if (!ew_line_append(&journal->out, text, length)) return ew_fail_memory(error);
  journal->begun = journal->dirty = true;
  return journal->out.length < MUCH ? EW_OK : write_out(journal, error);
}

static bool begin_in_thread(ew_journal *journal) {
  if (!journal->thread) journal->thread = ew_sync_thread_new(sync_batch, journal);
  return journal->thread && ew_sync_thread_begin(journal->thread);
}

static ew_status sync_all(ew_journal *journal, bool in_thread, ew_error *error) {
  ew_buffer empty;
  if (check_writable(journal, error) != EW_OK || await_sync(journal, error) != EW_OK)
    return error->status;
  if (!journal->dirty) return EW_OK;
  empty = journal->batch;
  journal->batch = journal->out;
  journal->out = empty;
  journal->dirty = false;
  journal->syncing = in_thread && begin_in_thread(journal);
  if (journal->syncing) return EW_OK;
  sync_batch(journal);
  return conclude_sync(journal, error);
}

ew_status ew_journal_sync(ew_journal *journal, ew_error *error) {
  return sync_all(journal, false, error);
}

ew_status ew_journal_begin_sync(ew_journal *journal, ew_error *error) {
  return sync_all(journal, true, error);
}

ew_status ew_journal_look(ew_journal *journal, bool *synced, ew_error *error) {
  if (check_usable(journal, error) != EW_OK) return error->status;
  *synced = !journal->syncing || ew_sync_thread_has_ended(journal->thread);
  return journal->syncing && *synced ? conclude_sync(journal, error) : EW_OK;
}

/* ---- from the first to the last ---- */

void ew_journal_init(ew_journal *journal) {
  memset(journal, 0, sizeof *journal);
  journal->fd = journal->folder_fd = -1;
}

/* An earlier run may never have synced what is in the file. So `dirty` is true. */
static ew_status prepare(ew_journal *journal, const char *path, ew_error *error) {
  size_t length;
  journal->fork_generation = ew_fork_generation();
  journal->dirty = true;
  ew_buffer_init(&journal->out, MUCH + EW_LONGEST_LINE);
  ew_buffer_init(&journal->batch, MUCH + EW_LONGEST_LINE);
  journal->in = malloc(EW_LONGEST_LINE);
  if (!journal->in) return ew_fail_memory(error);
  if (check_header(journal, error) != EW_OK || look_ahead(journal, &length, error) != EW_OK)
    return error->status;
  journal->is_new = !length;
  journal->begun = !journal->is_new;
  open_folder(journal, path);
  if (journal->folder_fd < 0 && journal->is_new)
    return refuse_system(journal, error, "is in a folder that cannot be opened");
  return EW_OK;
}

ew_status ew_journal_open(ew_journal *journal, const char *path, ew_journal_kind kind,
                          ew_journal_access access, bool *found, ew_error *error) {
  ew_status status;
  journal->kind = ew_journal_kinds[kind];
  snprintf(journal->header, sizeof journal->header, "{\"format\":\"elevenlabs-workspace %s 1\",",
           journal->kind);
  ew_quotable(journal->name, sizeof journal->name, path, strlen(path));
  status = acquire(journal, path, access, error);
  *found = journal->fd >= 0;
  if (status == EW_OK && *found) status = prepare(journal, path, error);
  if (status != EW_OK) ew_journal_close(journal);
  return status;
}

void ew_journal_close(ew_journal *journal) {
  ew_sync_thread_free(journal->thread);
  journal->thread = NULL;
  /* No LOCK_UN: a forked child would take the lock from its parent. */
  ew_fd_close(&journal->fd);
  ew_fd_close(&journal->folder_fd);
  free(journal->in);
  journal->in = NULL;
  journal->current = 0;
  ew_buffer_free(&journal->out);
  ew_buffer_free(&journal->batch);
}
