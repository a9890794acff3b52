/*
** libcurl.h - checks that this process's libcurl can be used, and initialises it once.
*/
#ifndef EW_LIBCURL_H
#define EW_LIBCURL_H

#include <stdbool.h>

/* NULL, or why the libcurl that was loaded cannot be used. Static. */
const char *ew_libcurl_unusable(void);

/* The version of the libcurl that was loaded, such as "7.88.1". After ew_libcurl_unusable. Static.
 */
const char *ew_libcurl_version(void);

/* Before any other use. Any number of times, from any thread. */
void ew_libcurl_init(void);

/* After ew_libcurl_init: libcurl uses OpenSSL, which the functions of tls.h may ask. */
bool ew_libcurl_has_openssl(void);

#endif
