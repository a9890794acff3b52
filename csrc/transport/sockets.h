/*
** sockets.h - the connected sockets that libcurl keeps, idle ones included: who
** they are, what went over them, and how to cut them off after a fork.
*/
#ifndef EW_SOCKETS_H
#define EW_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

enum { EW_LONGEST_IP = 46 };

typedef struct {
  int fd;
  bool multiplexed;       /* it speaks HTTP/2 */
  bool tunnelled;         /* through a proxy, which may have put TLS around TLS */
  unsigned long requests; /* that were let through */
  int local_port;         /* 0: it may not be connected, and its ends are not known: */
  int remote_port;
  char local_ip[EW_LONGEST_IP], remote_ip[EW_LONGEST_IP];
} ew_socket;

typedef struct {
  ew_socket *all; /* owned */
  size_t count, size;
} ew_sockets;

/* Open a socket and remember it. -1: the system or memory refuses. */
int ew_sockets_open(ew_sockets *sockets, int family, int type, int protocol);

/* Close it and forget it. Returns what close(2) does. */
int ew_sockets_close(ew_sockets *sockets, int fd);

/* NULL: not ours. Borrowed until the next open or close. */
ew_socket *ew_sockets_by_fd(ew_sockets *sockets, int fd);
ew_socket *ew_sockets_by_ends(ew_sockets *sockets, const char *local_ip, int local_port,
                              const char *remote_ip, int remote_port);

/* Hold back what is written to HTTP/2 connections, to let it go in full segments; or
** let it go. false: there is none. */
bool ew_sockets_cork(ew_sockets *sockets, bool on);

/* Has the peer said something, or hung up? */
bool ew_socket_readable(const ew_socket *socket);

/* In the child of a fork the connections are the parent's: a dead socket takes
** each one's place here, so that closing it says farewell to nobody. */
void ew_sockets_cut_off(ew_sockets *sockets);

void ew_sockets_free(ew_sockets *sockets);

#endif
