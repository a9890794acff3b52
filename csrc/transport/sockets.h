/*
** sockets.h - the connected sockets that libcurl keeps, idle ones included: their ends, what went
** over them, and how to cut them off after a fork.
*/
#ifndef EW_SOCKETS_H
#define EW_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

enum { EW_LONGEST_IP = 46 };

typedef struct {
  int fd;
  bool multiplexed;       /* the connection speaks HTTP/2 */
  bool tunnelled;         /* through a proxy, which may have put TLS around TLS */
  unsigned long requests; /* that were let through */
  int local_port;         /* 0: the ends were not read yet, or the socket is not connected */
  int remote_port;
  char local_ip[EW_LONGEST_IP], remote_ip[EW_LONGEST_IP];
} ew_socket;

typedef struct {
  ew_socket *all; /* owned */
  size_t count, size;
} ew_sockets;

/* Opens a socket and remembers it. -1: the system refuses, or there is no memory. */
int ew_sockets_open(ew_sockets *sockets, int family, int type, int protocol);

/* Closes a socket and forgets it. Returns what close(2) does. */
int ew_sockets_close(ew_sockets *sockets, int fd);

/* NULL: not ours. Borrowed until the next open or close. */
ew_socket *ew_sockets_by_fd(ew_sockets *sockets, int fd);
ew_socket *ew_sockets_by_ends(ew_sockets *sockets, const char *local_ip, int local_port,
                              const char *remote_ip, int remote_port);

/* Holds back what is written to HTTP/2 connections, so that it leaves in full segments; or lets it
** go. false: there is no such connection. */
bool ew_sockets_cork(ew_sockets *sockets, bool on);

/* True if the peer has sent something or hung up. */
bool ew_socket_readable(const ew_socket *socket);

/* In the child of a fork the connections are the parent's. A socket that was never connected takes
** the place of each, so that closing it sends nothing. */
void ew_sockets_cut_off(ew_sockets *sockets);

void ew_sockets_free(ew_sockets *sockets);

#endif
