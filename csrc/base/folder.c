#define _GNU_SOURCE
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static ew_status refuse(ew_error *error, const char *path, const char *reason) {
  char name[120];
  ew_quotable(name, sizeof name, path, strlen(path));
  return ew_fail(error, EW_EINVAL, "folder", "the folder %s %s", name, reason);
}

static ew_status refuse_system(ew_error *error, const char *path, const char *what) {
  char reason[160];
  snprintf(reason, sizeof reason, "%s: %s", what, strerror(errno));
  return refuse(error, path, reason);
}

ew_status ew_folder_make(const char *path, ew_error *error) {
  if (mkdir(path, 0700) == 0) return EW_OK;
  if (errno == ENOENT) return refuse(error, path, "cannot be made: its parent folder is missing");
  if (errno != EEXIST) return refuse_system(error, path, "cannot be made");
  return ew_folder_check(path, error);
}

/* A file that another user can replace proves nothing. */
ew_status ew_folder_check(const char *path, ew_error *error) {
  struct stat found;
  if (stat(path, &found) != 0) return refuse_system(error, path, "cannot be used");
  if (!S_ISDIR(found.st_mode)) return refuse(error, path, "is a file");
  if (found.st_uid != geteuid()) return refuse(error, path, "belongs to another user");
  if (found.st_mode & (S_IWGRP | S_IWOTH))
    return refuse(error, path, "can be written by others: chmod 700 it");
  return EW_OK;
}

ew_status ew_folder_make_file(const char *path, ew_error *error) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  char name[120];
  ew_quotable(name, sizeof name, path, strlen(path));
  if (fd < 0)
    return ew_fail(error, EW_EINVAL, "folder", "%s cannot be made: %s", name, strerror(errno));
  ew_fd_close(&fd);
  return EW_OK;
}

/* Some file systems have no way to sync a folder, and say EINVAL. */
static bool sync_folder_of(const char *path) {
  char folder[PATH_MAX] = ".";
  const char *slash = strrchr(path, '/');
  bool synced;
  int fd;
  if (slash) snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  synced = fsync(fd) == 0 || errno == EINVAL;
  ew_fd_close(&fd);
  return synced;
}

ew_status ew_folder_rename(const char *from, const char *to, ew_error *error) {
  char name[120];
  ew_quotable(name, sizeof name, to, strlen(to));
  if (rename(from, to) != 0 || !sync_folder_of(to))
    return ew_fail(error, EW_ESYSTEM, "folder", "%s cannot be put in its place: %s", name,
                   strerror(errno));
  return EW_OK;
}
