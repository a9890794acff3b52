/*
** notifier.h - how a thread tells its host that there is news: a descriptor that is
** readable once rung. A host that can only wait on sockets it connected itself, as
** nginx's Lua, connects to one in the file system that exists just for that.
*/
#ifndef EW_BELL_H
#define EW_BELL_H

#include "base/error.h"

#include <stdbool.h>

enum { EW_LONGEST_SOCKET_PATH = 108 };

typedef struct {
  int event_fd;                      /* -1 when closed, as the others */
  int listening_fd;                  /* until somebody has connected */
  int connected_fd;                  /* one byte for each ring */
  char path[EW_LONGEST_SOCKET_PATH]; /* "" without listening_fd */
} ew_bell;

/* Closed: the state that ew_bell_close leaves too. */
void ew_bell_init(ew_bell *bell);
bool ew_bell_open(ew_bell *bell); /* false: no descriptors left */
void ew_bell_close(ew_bell *bell);

/* In the child of a fork: close this process's descriptors, leave the parent's file. */
void ew_bell_abandon(ew_bell *bell);

int ew_bell_fd(const ew_bell *bell);
void ew_bell_ring(ew_bell *bell);
void ew_bell_calm(ew_bell *bell); /* the descriptor's part; bytes sent stay sent */

/* Make a socket in a new folder that only this user may enter; its name is in
** bell->path. EW_ESYSTEM: the file system or the limit on descriptors forbids it. */
ew_status ew_bell_listen(ew_bell *bell, ew_error *error);

/* Take the connection that was made to it, in place of any before, and remove the
** socket from the file system. false: nobody has connected. */
bool ew_bell_accept(ew_bell *bell);

#endif
