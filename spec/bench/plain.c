/*
** plain.c - what our figures are measured against: libcurl as a competent C program uses
** it, for the same requests. Handles are kept and used again, requests share connections.
**
**   plain easy|multi|tuned IN_FLIGHT WARM_UP REQUESTS BASE_URL CA_FILE PREFIX
**   plain version
**
** easy: one at a time. multi: curl_multi_perform and curl_multi_poll. tuned: the tricks of
** our own transport (socket_action, batched epoll, corked writes, two connections), so that
** what is left between the two is not libcurl's. Prints one line of JSON.
*/
#define _GNU_SOURCE
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SOCKETS = 4096, TUNED_CONNECTIONS = 2 };

static const char body[] = "{\"resource_type\":\"voice\",\"user_email\":\"leaver@example.com\"}";

typedef struct {
  CURL *easy;
  char answer[1024]; /* the newest body */
  size_t length;
} request;

typedef struct {
  const char *base_url, *ca_file, *prefix;
  struct curl_slist *headers;
  long in_flight, wanted, begun, done;
  request *requests;
  CURLM *multi;
} bench;

static void fail(const char *what) {
  fprintf(stderr, "plain: %s\n", what);
  exit(1);
}

static double seconds_of(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- requests ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg) {
  request *r = arg;
  size_t length = size * count;
  if (r->length + length > sizeof r->answer) return 0;
  memcpy(r->answer + r->length, bytes, length);
  r->length += length;
  return length;
}

static void add_header(bench *b, const char *line) {
  b->headers = curl_slist_append(b->headers, line);
  if (!b->headers) fail("no memory");
}

static void make_request(bench *b, request *r) {
  r->easy = curl_easy_init();
  if (!r->easy) fail("no memory");
  curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
  curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(r->easy, CURLOPT_CAINFO, b->ca_file);
  curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(r->easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "elevenlabs-workspace-bench");
  curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, b->headers);
  curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, (long)sizeof body - 1);
  curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
}

/* Each request names another resource, as ours do. */
static void aim(bench *b, request *r) {
  char url[512];
  snprintf(url, sizeof url, "%s/v1/workspace/resources/%s_%07ld/unshare", b->base_url, b->prefix,
           ++b->begun);
  curl_easy_setopt(r->easy, CURLOPT_URL, url);
  r->length = 0;
}

static void check(CURL *easy, CURLcode code) {
  long status = 0;
  if (code != CURLE_OK) fail(curl_easy_strerror(code));
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) fail("the server did not answer 200");
}

/* ---- easy ---- */

static void run_easy(bench *b) {
  request *r = &b->requests[0];
  for (; b->done < b->wanted; b->done++) {
    aim(b, r);
    check(r->easy, curl_easy_perform(r->easy));
  }
}

/* ---- multi ---- */

static int epoll_fd = -1; /* of the tuned mode */

static void begin(bench *b, request *r) {
  aim(b, r);
  if (curl_multi_add_handle(b->multi, r->easy) != CURLM_OK) fail("curl_multi_add_handle");
}

static void begin_first(bench *b) {
  long i;
  for (i = 0; i < b->in_flight && b->begun < b->wanted; i++) begin(b, &b->requests[i]);
}

/* What has ended makes room for the next. With socket_action, libcurl 7.88 now and then
** fails a stream whose answer comes before its body went: that one is sent again, as our
** client does. */
static void collect(bench *b) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(b->multi, &left)) != NULL) {
    request *r = NULL;
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&r);
    curl_multi_remove_handle(b->multi, easy);
    if (code == CURLE_HTTP2_STREAM && epoll_fd >= 0) {
      r->length = 0;
      curl_multi_add_handle(b->multi, easy);
      continue;
    }
    check(easy, code);
    b->done++;
    if (b->begun < b->wanted) begin(b, r);
  }
}

static void run_multi(bench *b) {
  int running;
  begin_first(b);
  while (b->done < b->wanted) {
    if (curl_multi_perform(b->multi, &running) != CURLM_OK) fail("curl_multi_perform");
    collect(b);
    if (b->done < b->wanted) curl_multi_poll(b->multi, NULL, 0, 1000, NULL);
  }
}

/* ---- tuned ---- */

static struct { unsigned char wanted, applied, dirty; } sockets[MOST_SOCKETS];

static int dirty[MOST_SOCKETS], dirty_count, open_fds[MOST_SOCKETS], open_count;
static double due; /* when libcurl wants to be called; 0: not at all */

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  (void)arg, (void)purpose;
  if (fd < 0 || fd >= MOST_SOCKETS) return CURL_SOCKET_BAD;
  open_fds[open_count++] = fd;
  return fd;
}

static int on_close(void *arg, curl_socket_t fd) {
  int i;
  (void)arg;
  for (i = 0; i < open_count; i++)
    if (open_fds[i] == fd) open_fds[i] = open_fds[--open_count];
  sockets[fd].wanted = sockets[fd].applied = 0;
  return close(fd);
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused) {
  (void)easy, (void)arg, (void)unused;
  sockets[fd].wanted =
    (unsigned char)((what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0));
  if (what == CURL_POLL_REMOVE) sockets[fd].wanted = 0;
  if (!sockets[fd].dirty) dirty[dirty_count++] = fd;
  sockets[fd].dirty = 1;
  return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg) {
  (void)multi, (void)arg;
  due = timeout_ms < 0 ? 0 : now() + (double)timeout_ms / 1000;
  return 0;
}

static void apply(int fd) {
  struct epoll_event event;
  int operation = !sockets[fd].wanted   ? EPOLL_CTL_DEL
                  : sockets[fd].applied ? EPOLL_CTL_MOD
                                        : EPOLL_CTL_ADD;
  sockets[fd].dirty = 0;
  if (sockets[fd].wanted == sockets[fd].applied) return;
  memset(&event, 0, sizeof event);
  event.events = sockets[fd].wanted;
  event.data.fd = fd;
  epoll_ctl(epoll_fd, operation, fd, &event);
  sockets[fd].applied = sockets[fd].wanted;
}

static void apply_all(void) {
  int i;
  for (i = 0; i < dirty_count; i++) apply(dirty[i]);
  dirty_count = 0;
}

static void cork(int on) {
  int i;
  for (i = 0; i < open_count; i++) setsockopt(open_fds[i], IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static void act(bench *b, curl_socket_t fd, int mask) {
  int running;
  if (curl_multi_socket_action(b->multi, fd, mask, &running) != CURLM_OK) fail("socket_action");
}

static void act_if_due(bench *b) {
  if (due == 0 || due > now()) return;
  due = 0;
  act(b, CURL_SOCKET_TIMEOUT, 0);
}

static int wait_for(struct epoll_event *events, int size) {
  double left = due == 0 ? 1 : due - now();
  return epoll_wait(epoll_fd, events, size, left <= 0 ? 0 : (int)(left * 1000) + 1);
}

static void run_tuned(bench *b) {
  struct epoll_event events[64];
  int i, count = 0;
  begin_first(b);
  while (b->done < b->wanted) {
    if (b->in_flight > 1) cork(1);
    act_if_due(b); /* first: libcurl 7.88 fails where an answer comes before the body went */
    for (i = 0; i < count; i++)
      act(b, events[i].data.fd,
          (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
            (events[i].events & ~(unsigned)EPOLLOUT ? CURL_CSELECT_IN : 0));
    collect(b);
    act_if_due(b);
    collect(b);
    if (b->in_flight > 1) cork(0);
    apply_all();
    count = b->done < b->wanted ? wait_for(events, 64) : 0;
  }
}

static void tune(bench *b) {
  long i;
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  curl_multi_setopt(b->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
  curl_multi_setopt(b->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(b->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)TUNED_CONNECTIONS);
  curl_multi_setopt(b->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
                    (b->in_flight + TUNED_CONNECTIONS - 1) / TUNED_CONNECTIONS);
  for (i = 0; i < b->in_flight; i++) {
    curl_easy_setopt(b->requests[i].easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(b->requests[i].easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  }
}

/* ---- measuring ---- */

static void run(bench *b, const char *mode, long count, const char *prefix) {
  b->wanted = count;
  b->begun = b->done = 0;
  b->prefix = prefix;
  if (strcmp(mode, "easy") == 0)
    run_easy(b);
  else if (strcmp(mode, "multi") == 0)
    run_multi(b);
  else
    run_tuned(b);
}

static void measure(bench *b, const char *mode, long count, const char *prefix) {
  struct rusage before, after;
  double started = now(), seconds;
  getrusage(RUSAGE_SELF, &before);
  run(b, mode, count, prefix);
  seconds = now() - started;
  getrusage(RUSAGE_SELF, &after);
  printf("{\"requests\":%ld,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"peak_kib\":%ld}\n", count,
         seconds,
         seconds_of(after.ru_utime) + seconds_of(after.ru_stime) - seconds_of(before.ru_utime) -
           seconds_of(before.ru_stime),
         after.ru_maxrss);
}

static void set_up(bench *b, const char *mode) {
  long i;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  add_header(b, "accept: application/json");
  add_header(b, "content-type: application/json");
  add_header(b, "expect:");
  add_header(b, "xi-api-key: sk_bench");
  b->requests = calloc((size_t)b->in_flight, sizeof *b->requests);
  b->multi = curl_multi_init();
  if (!b->requests || !b->multi) fail("no memory");
  curl_multi_setopt(b->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, b->in_flight);
  for (i = 0; i < b->in_flight; i++) make_request(b, &b->requests[i]);
  if (strcmp(mode, "tuned") == 0) tune(b);
}

static void tear_down(bench *b) {
  long i;
  for (i = 0; i < b->in_flight; i++) curl_easy_cleanup(b->requests[i].easy);
  curl_multi_cleanup(b->multi);
  curl_slist_free_all(b->headers);
  free(b->requests);
  curl_global_cleanup();
}

int main(int argc, char **argv) {
  bench b;
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    puts(curl_version());
    return 0;
  }
  if (argc != 8) fail("MODE IN_FLIGHT WARM_UP REQUESTS BASE_URL CA_FILE PREFIX");
  memset(&b, 0, sizeof b);
  b.in_flight = atol(argv[2]);
  b.base_url = argv[5];
  b.ca_file = argv[6];
  set_up(&b, argv[1]);
  run(&b, argv[1], atol(argv[3]), "voice");
  measure(&b, argv[1], atol(argv[4]), argv[7]);
  tear_down(&b);
  return 0;
}
