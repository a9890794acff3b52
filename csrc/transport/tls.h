/*
** tls.h - asks OpenSSL for a connection's protocol and for unread bytes. libcurl tells neither.
** OpenSSL is not linked: its functions are looked up in the copy that libcurl uses.
*/
#ifndef EW_TLS_H
#define EW_TLS_H

#include <stdbool.h>

/* Looks for OpenSSL among the libraries that the library of `symbol` needs. To be called once,
** before the functions below. false: there is no OpenSSL, and they must not be called. */
bool ew_tls_find(const void *symbol);

/* `ssl` is the SSL pointer of a connection whose handshake has ended. */
bool ew_tls_speaks_h2(const void *ssl);

/* True if OpenSSL holds received bytes, decrypted or not. */
bool ew_tls_has_unread(const void *ssl);

#endif
