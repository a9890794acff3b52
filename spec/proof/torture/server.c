#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, REQUEST = 8192, IDS = 64, LONGEST_ID = 32 };

typedef struct {
  char bytes[REQUEST];
  size_t length;
} request;

typedef struct {
  char id[LONGEST_ID];
  int seen, confirmed;
} record;

static struct pollfd polled[CONNECTIONS + 1]; /* the last: who listens */
static request requests[CONNECTIONS];

/* Shared with the process that serves. */
static struct {
  pthread_mutex_t lock;
  record records[IDS];
  int count;
} * shared;

static record *find(const char *id) {
  int i;
  for (i = 0; i < shared->count; i++)
    if (strcmp(shared->records[i].id, id) == 0) return &shared->records[i];
  return NULL;
}

static record *find_or_add(const char *id) {
  record *found = find(id);
  if (found) return found;
  found = &shared->records[shared->count < IDS ? shared->count++ : IDS - 1];
  memset(found, 0, sizeof *found);
  snprintf(found->id, sizeof found->id, "%s", id);
  return found;
}

int server_seen(const char *id, int *confirmed) {
  const record *found;
  int seen;
  pthread_mutex_lock(&shared->lock);
  found = find(id);
  seen = found ? found->seen : 0;
  *confirmed = found ? found->confirmed : 0;
  pthread_mutex_unlock(&shared->lock);
  return seen;
}

void server_confirm(const char *id) {
  pthread_mutex_lock(&shared->lock);
  find_or_add(id)->confirmed++;
  pthread_mutex_unlock(&shared->lock);
}

void server_forget(void) {
  pthread_mutex_lock(&shared->lock);
  shared->count = 0;
  pthread_mutex_unlock(&shared->lock);
}

/* -> its status, or one of these */
enum { HANG_UP = 0, SILENCE = 1 };

static int decide(const char *id) {
  record *r;
  int status;
  pthread_mutex_lock(&shared->lock);
  r = find_or_add(id);
  r->seen++;
  status = strncmp(id, "no", 2) == 0                     ? 404
           : strncmp(id, "busy", 4) == 0 && r->seen == 1 ? 500
           : strncmp(id, "drop", 4) == 0 && r->seen == 1 ? HANG_UP
           : strncmp(id, "hold", 4) == 0                 ? SILENCE
                                                         : 200;
  r->confirmed += status == 200;
  pthread_mutex_unlock(&shared->lock);
  return status;
}

/* -> the length of the whole request; 0: there is more to come */
static size_t whole(const request *r) {
  const char *end = memmem(r->bytes, r->length, "\r\n\r\n", 4);
  const char *field = memmem(r->bytes, r->length, "Content-Length: ", 16);
  size_t length;
  if (!end) return 0;
  length = (size_t)(end + 4 - r->bytes);
  if (field && field < end) length += strtoul(field + 16, NULL, 10);
  return length <= r->length ? length : 0;
}

/* "" where the path is none of a resource. */
static void read_id(const request *r, char id[LONGEST_ID]) {
  static const char before[] = "/v1/workspace/resources/";
  const char *start = memmem(r->bytes, r->length, before, sizeof before - 1);
  id[0] = '\0';
  if (start)
    snprintf(id, LONGEST_ID, "%.*s", (int)strcspn(start + sizeof before - 1, "/?"),
             start + sizeof before - 1);
}

/* false: hang up */
static bool answer(int fd, const request *r) {
  char id[LONGEST_ID], text[100];
  int length, status;
  read_id(r, id);
  status = decide(id);
  if (status == HANG_UP || status == SILENCE) return status == SILENCE;
  length = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}", status);
  return send(fd, text, (size_t)length, MSG_NOSIGNAL) == length;
}

static void accept_one(int listener) {
  int i, on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  for (i = 0; i < CONNECTIONS && polled[i].fd >= 0; i++) {}
  if (fd < 0 || i == CONNECTIONS) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  polled[i].fd = fd;
  requests[i].length = 0;
}

/* false: hang up */
static bool serve(int fd, request *r) {
  ssize_t got = recv(fd, r->bytes + r->length, REQUEST - r->length, 0);
  size_t length;
  if (got <= 0) return false;
  r->length += (size_t)got;
  while ((length = whole(r)) != 0) {
    if (!answer(fd, r)) return false;
    r->length -= length;
    memmove(r->bytes, r->bytes + length, r->length);
  }
  return r->length < REQUEST;
}

static void serve_all(void) {
  for (;;) {
    int i;
    poll(polled, CONNECTIONS + 1, -1);
    for (i = 0; i < CONNECTIONS; i++) {
      if (polled[i].fd < 0 || !polled[i].revents || serve(polled[i].fd, &requests[i])) continue;
      close(polled[i].fd);
      polled[i].fd = -1;
    }
    if (polled[CONNECTIONS].revents) accept_one(polled[CONNECTIONS].fd);
  }
}

static bool share(void) {
  pthread_mutexattr_t attributes;
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  return pthread_mutex_init(&shared->lock, &attributes) == 0;
}

/* Ends with its parent. */
static bool start(int listener) {
  pid_t parent = getpid(), child = fork();
  int i;
  if (child != 0) {
    close(listener);
    return child > 0;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0); /* which ended before that was asked for */
  for (i = 0; i < CONNECTIONS; i++) polled[i].fd = -1;
  for (i = 0; i <= CONNECTIONS; i++) polled[i].events = POLLIN;
  polled[CONNECTIONS].fd = listener;
  serve_all();
  return false;
}

int server_listen(void) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!share() || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    return -1;
  return start(fd) ? ntohs(address.sin_port) : -1;
}
