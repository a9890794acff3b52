/*
** server.h - an HTTP/1.1 server on loopback in a child process, fast enough to be asked
** thousands of times. What it answers is in the resource's id: "no..." is 404, "busy..." is 500
** at first, "drop..." is hung up on at first, "hold..." is never answered, all else 200.
*/
#ifndef TORTURE_SERVER_H
#define TORTURE_SERVER_H

/* -> port, -1: errno tells */
int server_listen(void);

/* -> whole requests for it since the last server_forget; *confirmed of them with 200 */
int server_seen(const char *id, int *confirmed);

/* As if a request of another process had been. */
void server_confirm(const char *id);

void server_forget(void);

#endif
