/*
** tls.h - what OpenSSL knows of a connection and libcurl does not tell: whether it
** speaks HTTP/2, and whether it holds bytes that nobody has read. OpenSSL is not
** linked; the copy that libcurl itself uses is asked.
*/
#ifndef EW_TLS_H
#define EW_TLS_H

#include <stdbool.h>

/* Find OpenSSL among the libraries that the one with `symbol` stands on. Once, before
** the others are called. false: there is none, and the others must not be called. */
bool ew_tls_find(const void *symbol);

/* `ssl` is an SSL pointer of a connection whose handshake is over. */
bool ew_tls_speaks_h2(const void *ssl);

/* Does it hold received bytes, decrypted or not? */
bool ew_tls_has_unread(const void *ssl);

#endif
