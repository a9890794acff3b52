/*
** notifier.h - a descriptor that becomes readable if a thread signals its host.
** Some hosts, such as nginx's Lua, can wait only on sockets that they have connected. Such a host
** connects to the Unix socket that ew_notifier_listen makes.
*/
#ifndef EW_NOTIFIER_H
#define EW_NOTIFIER_H

#include "base/error.h"

#include <stdbool.h>

enum { EW_LONGEST_SOCKET_PATH = 108 };

typedef struct {
  int event_fd;                      /* -1 when closed, as the others */
  int listening_fd;                  /* until somebody has connected */
  int connected_fd;                  /* gets a byte for each signal */
  char path[EW_LONGEST_SOCKET_PATH]; /* "" without listening_fd */
} ew_notifier;

/* Closed. ew_notifier_close leaves the same state. */
void ew_notifier_init(ew_notifier *notifier);
bool ew_notifier_open(ew_notifier *notifier); /* false: no descriptors left */
void ew_notifier_close(ew_notifier *notifier);

/* In the child of a fork: closes this process's descriptors, leaves the parent's file. */
void ew_notifier_abandon(ew_notifier *notifier);

int ew_notifier_fd(const ew_notifier *notifier);
void ew_notifier_signal(ew_notifier *notifier);
void ew_notifier_clear(ew_notifier *notifier); /* the descriptor alone; bytes sent stay sent */

/* Makes a socket in a new folder that only this user may enter. notifier->path is its name.
** EW_ESYSTEM: the file system or the limit on descriptors forbids it. */
ew_status ew_notifier_listen(ew_notifier *notifier, ew_error *error);

/* Takes the connection that was made to the socket, in place of any before, and removes the socket
** from the file system. false: nobody has connected. */
bool ew_notifier_accept(ew_notifier *notifier);

#endif
