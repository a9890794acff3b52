#define _GNU_SOURCE
#include "sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool reserve(ew_sockets *sockets) {
  size_t size = sockets->size ? sockets->size * 2 : 16;
  ew_socket *all;
  if (sockets->count < sockets->size) return true;
  all = realloc(sockets->all, size * sizeof *all);
  if (!all) return false;
  sockets->all = all;
  sockets->size = size;
  return true;
}

int ew_sockets_open(ew_sockets *sockets, int family, int type, int protocol) {
  ew_socket *added;
  int fd;
  if (!reserve(sockets)) return -1;
  fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -1;
  added = &sockets->all[sockets->count++];
  memset(added, 0, sizeof *added);
  added->fd = fd;
  return fd;
}

int ew_sockets_close(ew_sockets *sockets, int fd) {
  ew_socket *closed = ew_sockets_by_fd(sockets, fd);
  if (closed) *closed = sockets->all[--sockets->count];
  return close(fd);
}

ew_socket *ew_sockets_by_fd(ew_sockets *sockets, int fd) {
  size_t i;
  for (i = 0; i < sockets->count; i++)
    if (sockets->all[i].fd == fd) return &sockets->all[i];
  return NULL;
}

static int port_of(int fd) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  memset(&address, 0, sizeof address);
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
  return 0;
}

ew_socket *ew_sockets_by_port(ew_sockets *sockets, int local_port) {
  size_t i;
  for (i = 0; i < sockets->count; i++) {
    ew_socket *s = &sockets->all[i];
    if (s->local_port == 0) s->local_port = port_of(s->fd);
    if (s->local_port == local_port) return s;
  }
  return NULL;
}

bool ew_socket_readable(const ew_socket *s) {
  struct pollfd look = {s->fd, POLLIN, 0};
  return poll(&look, 1, 0) > 0;
}

/* A socket that was never connected refuses every byte, and a chroot has one too. */
void ew_sockets_cut_off(ew_sockets *sockets) {
  int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  size_t i;
  for (i = 0; i < sockets->count && dead >= 0; i++) dup3(dead, sockets->all[i].fd, O_CLOEXEC);
  if (dead >= 0) close(dead);
}

void ew_sockets_free(ew_sockets *sockets) {
  free(sockets->all);
  memset(sockets, 0, sizeof *sockets);
}
