/*
** endpoint.h - the server that a client talks to: its URL, the way there, and whom to trust.
*/
#ifndef EW_ENDPOINT_H
#define EW_ENDPOINT_H

#include "base/error.h"

#include <curl/curl.h>
#include <stdbool.h>

/* All zero: nothing to free. */
typedef struct {
  CURLU *url;                       /* owned */
  char *path;                       /* owned; the URL's, without a slash at its end */
  bool plain;                       /* http, so the host is loopback */
  char *ca_file, *proxy, *no_proxy; /* owned; NULL: not set */
} ew_endpoint;

/* `ca_file` NULL: the system's authorities. `proxy` NULL: the environment's, as it is now; "":
** none. EW_EINVAL names base_url or ca_file. To be freed in any case. */
ew_status ew_endpoint_init(ew_endpoint *endpoint, const char *base_url, const char *ca_file,
                           const char *proxy, ew_error *error);
void ew_endpoint_free(ew_endpoint *endpoint);

#endif
