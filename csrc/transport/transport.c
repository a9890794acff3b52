#define _GNU_SOURCE
#include "transport/transport.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fork.h"
#include "transport/ca_file.h"
#include "transport/poller.h"
#include "transport/sockets.h"
#include "transport/tls.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed (CURLOPT_QUICK_EXIT)"
#endif

/* Added in 8.20, and unknown before. A program may run with a newer libcurl than it was
** compiled with. https://curl.se/libcurl/c/CURLMOPT_QUICK_EXIT.html */
#if LIBCURL_VERSION_NUM < 0x081400
#define CURLMOPT_QUICK_EXIT ((CURLMoption)21)
#endif

enum { HEADER_LINES = 4 };

/* Of one HTTP/2 connection: at each answer libcurl looks at all of them. */
static const long most_streams = 32;

struct ew_transfer {
  ew_transport *transport; /* borrowed; of the start */
  uint64_t id;
  CURL *easy;          /* owned; NULL before the first start */
  CURLU *url;          /* owned, as `easy` */
  unsigned generation; /* of the transport when `easy` was made */
  ew_request request;
  ew_buffer key_line; /* secret */
  struct curl_slist headers[HEADER_LINES];
  ew_response response;
  char error_text[CURL_ERROR_SIZE];
  const char *reason; /* why we ended it ourselves; static; NULL: we did not */
  int sends;          /* times that the request may have left */
  bool stale;         /* its connection held an answer to nothing */
  bool fresh;         /* it insists on a connection of its own */
  bool connects;      /* a socket was opened for it */
  int socket;         /* fd that carries it, -1 */
  int curl_code;
  long proxy_status;
  int64_t started_us, elapsed_us;
  ew_transfer *previous, *next;
};

typedef enum { UNKNOWN, HTTP_1, HTTP_2 } protocol;

struct ew_transport {
  unsigned known_forks; /* of the process to which it belongs */
  bool closed;
  CURLM *multi; /* owned; NULL when closed or when the system refused one */
  ew_poller poller;
  ew_sockets sockets;
  ew_transfers active, done; /* owned */
  int64_t curl_due_us, wake_at_us;
  bool watched;          /* the host may wait on the poller's descriptor */
  bool awake;            /* that descriptor is readable, until the next pass */
  unsigned under_way;    /* attempts in `active` */
  unsigned queued;       /* of them, started since the last pass */
  int64_t usual_us;      /* how long attempts take, smoothed */
  int64_t looked_us;     /* when the last pass looked for answers */
  protocol newest;       /* what the newest connection to be used speaks */
  bool must_release;     /* see release_waiting */
  bool broken;           /* the multi handle failed and must be replaced */
  long connection_limit; /* of the multi handle */
  unsigned generation;   /* of the multi handle; an easy handle of an older one is made anew */
  unsigned long long connections, forks;
  /* options */
  CURLU *base;                      /* owned */
  char *base_path;                  /* owned; without a slash at its end */
  char *ca_file, *proxy, *no_proxy; /* owned; NULL: not set */
  ew_buffer user_agent_line;
  bool plain; /* http, so loopback */
  long connect_timeout_ms, attempt_timeout_ms, max_connections;
};

/* ---- lists ---- */

static void list_remove(ew_transfers *list, ew_transfer *x) {
  if (x->previous)
    x->previous->next = x->next;
  else
    list->first = x->next;
  if (x->next)
    x->next->previous = x->previous;
  else
    list->last = x->previous;
  x->previous = x->next = NULL;
}

void ew_transfers_append(ew_transfers *list, ew_transfer *x) {
  x->previous = list->last;
  x->next = NULL;
  if (list->last)
    list->last->next = x;
  else
    list->first = x;
  list->last = x;
}

ew_transfer *ew_transfers_take(ew_transfers *list, uint64_t id) {
  ew_transfer *x = list->first;
  while (x && id && x->id != id) x = x->next;
  /* clang does not see that the first of a list has none before it, so that the list forgets
  ** x here. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
  if (x) list_remove(list, x);
  return x;
}

void ew_transfers_move(ew_transfers *to, ew_transfers *from) {
  if (!from->first) return;
  from->first->previous = to->last;
  if (to->last)
    to->last->next = from->first;
  else
    to->first = from->first;
  to->last = from->last;
  from->first = from->last = NULL;
}

const ew_transfer *ew_transfer_next(const ew_transfer *x) {
  return x->next;
}

/* ---- libcurl's callbacks: they only note things ---- */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
  ew_transfer *x = arg;
  ew_transport *t = x->transport;
  int fd = ew_sockets_open(&t->sockets, address->family, address->socktype, address->protocol);
  (void)purpose;
  if (fd < 0) return CURL_SOCKET_BAD;
  x->connects = true;
  ew_poller_forget(&t->poller, fd);
  return fd;
}

static int on_close_socket(void *arg, curl_socket_t fd) {
  ew_transport *t = arg;
  ew_transfer *x;
  ew_poller_forget(&t->poller, fd);
  for (x = t->active.first; x; x = x->next)
    if (x->socket == fd) x->socket = -1;
  return ew_sockets_close(&t->sockets, fd);
}

static int on_socket_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused) {
  ew_transport *t = arg;
  int interest = 0;
  (void)easy, (void)unused;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) interest |= EW_READABLE;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) interest |= EW_WRITABLE;
  return ew_poller_set(&t->poller, fd, interest) ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg) {
  ew_transport *t = arg;
  (void)multi;
  t->curl_due_us = timeout_ms < 0 ? EW_NEVER : ew_now_us() + (int64_t)timeout_ms * 1000;
  return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg) {
  ew_transfer *x = arg;
  x->reason = ew_response_header(&x->response, line, size * count);
  return x->reason ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg) {
  ew_transfer *x = arg;
  x->reason = ew_response_body(&x->response, bytes, size * count);
  return x->reason ? 0 : size * count;
}

static bool tls_known; /* OpenSSL was found and may be asked */

/* The connection that is about to be used, as OpenSSL has it; NULL: not known. */
static const void *tls_of(CURL *easy) {
  struct curl_tlssessioninfo *info = NULL;
  if (tls_known) curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info);
  return info && info->backend == CURLSSLBACKEND_OPENSSL ? info->internals : NULL;
}

/* A proxy's answer to this transfer's CONNECT; 0: it made none. */
static long proxy_status(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

/* Has this kept HTTP/1.1 connection something to say before we asked? It would be
** taken for the answer to the next request. In the socket it can be seen; what has
** been read with the end of the last answer's TLS record only OpenSSL can tell, and
** where it cannot be asked, or there may be TLS within TLS, the connection is not
** trusted. Over HTTP/2 unasked frames are usual and carry their stream's number. */
static bool holds_stray_answer(const ew_transfer *x, const ew_socket *s, const void *ssl) {
  if (!s) return !x->fresh; /* libcurl names ends that no socket of ours has */
  if (s->requests == 0 || s->multiplexed) return false;
  if (!x->transport->plain && (!ssl || s->tunnelled || ew_tls_has_unread(ssl))) return true;
  return ew_socket_readable(s);
}

static void learn_protocol(ew_transport *t, ew_socket *s, bool is_h2) {
  if (s) s->multiplexed = is_h2;
  if (!is_h2 && t->newest != HTTP_1) t->must_release = true;
  t->newest = is_h2 ? HTTP_2 : HTTP_1;
}

/* The last word before a request leaves. libcurl asks again before it silently
** sends one anew, which only a repeatable request may stand. The connection's ends
** find the socket: CURLINFO_ACTIVESOCKET still names the previous one here. */
static int on_before_request(void *arg, char *remote_ip, char *local_ip, int remote_port,
                             int local_port) {
  ew_transfer *x = arg;
  ew_transport *t = x->transport;
  const void *ssl = tls_of(x->easy);
  ew_socket *s = ew_sockets_by_ends(&t->sockets, local_ip, local_port, remote_ip, remote_port);
  if (x->sends && !x->request.repeatable) {
    x->reason = "the connection ended before an answer came";
    return CURL_PREREQFUNC_ABORT;
  }
  if (s && ssl) learn_protocol(t, s, ew_tls_speaks_h2(ssl));
  if (holds_stray_answer(x, s, ssl)) {
    x->stale = true;
    return CURL_PREREQFUNC_ABORT;
  }
  x->sends++;
  x->socket = s ? s->fd : -1;
  if (s && s->requests++ == 0) {
    s->tunnelled = proxy_status(x->easy) != 0;
    t->connections++;
  }
  return CURL_PREREQFUNC_OK;
}

/* ---- one transfer ----
** What is set or appended goes on after a failure: one look at the end finds it. */

static const struct {
  CURLoption option;
  long value;
} fixed_options[] = {
  {CURLOPT_NOSIGNAL, 1},
  {CURLOPT_QUICK_EXIT, 1},     /* else the end of a transfer waits for the resolver's thread */
  {CURLOPT_FOLLOWLOCATION, 0}, /* libcurl would send xi-api-key to the new host */
  {CURLOPT_NETRC, CURL_NETRC_IGNORED},
  {CURLOPT_HTTP09_ALLOWED, 0},
  {CURLOPT_PATH_AS_IS, 1},
  {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
  {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
  {CURLOPT_SSL_VERIFYPEER, 1},
  {CURLOPT_SSL_VERIFYHOST, 2},
  {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE}, /* a proxy never sees our headers */
  {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
  {CURLOPT_MAXLIFETIME_CONN, 300},
  {CURLOPT_LOW_SPEED_LIMIT, 1},
  {CURLOPT_LOW_SPEED_TIME, 15},
};

static bool set_fixed_options(CURL *easy) {
  bool ok = true;
  size_t i;
  for (i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++)
    ok &= curl_easy_setopt(easy, fixed_options[i].option, fixed_options[i].value) == CURLE_OK;
  return ok;
}

static bool set_client_options(const ew_transport *t, CURL *easy) {
  bool ok = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, t->plain ? "http" : "https") == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, t->connect_timeout_ms) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->attempt_timeout_ms) == CURLE_OK;
  if (t->ca_file) ok &= curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file) == CURLE_OK;
  /* NULL would have libcurl look for them. */
  ok &= curl_easy_setopt(easy, CURLOPT_PROXY, t->proxy ? t->proxy : "") == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_NOPROXY, t->no_proxy ? t->no_proxy : "") == CURLE_OK;
  return ok;
}

static bool set_callbacks(ew_transport *t, ew_transfer *x) {
  CURL *easy = x->easy;
  bool ok = curl_easy_setopt(easy, CURLOPT_PRIVATE, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error_text) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_HEADERDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_WRITEDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_PREREQDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CURLU, x->url) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t) == CURLE_OK;
  return ok;
}

ew_transfer *ew_transfer_new(void) {
  ew_transfer *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  ew_response_init(&x->response);
  ew_buffer_init(&x->key_line, EW_LONGEST_FIELD + 32);
  return x;
}

static void clear_evidence(ew_transfer *x) {
  ew_response_clear(&x->response);
  x->error_text[0] = '\0';
  x->reason = NULL;
  x->sends = 0;
  x->stale = x->fresh = x->connects = false;
  x->socket = -1;
  x->curl_code = 0;
  x->proxy_status = 0;
}

bool ew_transfer_prepare(ew_transfer *x, uint64_t id, ew_request *request, const ew_text *key) {
  clear_evidence(x);
  x->id = id;
  x->request = *request;
  x->started_us = ew_now_us();
  if (!key->data || (ew_buffer_append_text(&x->key_line, "xi-api-key: ") &&
                     ew_buffer_append(&x->key_line, key->data, key->length)))
    return true;
  ew_transfer_clear(x);
  return false;
}

/* Large bodies are not hoarded. */
void ew_transfer_clear(ew_transfer *x) {
  ew_request_free(&x->request);
  ew_buffer_wipe(&x->key_line);
  if (x->response.body.capacity > (size_t)64 * 1024) ew_response_free(&x->response);
}

void ew_transfer_free(ew_transfer *x) {
  curl_easy_cleanup(x->easy);
  curl_url_cleanup(x->url);
  ew_request_free(&x->request);
  ew_buffer_wipe(&x->key_line);
  ew_response_free(&x->response);
  free(x);
}

void ew_transfer_abandon(ew_transfer *x, ew_status why, const char *reason) {
  x->curl_code = why == EW_ENOMEM    ? CURLE_OUT_OF_MEMORY
                 : why == EW_ESYSTEM ? CURLE_COULDNT_CONNECT
                                     : EW_ABORTED;
  x->reason = reason;
  x->elapsed_us = ew_now_us() - x->started_us;
  ew_buffer_wipe(&x->key_line);
}

static bool set_options(ew_transport *t, ew_transfer *x) {
  bool ok = set_fixed_options(x->easy);
  ok &= set_client_options(t, x->easy);
  ok &= set_callbacks(t, x);
  return ok;
}

/* false: no memory. */
static bool make_easy(ew_transport *t, ew_transfer *x) {
  if (x->easy && x->generation == t->generation) return true;
  curl_easy_cleanup(x->easy);
  x->transport = t;
  x->generation = t->generation;
  x->easy = curl_easy_init();
  if (!x->url) x->url = curl_url_dup(t->base);
  if (x->easy && x->url && set_options(t, x)) return true;
  curl_easy_cleanup(x->easy);
  x->easy = NULL;
  return false;
}

static void add_line(ew_transfer *x, int *count, char *line) {
  struct curl_slist *node = &x->headers[*count];
  node->data = line;
  node->next = NULL;
  if (*count > 0) x->headers[*count - 1].next = node;
  (*count)++;
}

/* Our own list nodes: curl_slist_append would copy the key where we cannot wipe it. The user
** agent too: CURLOPT_USERAGENT is formatted twice for each request, byte by byte. */
static bool set_headers(ew_transfer *x) {
  static char accept[] = "accept: application/json";
  static char content_type[] = "content-type: application/json";
  int count = 0;
  add_line(x, &count, accept);
  if (x->request.method == EW_HTTP_POST) add_line(x, &count, content_type);
  add_line(x, &count, x->transport->user_agent_line.data);
  if (x->key_line.data) add_line(x, &count, x->key_line.data);
  return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

static bool set_method(ew_transfer *x) {
  CURL *easy = x->easy;
  const ew_buffer *body = &x->request.body;
  bool ok = curl_easy_setopt(easy, CURLOPT_NOBODY, 0L) == CURLE_OK;
  switch (x->request.method) {
    case EW_HTTP_HEAD:
      ok &= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
      break;
    case EW_HTTP_POST:
      ok &= curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
      ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body->length) == CURLE_OK;
      ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ew_buffer_text(body)) == CURLE_OK;
      break;
    case EW_HTTP_GET:
    default:
      ok &= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
  }
  return ok;
}

/* By parts: libcurl would take a text apart and write it anew, byte by byte, for each request. */
static bool set_url(const ew_transport *t, ew_transfer *x) {
  ew_buffer path;
  char *query = NULL;
  bool ok;
  ew_buffer_init(&path, 16384);
  ok = ew_buffer_append_text(&path, t->base_path) &&
       ew_buffer_append(&path, x->request.target.data, x->request.target.length);
  if (ok) query = strchr(path.data, '?');
  if (query) *query++ = '\0';
  ok = ok && curl_url_set(x->url, CURLUPART_PATH, path.data, 0) == CURLUE_OK &&
       curl_url_set(x->url, CURLUPART_QUERY, query, 0) == CURLUE_OK;
  ew_buffer_free(&path);
  return ok;
}

/* A fresh connection, or one that is there or coming. Over HTTP/2 a transfer rather waits for a
** stream on a connection that is coming than begins a handshake of its own. */
static bool set_connection(const ew_transport *t, ew_transfer *x, bool fresh) {
  bool may_wait = !t->plain && t->newest != HTTP_1;
  x->fresh = fresh;
  return curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L) == CURLE_OK &&
         curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, may_wait ? 1L : 0L) == CURLE_OK;
}

static bool set_request(const ew_transport *t, ew_transfer *x) {
  bool ok = set_headers(x);
  ok &= set_method(x);
  ok &= set_url(t, x);
  /* A grant must not be repeated behind our back, so over HTTP/1.1 it gets a connection that
  ** cannot have died in idleness. */
  ok &= set_connection(t, x, !x->request.repeatable && t->newest != HTTP_2);
  return ok;
}

/* ---- life of an attempt ---- */

static void settle(ew_transport *t);
static bool bring_up(ew_transport *t);
static void check_fork(ew_transport *t);

ew_status ew_transport_start(ew_transport *t, ew_transfer *x, ew_error *error) {
  check_fork(t);
  if (t->closed) return ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
  if (!bring_up(t))
    return ew_fail(error, EW_ESYSTEM, NULL, "no descriptors or memory left for a poller");
  if (!make_easy(t, x) || !set_request(t, x) ||
      curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
    return ew_fail_memory(error);
  ew_transfers_append(&t->active, x);
  t->under_way++;
  t->queued++;
  settle(t);
  return EW_OK;
}

/* Where OpenSSL cannot be asked, a connection's protocol is known by its answers. */
static void learn_from_answer(ew_transport *t, const ew_transfer *x) {
  long version = 0;
  if (tls_known) return;
  curl_easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &version);
  if (version)
    learn_protocol(t, ew_sockets_by_fd(&t->sockets, x->socket), version == CURL_HTTP_VERSION_2_0);
}

/* libcurl and we must have read the same status, or one was misled. */
static bool agrees(ew_transfer *x) {
  long status = 0;
  curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
  return status == x->response.status;
}

/* Say which of our time-outs passed: libcurl names none of them. What was only slow
** (CURLOPT_LOW_SPEED_TIME) keeps libcurl's words. */
static void name_time_out(const ew_transport *t, ew_transfer *x) {
  enum { EARLY_US = 5000 }; /* libcurl counts in milliseconds */
  int64_t elapsed_us = x->elapsed_us + EARLY_US;
  char said[CURL_ERROR_SIZE];
  memcpy(said, x->error_text, sizeof said);
  if (elapsed_us >= (int64_t)t->attempt_timeout_ms * 1000)
    snprintf(x->error_text, sizeof x->error_text, "attempt_timeout_ms (%ld) passed",
             t->attempt_timeout_ms);
  else if (x->sends == 0 && elapsed_us >= (int64_t)t->connect_timeout_ms * 1000)
    snprintf(x->error_text, sizeof x->error_text, "connect_timeout_ms (%ld) passed: %.200s",
             t->connect_timeout_ms, said);
}

/* The one way out of `active`. */
static void finish(ew_transport *t, ew_transfer *x, int curl_code) {
  learn_from_answer(t, x);
  if (curl_code == CURLE_OK && !agrees(x)) {
    curl_code = CURLE_WEIRD_SERVER_REPLY;
    x->reason = "the answer's status can be read in two ways";
  }
  x->proxy_status = proxy_status(x->easy);
  curl_multi_remove_handle(t->multi, x->easy);
  x->curl_code = curl_code;
  x->elapsed_us = ew_now_us() - x->started_us;
  if (curl_code == CURLE_OPERATION_TIMEDOUT) name_time_out(t, x);
  t->usual_us += (x->elapsed_us - t->usual_us) / 8;
  x->socket = -1;
  ew_buffer_wipe(&x->key_line);
  list_remove(&t->active, x);
  t->under_way--;
  ew_transfers_append(&t->done, x);
}

/* Once more: nothing was sent yet. */
static void restart(ew_transport *t, ew_transfer *x, bool fresh) {
  curl_multi_remove_handle(t->multi, x->easy);
  x->stale = false;
  x->error_text[0] = '\0';
  if (!set_connection(t, x, fresh) || curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
    finish(t, x, CURLE_OUT_OF_MEMORY);
}

/* Transfers that wait to see whether a connection speaks HTTP/2. If it does not, libcurl 7.88
** lets them go; 8.14 keeps them until that connection has its answer, which may never come. */
static void release_waiting(ew_transport *t) {
  ew_transfer *x = t->active.first, *next;
  t->must_release = false;
  for (; x; x = next) {
    next = x->next;
    if (!x->connects && x->sends == 0) restart(t, x, x->fresh);
  }
}

static void collect(ew_transport *t) {
  CURLMsg *message;
  int left;
  while (t->multi && (message = curl_multi_info_read(t->multi, &left)) != NULL) {
    ew_transfer *x = NULL;
    CURLcode code = message->data.result;
    if (message->msg != CURLMSG_DONE) continue; /* libcurl has no others yet */
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
    if (x->stale)
      restart(t, x, true);
    else
      finish(t, x, (int)code);
  }
}

static void abort_all(ew_transport *t, const char *reason, int curl_code) {
  collect(t);
  while (t->active.first) {
    t->active.first->reason = reason;
    finish(t, t->active.first, curl_code);
  }
}

void ew_transport_cancel(ew_transport *t, uint64_t id) {
  ew_transfer *x;
  check_fork(t);
  collect(t);
  for (x = t->active.first; x && x->id != id; x = x->next) {}
  if (x) {
    x->reason = "cancelled";
    finish(t, x, EW_ABORTED);
  }
  settle(t);
}

/* ---- running ---- */

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* When the oldest attempt must have ended. libcurl has a time-out of its own, but
** does not look at it while a transfer waits for another's connection. */
static int64_t overdue_us(const ew_transport *t) {
  const ew_transfer *oldest = t->active.first;
  return oldest ? oldest->started_us + (int64_t)t->attempt_timeout_ms * 1000 : EW_NEVER;
}

static int64_t due_us(const ew_transport *t) {
  return earlier(earlier(t->curl_due_us, t->wake_at_us), overdue_us(t));
}

/* The host may wait on the fd as soon as a public call returns. One that never asked
** for it is spared the system calls: setting a timer costs more than a request's Lua. */
static void settle(ew_transport *t) {
  int64_t due;
  if (t->closed || !t->multi || !t->watched) return;
  ew_poller_flush(&t->poller);
  due = t->done.first ? 0 : due_us(t);
  if (due > ew_now_us())
    ew_poller_arm(&t->poller, due);
  else if (!t->awake) {
    ew_poller_wake(&t->poller);
    t->awake = true;
  }
}

static void act(ew_transport *t, int fd, int mask) {
  int running;
  if (t->broken) return;
  if (curl_multi_socket_action(t->multi, fd, mask, &running) != CURLM_OK) t->broken = true;
}

/* Due time-outs first: in the other order libcurl 7.88 fails a transfer whose
** server answers before the body was sent. */
static void run_due(ew_transport *t, const ew_ready *ready, int count) {
  int i;
  if (t->curl_due_us <= ew_now_us()) {
    t->curl_due_us = EW_NEVER;
    act(t, CURL_SOCKET_TIMEOUT, 0);
  }
  for (i = 0; i < count; i++)
    act(t, ready[i].fd,
        (ready[i].ready & EW_READABLE ? CURL_CSELECT_IN : 0) |
          (ready[i].ready & EW_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void end_overdue(ew_transport *t) {
  while (overdue_us(t) <= ew_now_us()) {
    finish(t, t->active.first, CURLE_OPERATION_TIMEDOUT);
  }
}

/* With many in flight over a slow network answers come one by one, and each costs a whole
** pass of libcurl's and a step of Lua's. Those of a thirty-second of the time that an answer
** takes are read together: the window is as good as full meanwhile. (256 in flight, replies
** after 50-150 ms: a fifth less CPU.) -> false: a signal came */
static bool gather(const ew_transport *t, int64_t until_us) {
  enum { SHARE = 32, LEAST_US = 200, MOST_US = 4000 };
  int64_t pause_us = earlier(t->usual_us / SHARE, MOST_US);
  int64_t left_us = earlier(t->looked_us + pause_us, until_us) - ew_now_us();
  struct timespec pause = {0, (long)left_us * 1000};
  bool expects_some = t->under_way >= SHARE;
  if (!expects_some || pause_us < LEAST_US || left_us <= 0) return true;
  return nanosleep(&pause, NULL) == 0;
}

/* Of a burst that finds no connection, libcurl would give each a connection of its own that
** has no place on the first. How many a burst needs is known from the last answer's protocol;
** some more are for servers that take fewer streams than we would give them. */
static void limit_connections(ew_transport *t) {
  enum { MORE = 3 };
  long limit = t->max_connections;
  if (t->newest == HTTP_2) limit = earlier((limit + most_streams - 1) / most_streams + MORE, limit);
  if (limit == t->connection_limit) return;
  t->connection_limit = limit;
  curl_multi_setopt(t->multi, CURLMOPT_MAX_HOST_CONNECTIONS, limit);
}

static void tear_down(ew_transport *t, const char *reason, int curl_code);

/* Wait until `end_us`, 0: not at all. -> false: the caller should look at its own business
** (a signal, its wake time). */
static bool pass(ew_transport *t, int64_t end_us) {
  ew_ready ready[EW_MOST_READY];
  int count = 0;
  bool corked;
  ew_poller_flush(&t->poller);
  if (t->queued == 0) { /* what was just queued is written before anybody looks for answers */
    int64_t until_us = earlier(due_us(t), end_us);
    if (end_us != 0 && !gather(t, until_us)) return false;
    count =
      ew_poller_wait(&t->poller, until_us == EW_NEVER ? EW_NEVER : until_us - ew_now_us(), ready);
    t->awake = false;
    t->looked_us = ew_now_us();
  }
  if (count < 0) return false;
  limit_connections(t);
  corked = t->queued > 1 && ew_sockets_cork(&t->sockets, true);
  t->queued = 0;
  run_due(t, ready, count);
  if (corked) ew_sockets_cork(&t->sockets, false);
  collect(t);
  if (t->must_release) release_waiting(t);
  end_overdue(t);
  if (t->broken) {
    tear_down(t, "out of memory", CURLE_OUT_OF_MEMORY);
    bring_up(t);
  }
  if (t->wake_at_us <= ew_now_us()) {
    t->wake_at_us = EW_NEVER;
    return false;
  }
  return t->multi != NULL;
}

void ew_transport_step(ew_transport *t, int64_t timeout_us) {
  int64_t now = ew_now_us(), end_us = timeout_us < EW_NEVER - now ? now + timeout_us : EW_NEVER;
  check_fork(t);
  if (t->closed || !bring_up(t)) return;
  if (timeout_us == 0) end_us = 0;
  while (pass(t, t->done.first ? 0 : end_us) && !t->done.first && ew_now_us() < end_us) {}
  settle(t);
}

void ew_transport_wake_at(ew_transport *t, int64_t at_us) {
  check_fork(t);
  t->wake_at_us = at_us;
  settle(t);
}

int ew_transport_fd(ew_transport *t) {
  check_fork(t);
  if (t->closed || !bring_up(t)) return -1;
  t->watched = true;
  settle(t);
  return ew_poller_fd(&t->poller);
}

int ew_transport_sleep_fd(ew_transport *t) {
  if (!bring_up(t)) return -1;
  ew_poller_flush(&t->poller);
  return ew_poller_fd(&t->poller);
}

int64_t ew_transport_due_us(ew_transport *t) {
  check_fork(t);
  if (t->closed) return EW_NEVER;
  return t->done.first ? 0 : due_us(t);
}

unsigned long long ew_transport_connections(const ew_transport *t) {
  return t->connections;
}

unsigned long long ew_transport_forks(ew_transport *t) {
  check_fork(t);
  return t->forks;
}

void ew_transport_poke(ew_transport *t) {
  ew_poller_wake(&t->poller);
}

static const char *message_of(const ew_transfer *x) {
  if (x->reason) return x->reason;
  if (x->curl_code == CURLE_OK) return "";
  return x->error_text[0] ? x->error_text : curl_easy_strerror((CURLcode)x->curl_code);
}

ew_completion ew_transfer_completion(const ew_transfer *x) {
  ew_completion completion;
  completion.id = x->id;
  completion.curl_code = x->curl_code;
  completion.sent = x->sends > 0;
  completion.resent = x->sends > 1;
  completion.proxy_status = x->proxy_status;
  completion.whole = x->curl_code == CURLE_OK && ew_response_whole(&x->response);
  completion.response = &x->response;
  completion.message = message_of(x);
  completion.elapsed_us = x->elapsed_us;
  return completion;
}

const ew_transfer *ew_transport_done(const ew_transport *t) {
  return t->done.first;
}

void ew_transport_take_done(ew_transport *t, ew_transfers *to) {
  ew_transfers_move(to, &t->done);
  if (t->awake) ew_poller_calm(&t->poller);
  t->awake = false;
  settle(t);
}

/* ---- coming up, going down, forking ---- */

/* Every attempt ends and every connection closes. Completions stay, and so does the
** poller: hosts wait on its descriptor. */
static void tear_down(ew_transport *t, const char *reason, int curl_code) {
  if (t->multi) {
    abort_all(t, reason, curl_code);
    curl_multi_cleanup(t->multi); /* closes its connections through on_close_socket */
    t->multi = NULL;
  }
  t->curl_due_us = t->wake_at_us = EW_NEVER;
  t->broken = t->must_release = false;
  t->newest = UNKNOWN;
  t->generation++;
}

static bool set_multi_options(ew_transport *t) {
  CURLM *multi = t->multi;
  bool ok = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_interest) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, t) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, most_streams) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, t->connection_limit) == CURLM_OK;
  ok &= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, t->max_connections) == CURLM_OK;
  /* From 8.20 the resolver's threads belong to the multi handle, and its end would wait for them.
   */
  curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
  return ok;
}

/* Idempotent. false: the system has no memory or descriptors now; asked again later. */
static bool bring_up(ew_transport *t) {
  if (t->multi) return true;
  if (ew_poller_fd(&t->poller) < 0 && !ew_poller_open(&t->poller)) return false;
  t->multi = curl_multi_init();
  if (t->multi && set_multi_options(t)) return true;
  curl_multi_cleanup(t->multi); /* of NULL too */
  t->multi = NULL;
  return false;
}

/* In the child of a fork: the poller goes first and is never told of changes,
** which would reach the parent's. Calls under way are the parent's to finish. */
static void check_fork(ew_transport *t) {
  if (t->known_forks == ew_forks()) return;
  t->known_forks = ew_forks();
  t->forks++;
  if (t->closed) return;
  ew_poller_close(&t->poller);
  t->awake = false;
  ew_sockets_cut_off(&t->sockets);
  tear_down(t, "the process forked while this was under way", EW_ABORTED);
  ew_poller_close(&t->poller); /* frees what the farewells noted in it */
  bring_up(t);
  settle(t);
}

/* ---- opening ---- */

static const char *unusable;

static void look_at_libcurl(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  if (info->version_num < 0x075700)
    unusable = "libcurl 7.87 or newer is needed; an older one was loaded";
  else if (!(info->features & CURL_VERSION_SSL))
    unusable = "the libcurl that was loaded cannot do TLS";
  else if (!(info->features & CURL_VERSION_THREADSAFE))
    unusable = "the libcurl that was loaded cannot be initialised thread-safely";
}

/* Once: curl_version_info writes to static memory, and states of several threads may load the
** module at the same time. */
const char *ew_transport_unusable(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, look_at_libcurl);
  return unusable;
}

static bool is_loopback(const char *host) {
  unsigned char address[4];
  return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         (inet_pton(AF_INET, host, address) == 1 && address[0] == 127);
}

static bool printable(const char *text) {
  for (; *text; text++)
    if (*text < 0x21 || *text > 0x7e) return false;
  return true;
}

static ew_status refuse_url(ew_error *error, const char *why) {
  return ew_fail(error, EW_EINVAL, "base_url", "base_url %s", why);
}

/* `absent` is what libcurl answers where there is none, even without memory. */
static ew_status check_absent(CURLU *url, CURLUPart part, CURLUcode absent, ew_error *error) {
  char *text = NULL;
  CURLUcode code = curl_url_get(url, part, &text, 0);
  curl_free(text);
  return code == absent ? EW_OK : refuse_url(error, "must not hold a user name or password");
}

/* What the parsed URL may hold. */
static ew_status check_parts(const ew_transport *t, CURLU *url, ew_error *error) {
  char *host = NULL;
  bool loopback;
  if (check_absent(url, CURLUPART_USER, CURLUE_NO_USER, error) != EW_OK ||
      check_absent(url, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD, error) != EW_OK)
    return error->status;
  if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) return ew_fail_memory(error);
  loopback = is_loopback(host);
  curl_free(host);
  if (t->plain && !loopback)
    return refuse_url(error, "must begin with https:// (http:// is for loopback alone)");
  return EW_OK;
}

static ew_status keep_url(ew_transport *t, CURLU *url, ew_error *error) {
  char *path = NULL;
  size_t length;
  if (curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK) return ew_fail_memory(error);
  t->base_path = strdup(path);
  curl_free(path);
  t->base = curl_url_dup(url);
  if (!t->base_path || !t->base) return ew_fail_memory(error);
  for (length = strlen(t->base_path); length && t->base_path[length - 1] == '/'; length--)
    t->base_path[length - 1] = '\0';
  return EW_OK;
}

static ew_status parse_base_url(ew_transport *t, const char *text, ew_error *error) {
  bool https = strncmp(text, "https://", 8) == 0;
  CURLU *url;
  CURLUcode code;
  ew_status status;
  t->plain = strncmp(text, "http://", 7) == 0;
  if ((!https && !t->plain) || text[https ? 8 : 7] == '/')
    return refuse_url(error, "must begin with https:// and a host");
  if (strlen(text) > 2048) return refuse_url(error, "is longer than 2048 bytes");
  if (!printable(text) || strpbrk(text, "\\?#"))
    return refuse_url(error, "must not hold a space, a backslash, a query or a fragment");
  url = curl_url();
  if (!url) return ew_fail_memory(error);
  code = curl_url_set(url, CURLUPART_URL, text, 0);
  if (code == CURLUE_OUT_OF_MEMORY)
    status = ew_fail_memory(error);
  else if (code != CURLUE_OK)
    status = refuse_url(error, "is not a URL");
  else if ((status = check_parts(t, url, error)) == EW_OK)
    status = keep_url(t, url, error);
  curl_url_cleanup(url);
  return status;
}

/* libcurl's resolver threads may outlive every transport, and unloading the code
** that they run would crash. Pins whatever holds this file (module, plugin or
** program), and libcurl with it. The linker's nodelete is not enough: LuaRocks cannot
** pass it, and a plugin that links the static library would have to know of it. */
static void stay_loaded(void) {
  static const char here;
  Dl_info self;
  if (dladdr(&here, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static void global_init(void) {
  CURL *(*symbol)(void) = curl_easy_init;
  void *address;
  memcpy(&address, &symbol, sizeof address);
  stay_loaded();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  tls_known = ew_tls_find(address);
}

static ew_status keep_text(char **slot, const char *text, ew_error *error) {
  if (!text) return EW_OK;
  *slot = strdup(text);
  return *slot ? EW_OK : ew_fail_memory(error);
}

static bool keep_user_agent(ew_transport *t, const char *name) {
  ew_buffer_init(&t->user_agent_line, strlen(name) + 32);
  return ew_buffer_append_text(&t->user_agent_line, "user-agent: ") &&
         ew_buffer_append_text(&t->user_agent_line, name);
}

/* As libcurl looks it up; NULL: none of these names is set. */
static const char *environment(const char *const *names) {
  const char *value = NULL;
  for (; *names && !(value && *value); names++) value = getenv(*names);
  return value && *value ? value : NULL;
}

/* libcurl would read the environment at each request, in a thread beside a host that may
** change it. http_proxy is not asked: it would be shown the key. */
static ew_status keep_proxy(ew_transport *t, const char *proxy, ew_error *error) {
  static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
  static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
  if (t->plain) return EW_OK;
  if (keep_text(&t->no_proxy, environment(exceptions), error) != EW_OK) return error->status;
  return keep_text(&t->proxy, proxy ? proxy : environment(proxies), error);
}

static ew_status configure(ew_transport *t, const ew_transport_options *options, ew_error *error) {
  t->connect_timeout_ms = options->connect_timeout_ms;
  t->attempt_timeout_ms = options->attempt_timeout_ms;
  t->connection_limit = t->max_connections = options->max_connections;
  if (parse_base_url(t, options->base_url, error) != EW_OK ||
      (options->ca_file && ew_check_ca_file(options->ca_file, error) != EW_OK) ||
      keep_text(&t->ca_file, options->ca_file, error) != EW_OK ||
      keep_proxy(t, options->proxy, error) != EW_OK)
    return error->status;
  if (!keep_user_agent(t, options->user_agent)) return ew_fail_memory(error);
  if (bring_up(t)) return EW_OK;
  if (errno == ENOMEM) return ew_fail_memory(error);
  return ew_fail(error, EW_ESYSTEM, NULL, "cannot open a poller: %s", strerror(errno));
}

ew_status ew_transport_open(ew_transport **transport, const ew_transport_options *options,
                            ew_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ew_transport *t = calloc(1, sizeof *t);
  if (!t) return ew_fail_memory(error);
  pthread_once(&once, global_init);
  t->known_forks = ew_forks();
  t->curl_due_us = t->wake_at_us = EW_NEVER;
  ew_poller_init(&t->poller);
  if (configure(t, options, error) != EW_OK) {
    ew_transport_free(t);
    return error->status;
  }
  *transport = t;
  return EW_OK;
}

void ew_transport_close(ew_transport *t) {
  check_fork(t);
  if (t->closed) return;
  tear_down(t, "the client was closed", EW_ABORTED);
  ew_poller_close(&t->poller);
  t->closed = true;
}

void ew_transfers_free(ew_transfers *list) {
  ew_transfer *x;
  while ((x = ew_transfers_take(list, 0)) != NULL) ew_transfer_free(x);
}

void ew_transport_free(ew_transport *t) {
  if (!t) return;
  ew_transport_close(t);
  ew_transfers_free(&t->done);
  ew_sockets_free(&t->sockets);
  curl_url_cleanup(t->base);
  free(t->base_path);
  free(t->ca_file);
  if (t->proxy) explicit_bzero(t->proxy, strlen(t->proxy)); /* may hold a password */
  free(t->proxy);
  free(t->no_proxy);
  ew_buffer_free(&t->user_agent_line);
  free(t);
}
