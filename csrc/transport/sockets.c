#define _GNU_SOURCE
#include "transport/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

/* Writes the address as inet_ntop does. -> the port; 0: the address is not an IP's */
static int read_end(const struct sockaddr_storage *address, char *ip) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
  bool is_v6 = address->ss_family == AF_INET6;
  if (!is_v6 && address->ss_family != AF_INET) return 0;
  inet_ntop(address->ss_family, is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
            ip, EW_LONGEST_IP);
  return ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
}

/* Asks the system once for each connection. Asking at each request took most of the system time
** with many connections. */
static bool learn_ends(ew_socket *s) {
  struct sockaddr_storage local = {0}, remote = {0};
  socklen_t local_size = sizeof local, remote_size = sizeof remote;
  if (getsockname(s->fd, (struct sockaddr *)&local, &local_size) != 0 ||
      getpeername(s->fd, (struct sockaddr *)&remote, &remote_size) != 0)
    return false;
  s->local_port = read_end(&local, s->local_ip);
  s->remote_port = read_end(&remote, s->remote_ip);
  return s->local_port != 0;
}

ew_socket *ew_sockets_by_ends(ew_sockets *sockets, const char *local_ip, int local_port,
                              const char *remote_ip, int remote_port) {
  size_t i;
  for (i = 0; i < sockets->count; i++) {
    ew_socket *s = &sockets->all[i];
    if (!s->local_port && !learn_ends(s)) continue;
    if (s->local_port == local_port && s->remote_port == remote_port &&
        strcmp(s->local_ip, local_ip) == 0 && strcmp(s->remote_ip, remote_ip) == 0)
      return s;
  }
  return NULL;
}

bool ew_sockets_cork(ew_sockets *sockets, bool on) {
  int value = on;
  bool any = false;
  size_t i;
  for (i = 0; i < sockets->count; i++) {
    const ew_socket *s = &sockets->all[i];
    if (!s->multiplexed) continue;
    setsockopt(s->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
    any = true;
  }
  return any;
}

bool ew_socket_readable(const ew_socket *s) {
  struct pollfd look = {s->fd, POLLIN, 0};
  return poll(&look, 1, 0) > 0;
}

/* An unconnected socket refuses all bytes. A chroot may have no /dev/null. A descriptor is free,
** because the caller has closed the poller. */
void ew_sockets_cut_off(ew_sockets *sockets) {
  int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  size_t i;
  for (i = 0; i < sockets->count; i++) dup3(dead, sockets->all[i].fd, O_CLOEXEC);
  close(dead);
}

void ew_sockets_free(ew_sockets *sockets) {
  free(sockets->all);
  memset(sockets, 0, sizeof *sockets);
}
