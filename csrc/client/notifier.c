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

void ew_bell_init(ew_bell *bell) {
  bell->event_fd = bell->listening_fd = bell->connected_fd = -1;
  bell->path[0] = '\0';
}

bool ew_bell_open(ew_bell *bell) {
  bell->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return bell->event_fd >= 0;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* The file and its folder. */
static void remove_path(ew_bell *bell) {
  if (!bell->path[0]) return;
  unlink(bell->path);
  *strrchr(bell->path, '/') = '\0';
  rmdir(bell->path);
  bell->path[0] = '\0';
}

void ew_bell_abandon(ew_bell *bell) {
  close_fd(&bell->event_fd);
  close_fd(&bell->listening_fd);
  close_fd(&bell->connected_fd);
  bell->path[0] = '\0';
}

void ew_bell_close(ew_bell *bell) {
  remove_path(bell);
  ew_bell_abandon(bell);
}

int ew_bell_fd(const ew_bell *bell) {
  return bell->event_fd;
}

void ew_bell_ring(ew_bell *bell) {
  uint64_t one = 1;
  ssize_t written = write(bell->event_fd, &one, sizeof one);
  (void)written; /* EAGAIN: it is full, so it is readable already */
  if (bell->connected_fd < 0) return;
  written = send(bell->connected_fd, "", 1, MSG_NOSIGNAL);
  if (written < 0 && errno != EAGAIN) close_fd(&bell->connected_fd);
}

void ew_bell_calm(ew_bell *bell) {
  uint64_t count;
  ssize_t got = read(bell->event_fd, &count, sizeof count);
  (void)got; /* EAGAIN: it was not rung */
}

/* A new folder and the name of a socket in it. */
static bool make_path(ew_bell *bell) {
  static const char name[] = "/bell";
  const char *folder = getenv("TMPDIR");
  size_t length;
  if (!folder || folder[0] != '/') folder = "/tmp";
  length = (size_t)snprintf(bell->path, sizeof bell->path, "%s/elevenlabs-XXXXXX", folder);
  if (length + sizeof name > sizeof bell->path || !mkdtemp(bell->path)) {
    bell->path[0] = '\0';
    return false;
  }
  memcpy(bell->path + length, name, sizeof name);
  return true;
}

static bool listen_at(ew_bell *bell) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, bell->path, strlen(bell->path));
  bell->listening_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return bell->listening_fd >= 0 &&
         bind(bell->listening_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
         listen(bell->listening_fd, 1) == 0;
}

ew_status ew_bell_listen(ew_bell *bell, ew_error *error) {
  if (bell->path[0]) return EW_OK; /* nobody has connected to it yet */
  if (make_path(bell) && listen_at(bell)) return EW_OK;
  ew_fail(error, EW_ESYSTEM, NULL, "cannot make a socket in the folder for temporary files: %s",
          strerror(errno));
  remove_path(bell);
  close_fd(&bell->listening_fd);
  return EW_ESYSTEM;
}

bool ew_bell_accept(ew_bell *bell) {
  int fd = accept4(bell->listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return false;
  close_fd(&bell->connected_fd);
  bell->connected_fd = fd;
  remove_path(bell);
  close_fd(&bell->listening_fd);
  return true;
}
