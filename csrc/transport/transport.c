#define _GNU_SOURCE
#include "transport/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "transport/attempts.h"
#include "transport/easy.h"
#include "transport/internal.h"
#include "transport/libcurl.h"

/* Added in 8.20, and unknown before. A program may run with a newer libcurl than it was
** compiled with. https://curl.se/libcurl/c/CURLMOPT_QUICK_EXIT.html */
#if LIBCURL_VERSION_NUM < 0x081400
#define CURLMOPT_QUICK_EXIT ((CURLMoption)21)
#endif

/* Per HTTP/2 connection. At each answer libcurl visits all its streams. */
static const long most_streams = 32;

/* ---- when something is due ---- */

static int64_t due_us(const ew_transport *t) {
  return ew_earlier(ew_earlier(t->curl_due_us, t->wake_at_us), ew_attempts_overdue_us(t));
}

/* Every public call ends with this, because the host may then wait on the fd. Does nothing if the
** host never asked for the fd: to set a timer costs more than a request's Lua. */
static void sync_poller(ew_transport *t) {
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

/* ---- the multi handle ---- */

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
  /* From 8.20 on the multi handle has the resolver's threads. Its end must not wait for them. */
  curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
  return ok;
}

/* Idempotent. false: the system has no memory or descriptors now. The next call tries again. */
static bool bring_up(ew_transport *t) {
  if (t->multi) return true;
  if (ew_poller_fd(&t->poller) < 0 && !ew_poller_open(&t->poller)) return false;
  t->multi = curl_multi_init();
  if (t->multi && set_multi_options(t)) return true;
  curl_multi_cleanup(t->multi); /* of NULL too */
  t->multi = NULL;
  return false;
}

/* Every attempt ends and every connection closes. Completions stay. The poller stays open: hosts
** wait on its descriptor. */
static void tear_down(ew_transport *t, const char *reason, int curl_code) {
  if (t->multi) {
    ew_attempts_abort(t, reason, curl_code);
    curl_multi_cleanup(t->multi); /* closes its connections through on_close_socket */
    t->multi = NULL;
  }
  t->curl_due_us = t->wake_at_us = EW_NEVER;
  t->broken = t->must_release = false;
  t->newest = EW_UNKNOWN;
  t->generation++;
}

/* ---- running ---- */

static void act(ew_transport *t, int fd, int mask) {
  int running;
  if (t->broken) return;
  if (curl_multi_socket_action(t->multi, fd, mask, &running) != CURLM_OK) t->broken = true;
}

/* Time-outs that are due run before sockets that are ready. In the other order libcurl 7.88 fails
** a transfer whose server answers before the body was sent. */
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

/* Wait up to 1/32 of the usual latency before polling, so that several answers share one pass of
** libcurl's and one step of Lua's. Measured with 256 in flight and answers after 50 to 150 ms: a
** fifth less CPU. -> false: a signal came */
static bool coalesce(const ew_transport *t, int64_t until_us) {
  enum { SHARE = 32, LEAST_US = 200, MOST_US = 4000 };
  int64_t pause_us = ew_earlier(t->latency_us / SHARE, MOST_US);
  int64_t left_us = ew_earlier(t->polled_us + pause_us, until_us) - ew_now_us();
  struct timespec pause = {0, (long)left_us * 1000};
  bool expects_some = t->in_flight >= SHARE;
  if (!expects_some || pause_us < LEAST_US || left_us <= 0) return true;
  return nanosleep(&pause, NULL) == 0;
}

/* If a burst finds no connection, libcurl may open a connection for each transfer. So the limit
** follows the newest protocol: an HTTP/2 connection carries most_streams transfers. MORE: spare
** connections, because a server may allow fewer streams. */
static void limit_connections(ew_transport *t) {
  enum { MORE = 3 };
  long limit = t->max_connections;
  if (t->newest == EW_HTTP_2)
    limit = ew_earlier((limit + most_streams - 1) / most_streams + MORE, limit);
  if (limit == t->connection_limit) return;
  t->connection_limit = limit;
  curl_multi_setopt(t->multi, CURLMOPT_MAX_HOST_CONNECTIONS, limit);
}

/* Waits until `end_us`; 0: does not wait. -> false if a signal or the wake time came, or if the
** multi handle is lost. */
static bool pass(ew_transport *t, int64_t end_us) {
  ew_ready ready[EW_MOST_READY];
  int count = 0;
  bool corked;
  ew_poller_flush(&t->poller);
  if (t->queued == 0) { /* what was just queued is written before anybody looks for answers */
    int64_t until_us = ew_earlier(due_us(t), end_us);
    if (end_us != 0 && !coalesce(t, until_us)) return false;
    count =
      ew_poller_wait(&t->poller, until_us == EW_NEVER ? EW_NEVER : until_us - ew_now_us(), ready);
    t->awake = false;
    t->polled_us = ew_now_us();
  }
  if (count < 0) return false;
  limit_connections(t);
  corked = t->queued > 1 && ew_sockets_cork(&t->sockets, true);
  t->queued = 0;
  run_due(t, ready, count);
  if (corked) ew_sockets_cork(&t->sockets, false);
  ew_attempts_collect(t);
  if (t->must_release) ew_attempts_release_waiting(t);
  ew_attempts_end_overdue(t);
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

/* ---- what the layer above calls ---- */

ew_status ew_transport_start(ew_transport *t, ew_transfer *x, ew_error *error) {
  if (t->closed) return ew_fail(error, EW_ECLOSED, NULL, "the client is closed");
  if (!bring_up(t))
    return ew_fail(error, EW_ESYSTEM, NULL, "no descriptors or memory left for a poller");
  if (!ew_easy_make(t, x) || !ew_easy_set_request(t, x) ||
      curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
    return ew_fail_memory(error);
  ew_transfers_append(&t->active, x);
  x->is_active = true;
  t->in_flight++;
  t->queued++;
  sync_poller(t);
  return EW_OK;
}

void ew_transport_cancel(ew_transport *t, ew_transfer *x) {
  ew_attempts_cancel(t, x, "cancelled");
  sync_poller(t);
}

ew_transfer *ew_transport_find_cancelled(const ew_transport *t) {
  ew_transfer *x = t->active.first;
  while (x && !x->cancelled) x = x->next;
  return x;
}

void ew_transport_step(ew_transport *t, int64_t timeout_us) {
  int64_t now = ew_now_us(), end_us = timeout_us < EW_NEVER - now ? now + timeout_us : EW_NEVER;
  if (t->closed || !bring_up(t)) return;
  if (timeout_us == 0) end_us = 0;
  while (pass(t, t->done.first ? 0 : end_us) && !t->done.first && ew_now_us() < end_us) {}
  sync_poller(t);
}

void ew_transport_wake_at(ew_transport *t, int64_t at_us) {
  t->wake_at_us = at_us;
  sync_poller(t);
}

int ew_transport_fd(ew_transport *t) {
  if (t->closed || !bring_up(t)) return -1;
  t->watched = true;
  sync_poller(t);
  return ew_poller_fd(&t->poller);
}

int ew_transport_sleep_fd(ew_transport *t) {
  if (!bring_up(t)) return -1;
  ew_poller_flush(&t->poller);
  return ew_poller_fd(&t->poller);
}

int64_t ew_transport_due_us(ew_transport *t) {
  if (t->closed) return EW_NEVER;
  return t->done.first ? 0 : due_us(t);
}

unsigned long long ew_transport_connections(const ew_transport *t) {
  return t->connections;
}

void ew_transport_poke(ew_transport *t) {
  ew_poller_wake(&t->poller);
}

const ew_transfer *ew_transport_done(const ew_transport *t) {
  return t->done.first;
}

void ew_transport_take_done(ew_transport *t, ew_transfers *to) {
  ew_transfers_move(to, &t->done);
  if (t->awake) ew_poller_calm(&t->poller);
  t->awake = false;
  sync_poller(t);
}

/* Close the poller before any change: the parent uses the same epoll instance. */
void ew_transport_after_fork(ew_transport *t) {
  if (t->closed) return;
  ew_poller_close(&t->poller);
  t->awake = false;
  ew_sockets_cut_off(&t->sockets);
  tear_down(t, "the process forked while this was under way", EW_ABORTED);
  ew_poller_close(&t->poller); /* frees the interests set by tear_down */
  bring_up(t);
  sync_poller(t);
}

/* ---- opening and closing ---- */

static bool keep_user_agent(ew_transport *t, const char *name) {
  ew_buffer_init(&t->user_agent_line, strlen(name) + 32);
  return ew_buffer_append_text(&t->user_agent_line, "user-agent: ") &&
         ew_buffer_append_text(&t->user_agent_line, name);
}

static ew_status configure(ew_transport *t, const ew_transport_options *options, ew_error *error) {
  t->connect_timeout_ms = options->connect_timeout_ms;
  t->attempt_timeout_ms = options->attempt_timeout_ms;
  t->connection_limit = t->max_connections = options->max_connections;
  if (ew_endpoint_init(&t->endpoint, options->base_url, options->ca_file, options->proxy, error) !=
      EW_OK)
    return error->status;
  if (!keep_user_agent(t, options->user_agent)) return ew_fail_memory(error);
  if (bring_up(t)) return EW_OK;
  if (errno == ENOMEM) return ew_fail_memory(error);
  return ew_fail(error, EW_ESYSTEM, NULL, "cannot open a poller: %s", strerror(errno));
}

ew_status ew_transport_open(ew_transport **transport, const ew_transport_options *options,
                            ew_error *error) {
  ew_transport *t = calloc(1, sizeof *t);
  if (!t) return ew_fail_memory(error);
  ew_libcurl_init();
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
  if (t->closed) return;
  tear_down(t, "the client was closed", EW_ABORTED);
  ew_poller_close(&t->poller);
  t->closed = true;
}

void ew_transport_free(ew_transport *t) {
  if (!t) return;
  ew_transport_close(t);
  ew_sockets_free(&t->sockets);
  ew_endpoint_free(&t->endpoint);
  ew_buffer_free(&t->user_agent_line);
  free(t);
}
