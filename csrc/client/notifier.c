#define _GNU_SOURCE
#include "client/notifier.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

void ew_notifier_init(ew_notifier *notifier) {
  notifier->event_fd = notifier->listening_fd = notifier->connected_fd = -1;
  notifier->path[0] = '\0';
}

bool ew_notifier_open(ew_notifier *notifier) {
  notifier->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return notifier->event_fd >= 0;
}

/* The file and its folder. */
static void remove_path(ew_notifier *notifier) {
  if (!notifier->path[0]) return;
  unlink(notifier->path);
  *strrchr(notifier->path, '/') = '\0';
  rmdir(notifier->path);
  notifier->path[0] = '\0';
}

void ew_notifier_abandon(ew_notifier *notifier) {
  ew_fd_close(&notifier->event_fd);
  ew_fd_close(&notifier->listening_fd);
  ew_fd_close(&notifier->connected_fd);
  notifier->path[0] = '\0';
}

void ew_notifier_close(ew_notifier *notifier) {
  remove_path(notifier);
  ew_notifier_abandon(notifier);
}

int ew_notifier_fd(const ew_notifier *notifier) {
  return notifier->event_fd;
}

void ew_notifier_signal(ew_notifier *notifier) {
  uint64_t one = 1;
  ssize_t written = write(notifier->event_fd, &one, sizeof one);
  (void)written; /* EAGAIN: the counter is full, so the descriptor is readable already */
  if (notifier->connected_fd < 0) return;
  written = send(notifier->connected_fd, "", 1, MSG_NOSIGNAL);
  if (written < 0 && errno != EAGAIN) ew_fd_close(&notifier->connected_fd);
}

void ew_notifier_clear(ew_notifier *notifier) {
  uint64_t count;
  ssize_t got = read(notifier->event_fd, &count, sizeof count);
  (void)got; /* EAGAIN: there was no signal */
}

/* A new folder and the name of a socket in it. */
static bool make_path(ew_notifier *notifier) {
  static const char name[] = "/notify";
  const char *folder = getenv("TMPDIR");
  size_t length;
  if (!folder || folder[0] != '/') folder = "/tmp";
  length = (size_t)snprintf(notifier->path, sizeof notifier->path, "%s/elevenlabs-XXXXXX", folder);
  if (length + sizeof name > sizeof notifier->path || !mkdtemp(notifier->path)) {
    notifier->path[0] = '\0';
    return false;
  }
  memcpy(notifier->path + length, name, sizeof name);
  return true;
}

static bool listen_at(ew_notifier *notifier) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, notifier->path, strlen(notifier->path));
  notifier->listening_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return notifier->listening_fd >= 0 &&
         bind(notifier->listening_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
         listen(notifier->listening_fd, 1) == 0;
}

ew_status ew_notifier_listen(ew_notifier *notifier, ew_error *error) {
  if (notifier->path[0]) return EW_OK; /* nobody has connected to it yet */
  if (make_path(notifier) && listen_at(notifier)) return EW_OK;
  ew_fail(error, EW_ESYSTEM, NULL, "cannot make a socket in the folder for temporary files: %s",
          strerror(errno));
  remove_path(notifier);
  ew_fd_close(&notifier->listening_fd);
  return EW_ESYSTEM;
}

bool ew_notifier_accept(ew_notifier *notifier) {
  int fd = accept4(notifier->listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return false;
  ew_fd_close(&notifier->connected_fd);
  notifier->connected_fd = fd;
  remove_path(notifier);
  ew_fd_close(&notifier->listening_fd);
  return true;
}
