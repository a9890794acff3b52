/*
** internal.h - the two structs that the files of this folder share. Other folders see the
** functions of transfer.h and transport.h alone.
*/
#ifndef EW_TRANSPORT_INTERNAL_H
#define EW_TRANSPORT_INTERNAL_H

#include "transport/endpoint.h"
#include "transport/poller.h"
#include "transport/sockets.h"
#include "transport/transport.h"

#include <curl/curl.h>

enum { EW_HEADER_LINES = 4 };

struct ew_transfer {
  ew_transport *transport; /* borrowed; the one that started this transfer */
  unsigned slot;
  CURL *easy;          /* owned; NULL before the first start */
  CURLU *url;          /* owned, as `easy` */
  unsigned generation; /* of the multi handle for which `easy` was made */
  const ew_operation_rules *rules;
  ew_request *request; /* owned; a copy */
  size_t request_room; /* bytes allocated for it */
  ew_buffer key_line;  /* secret */
  struct curl_slist headers[EW_HEADER_LINES];
  ew_response response;
  char error_text[CURL_ERROR_SIZE];
  const char *reason; /* why we ended the attempt ourselves; static; NULL: we did not */
  int sends;          /* times that the request may have left this machine */
  bool stale;         /* its connection may hold a stray answer: restart on a fresh one */
  bool fresh;         /* it must not use a kept connection */
  bool opened_socket; /* a connection was begun for it */
  bool is_active;     /* it is in the transport's `active` */
  bool cancelled;     /* see ew_transfer_mark_cancelled */
  int socket;         /* the fd that carries it; -1: none */
  int curl_code;
  long proxy_status;
  int64_t started_us, elapsed_us;
  ew_transfer *previous, *next;
};

/* What a connection speaks, as far as is known. */
typedef enum { EW_UNKNOWN, EW_HTTP_1, EW_HTTP_2 } ew_protocol;

struct ew_transport {
  bool closed;
  CURLM *multi; /* owned; NULL when closed or when the system refused one */
  ew_poller poller;
  ew_sockets sockets;
  ew_transfers active, done;
  int64_t curl_due_us, wake_at_us;
  bool watched;          /* the host may wait on the poller's descriptor */
  bool awake;            /* that descriptor is readable, until the next pass */
  unsigned in_flight;    /* attempts in `active` */
  unsigned queued;       /* attempts in `active` that were started since the last pass */
  int64_t latency_us;    /* how long attempts take, smoothed */
  int64_t polled_us;     /* when the last pass looked for answers */
  ew_protocol newest;    /* of the newest connection that was used */
  bool must_release;     /* see release_waiting */
  bool broken;           /* the multi handle failed and must be replaced */
  long connection_limit; /* of the multi handle */
  unsigned generation;   /* of the multi handle; an easy handle of an older one is made anew */
  unsigned long long connections;
  /* options */
  ew_endpoint endpoint;
  ew_buffer user_agent_line;
  long connect_timeout_ms, attempt_timeout_ms, max_connections;
};

#endif
