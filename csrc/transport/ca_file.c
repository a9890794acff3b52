#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "transport/ca_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ew_status refuse(const char *path, ew_error *error, const char *why, const char *reason) {
  char name[120];
  ew_quotable(name, sizeof name, path, strlen(path));
  return ew_fail(error, EW_EINVAL, "ca_file", "ca_file %s %s%s", name, why, reason);
}

static ew_status refuse_system(const char *path, ew_error *error, const char *what) {
  const char *text = strerror(errno);
  char reason[100];
  ew_quotable(reason, sizeof reason, text, strlen(text));
  return refuse(path, error, what, reason);
}

static bool holds_certificate(const char *text, size_t length) {
  /* The first lines that OpenSSL and GnuTLS know. */
  static const char *const lines[] = {"-----BEGIN CERTIFICATE-----",
                                      "-----BEGIN TRUSTED CERTIFICATE-----",
                                      "-----BEGIN X509 CERTIFICATE-----"};
  size_t i;
  for (i = 0; i < sizeof lines / sizeof *lines; i++)
    if (memmem(text, length, lines[i], strlen(lines[i]))) return true;
  return false;
}

static ssize_t read_some(int fd, char *bytes, size_t size) {
  ssize_t got;
  do got = read(fd, bytes, size);
  while (got < 0 && errno == EINTR);
  return got;
}

/* Reads block by block. The end of each block is searched again with the next block, because a line
** may begin there. */
static ew_status look_for_certificate(int fd, const char *path, ew_error *error) {
  enum { SIZE = 8192, KEPT = 64 };
  char block[KEPT + SIZE];
  size_t kept = 0;
  for (;;) {
    ssize_t got = read_some(fd, block + kept, SIZE);
    size_t length = kept + (got > 0 ? (size_t)got : 0);
    if (got < 0) return refuse_system(path, error, "cannot be read: ");
    if (got == 0)
      return refuse(path, error, "holds no certificate in PEM",
                    " (-----BEGIN CERTIFICATE----- is its first line)");
    if (holds_certificate(block, length)) return EW_OK;
    kept = length < KEPT ? length : KEPT;
    memmove(block, block + length - kept, kept);
  }
}

/* A pipe could be read once, and libcurl reads the file with each connection. */
static ew_status look_at(int fd, const char *path, ew_error *error) {
  struct stat found;
  if (fstat(fd, &found) != 0) return refuse_system(path, error, "cannot be read: ");
  if (S_ISDIR(found.st_mode)) return refuse(path, error, "is a folder", "");
  if (!S_ISREG(found.st_mode)) return refuse(path, error, "is not a regular file", "");
  return look_for_certificate(fd, path, error);
}

/* O_NONBLOCK is for a FIFO, and means nothing to a regular file. */
ew_status ew_check_ca_file(const char *path, ew_error *error) {
  ew_status status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refuse_system(path, error, "cannot be opened: ");
  status = look_at(fd, path, error);
  close(fd);
  return status;
}
