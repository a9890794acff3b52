/*
** reuse.h - may a request go over this kept connection?
** An answer that is there before the request would be taken for the request's own answer. A
** request that libcurl repeats on its own may be applied twice.
*/
#ifndef EW_REUSE_H
#define EW_REUSE_H

#include "transport/internal.h"

/* CURLOPT_PREREQFUNCTION: libcurl calls this as the last thing before a request leaves, and again
** before it silently sends the request anew. `arg` is the transfer. */
int ew_reuse_decide(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port);

/* Learn the protocol of a transfer's connection from its answer, if OpenSSL cannot be asked. */
void ew_reuse_learn(ew_transport *transport, const ew_transfer *transfer);

/* A proxy's answer to the CONNECT of this transfer; 0: there was no CONNECT. */
long ew_reuse_proxy_status(CURL *easy);

#endif
