/*
** probe.c - a Lua module for the specs alone: the C layers that have no place in
** Lua, one by one, and the few system calls that specs need (fork, pipe, poll).
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/request.h"
#include "api/response.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/utf8.h"
#include "binding/args.h"
#include "binding/result.h"
#include "journal/crc32c.h"
#include "journal/resume_set.h"
#include "transport/poller.h"
#include "transport/sockets.h"
#include "transport/tls.h"

/* buffer(limit, chunk...) -> content, number of appends that succeeded */
static int probe_buffer(lua_State *L) {
  ew_buffer buffer;
  int i, accepted = 0, last = lua_gettop(L);
  ew_buffer_init(&buffer, (size_t)luaL_checkinteger(L, 1));
  for (i = 2; i <= last; i++) {
    size_t length;
    const char *chunk = luaL_checklstring(L, i, &length);
    accepted += ew_buffer_append(&buffer, chunk, length) ? 1 : 0;
  }
  lua_pushlstring(L, ew_buffer_text(&buffer), buffer.length);
  lua_pushinteger(L, accepted);
  lua_pushboolean(L, ew_buffer_text(&buffer)[buffer.length] == '\0');
  ew_buffer_wipe(&buffer);
  lua_pushboolean(L, buffer.data == NULL && buffer.length == 0);
  return 4;
}

/* failure(field, message) -> field, message, as ew_fail keeps them */
static int probe_failure(lua_State *L) {
  ew_error error;
  ew_fail(&error, EW_EINVAL, lua_tostring(L, 1), "%s", luaL_checkstring(L, 2));
  lua_pushstring(L, error.field);
  lua_pushstring(L, error.message);
  return 2;
}

/* quotable(text, size) -> what ew_quotable makes of it */
static int probe_quotable(lua_State *L) {
  size_t length, size = (size_t)luaL_checkinteger(L, 2);
  char out[256];
  const char *text = luaL_checklstring(L, 1, &length);
  luaL_argcheck(L, size <= sizeof out, 2, "too large");
  ew_quotable(out, size, text, length);
  lua_pushstring(L, out);
  return 1;
}

/* is_text(bytes) -> boolean */
static int probe_is_text(lua_State *L) {
  size_t length;
  const char *bytes = luaL_checklstring(L, 1, &length);
  lua_pushboolean(L, ew_utf8_is_text(bytes, length));
  return 1;
}

/* crc32c(bytes) -> eight hexadecimal digits */
static int probe_crc32c(lua_State *L) {
  size_t length;
  const char *bytes = luaL_checklstring(L, 1, &length);
  char digits[9];
  snprintf(digits, sizeof digits, "%08lx", (unsigned long)ew_crc32c(bytes, length));
  lua_pushstring(L, digits);
  return 1;
}

static uint64_t read_word(const char *bytes) {
  uint64_t word = 0;
  int i;
  for (i = 7; i >= 0; i--) word = word << 8 | (unsigned char)bytes[i];
  return word;
}

static void write_word(char digits[17], uint64_t word) {
  int i;
  for (i = 0; i < 8; i++) snprintf(digits + 2 * i, 3, "%02x", (unsigned)(word >> 8 * i & 0xff));
}

/* siphash(key of 16 bytes, bytes) -> its 16 bytes, as hexadecimal digits */
static int probe_siphash(lua_State *L) {
  size_t key_length, length;
  const char *key = luaL_checklstring(L, 1, &key_length);
  const char *bytes = luaL_checklstring(L, 2, &length);
  ew_hash words, hash;
  char digits[33];
  luaL_argcheck(L, key_length == 16, 1, "16 bytes");
  words.low = read_word(key);
  words.high = read_word(key + 8);
  hash = ew_siphash(words, bytes, length);
  write_word(digits, hash.low);
  write_word(digits + 16, hash.high);
  lua_pushstring(L, digits);
  return 1;
}

/* wait_ms(timeout_us) -> milliseconds for poll(2) */
static int probe_wait_ms(lua_State *L) {
  lua_pushinteger(L, ew_wait_ms((int64_t)luaL_checknumber(L, 1)));
  return 1;
}

/* fork_generation() -> a number that is larger in each child */
static int probe_fork_generation(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)ew_fork_generation());
  return 1;
}

/* -> method, target, body, repeatable */
static int push_request(lua_State *L, const ew_request *request) {
  static const char *const methods[] = {"GET", "POST", "HEAD"};
  lua_pushstring(L, methods[ew_operations[request->operation].method]);
  lua_pushlstring(L, request->text, request->target_length);
  lua_pushlstring(L, ew_request_body(request), request->body_length);
  lua_pushboolean(L, ew_operations[request->operation].repeatable);
  return 4;
}

/* request(operation, args) -> method, target, body, repeatable | nil, failure */
static int probe_request(lua_State *L) {
  int operation = ew_operation_named(luaL_checkstring(L, 1));
  ew_args args;
  ew_error error;
  ew_request *request;
  luaL_argcheck(L, operation >= 0 && ew_operations[operation].path, 1, "unknown operation");
  args.allow_unknown_resource_type = false;
  if (lew_read_args(L, 2, &args, &error) != EW_OK ||
      ew_args_check((ew_operation)operation, &args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  request = lua_newuserdata(L, ew_request_build(NULL, (ew_operation)operation, &args));
  ew_request_build(request, (ew_operation)operation, &args);
  return push_request(L, request);
}

/* list(args) -> method, target, body, repeatable | nil, failure */
static int probe_list(lua_State *L) {
  ew_list_args args;
  ew_error error;
  ew_request *request;
  if (lew_read_list_args(L, 1, &args, &error) != EW_OK || ew_list_check(&args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  request = lua_newuserdata(L, ew_list_build(NULL, &args));
  ew_list_build(request, &args);
  return push_request(L, request);
}

/* response(lines, chunks) -> { status, head_ended, whole, reason, length, headers } */
static int probe_response(lua_State *L) {
  ew_response response;
  const char *reason = NULL;
  size_t h;
  int i;
  ew_response_init(&response);
  for (i = 1; !reason; i++) {
    size_t length;
    const char *line;
    lua_rawgeti(L, 1, i);
    if (lua_isnil(L, -1)) break;
    line = lua_tolstring(L, -1, &length);
    reason = ew_response_header(&response, line, length);
  }
  for (i = 1; !reason; i++) {
    size_t length;
    const char *chunk;
    lua_rawgeti(L, 2, i);
    if (lua_isnil(L, -1)) break;
    chunk = lua_tolstring(L, -1, &length);
    reason = ew_response_body(&response, chunk, length);
    lua_pop(L, 1);
  }
  lua_newtable(L);
  lua_pushinteger(L, response.status);
  lua_setfield(L, -2, "status");
  lua_pushboolean(L, response.head_ended);
  lua_setfield(L, -2, "head_ended");
  lua_pushboolean(L, ew_response_whole(&response));
  lua_setfield(L, -2, "whole");
  lua_pushstring(L, reason);
  lua_setfield(L, -2, "reason");
  lua_pushinteger(L, (lua_Integer)response.body.length);
  lua_setfield(L, -2, "length");
  lua_newtable(L);
  for (h = 0; h < EW_HEADERS; h++)
    if (response.headers[h][0]) {
      lua_pushstring(L, response.headers[h]);
      lua_setfield(L, -2, ew_header_names[h]);
    }
  lua_setfield(L, -2, "headers");
  ew_response_free(&response);
  return 1;
}

/* ---- poller ---- */

static ew_poller *check_poller(lua_State *L) {
  return luaL_checkudata(L, 1, "probe.poller");
}

static int poller_new(lua_State *L) {
  ew_poller *poller = lua_newuserdata(L, sizeof *poller);
  ew_poller_init(poller);
  luaL_getmetatable(L, "probe.poller");
  lua_setmetatable(L, -2);
  if (!ew_poller_open(poller)) return luaL_error(L, "%s", strerror(errno));
  return 1;
}

static int poller_close(lua_State *L) {
  ew_poller_close(check_poller(L));
  return 0;
}

static int poller_fd(lua_State *L) {
  lua_pushinteger(L, ew_poller_fd(check_poller(L)));
  return 1;
}

static int poller_set(lua_State *L) {
  ew_poller *poller = check_poller(L);
  lua_pushboolean(
    L, ew_poller_set(poller, (int)luaL_checkinteger(L, 2), (int)luaL_checkinteger(L, 3)));
  return 1;
}

static int poller_forget(lua_State *L) {
  ew_poller_forget(check_poller(L), (int)luaL_checkinteger(L, 2));
  return 0;
}

static int poller_flush(lua_State *L) {
  ew_poller_flush(check_poller(L));
  return 0;
}

static int poller_arm(lua_State *L) {
  ew_poller_arm(check_poller(L), ew_now_us() + (int64_t)luaL_checkinteger(L, 2));
  return 0;
}

static int poller_wake(lua_State *L) {
  ew_poller_wake(check_poller(L));
  return 0;
}

static int poller_calm(lua_State *L) {
  ew_poller_calm(check_poller(L));
  return 0;
}

/* wait(timeout_us) -> array of { fd, ready } */
static int poller_wait(lua_State *L) {
  ew_ready ready[EW_MOST_READY];
  int i, count = ew_poller_wait(check_poller(L), luaL_checkinteger(L, 2), ready);
  lua_newtable(L);
  for (i = 0; i < count; i++) {
    lua_newtable(L);
    lua_pushinteger(L, ready[i].fd);
    lua_setfield(L, -2, "fd");
    lua_pushinteger(L, ready[i].ready);
    lua_setfield(L, -2, "ready");
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* ---- sockets ---- */

/* sockets() -> the facts of one scenario: two sockets opened, one bound and looked
** up by its port, one closed, the other cut off */
static int probe_sockets(lua_State *L) {
  ew_sockets sockets;
  int first, second, peers[2];
  char byte;
  memset(&sockets, 0, sizeof sockets);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, peers) != 0) return luaL_error(L, "socketpair");
  first = ew_sockets_open(&sockets, AF_INET, SOCK_STREAM, 0);
  second = ew_sockets_open(&sockets, AF_INET, SOCK_STREAM, 0);
  lua_newtable(L);
  lua_pushboolean(L, first >= 0 && second >= 0 && ew_sockets_by_fd(&sockets, second) != NULL);
  lua_setfield(L, -2, "known");
  ew_sockets_close(&sockets, first);
  lua_pushboolean(L, ew_sockets_by_fd(&sockets, first) == NULL && sockets.count == 1);
  lua_setfield(L, -2, "forgotten");
  dup2(peers[0], second); /* `second` is now one end of a live connection */
  ew_sockets_cut_off(&sockets);
  lua_pushboolean(L, send(second, "x", 1, MSG_NOSIGNAL) < 0);
  lua_setfield(L, -2, "dead");
  lua_pushboolean(L, recv(peers[1], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
  lua_setfield(L, -2, "peer_undisturbed");
  ew_sockets_close(&sockets, second);
  ew_sockets_free(&sockets);
  close(peers[0]);
  close(peers[1]);
  return 1;
}

/* An address with a free port, or that port's. */
static socklen_t loopback(struct sockaddr_storage *address, int family, in_port_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v6.sin6_addr = in6addr_loopback;
  memset(address, 0, sizeof *address);
  memcpy(address, family == AF_INET6 ? (void *)&v6 : &v4,
         family == AF_INET6 ? sizeof v6 : sizeof v4);
  return family == AF_INET6 ? sizeof v6 : sizeof v4;
}

static int port_of(int fd) {
  struct sockaddr_in6 address; /* whose port stands where IPv4's does */
  socklen_t size = sizeof address;
  getsockname(fd, (struct sockaddr *)&address, &size);
  return ntohs(address.sin6_port);
}

/* ends(family, { local_ip, remote_ip, off }...) -> for each whether these find the connection
** from loopback to loopback, by its ports, of which the remote one is `off` by so many; nil:
** this machine has no such family */
static int probe_ends(lua_State *L) {
  int family = strcmp(luaL_checkstring(L, 1), "IPv6") == 0 ? AF_INET6 : AF_INET;
  int i, last = lua_gettop(L), fd, listener = socket(family, SOCK_STREAM, 0);
  struct sockaddr_storage address;
  ew_sockets sockets;
  socklen_t size = loopback(&address, family, 0);
  memset(&sockets, 0, sizeof sockets);
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0) {
    close(listener);
    return 0;
  }
  ew_sockets_open(&sockets, family, SOCK_STREAM, 0); /* not connected: never found */
  fd = ew_sockets_open(&sockets, family, SOCK_STREAM, 0);
  loopback(&address, family, htons((uint16_t)port_of(listener)));
  if (connect(fd, (struct sockaddr *)&address, size) != 0) return luaL_error(L, "connect");
  for (i = 2; i <= last; i++) {
    const ew_socket *found;
    lua_rawgeti(L, i, 1);
    lua_rawgeti(L, i, 2);
    lua_rawgeti(L, i, 3);
    found = ew_sockets_by_ends(&sockets, lua_tostring(L, -3), port_of(fd), lua_tostring(L, -2),
                               port_of(listener) + (int)lua_tointeger(L, -1));
    lua_pushboolean(L, found && found->fd == fd);
    lua_replace(L, i);
    lua_pop(L, 3);
  }
  while (sockets.count) ew_sockets_close(&sockets, sockets.all[0].fd);
  ew_sockets_free(&sockets);
  close(listener);
  return last - 1;
}

/* tls_find(which) -> is OpenSSL behind what holds "libc", behind "nothing"? */
static int probe_tls_find(lua_State *L) {
  int (*puts_of_libc)(const char *) = puts;
  const void *address;
  memcpy(&address, &puts_of_libc, sizeof address);
  if (strcmp(luaL_checkstring(L, 1), "nothing") == 0) address = &address;
  lua_pushboolean(L, ew_tls_find(address));
  return 1;
}

/* ---- the system ---- */

static int probe_pipe(lua_State *L) {
  int ends[2];
  if (pipe(ends) != 0) return luaL_error(L, "%s", strerror(errno));
  lua_pushinteger(L, ends[0]);
  lua_pushinteger(L, ends[1]);
  return 2;
}

static int probe_write(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  lua_pushinteger(L, (lua_Integer)write((int)luaL_checkinteger(L, 1), text, length));
  return 1;
}

static int probe_read(lua_State *L) {
  char text[4096];
  ssize_t length = read((int)luaL_checkinteger(L, 1), text, sizeof text);
  if (length < 0) return 0;
  lua_pushlstring(L, text, (size_t)length);
  return 1;
}

static int probe_close(lua_State *L) {
  lua_pushinteger(L, close((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* readable(fd, timeout_ms) -> boolean */
static int probe_readable(lua_State *L) {
  struct pollfd look = {(int)luaL_checkinteger(L, 1), POLLIN, 0};
  lua_pushboolean(L, poll(&look, 1, (int)luaL_checkinteger(L, 2)) > 0);
  return 1;
}

/* Counts of what was run are written at an orderly end alone. */
static void leave(int status) {
#ifdef SPEC_COVERAGE
  exit(status);
#else
  _exit(status);
#endif
}

/* fork(fn) -> exit status of a child that ran fn and left without Lua's farewell:
** fn's result, or 99 where it raised */
static int probe_fork(lua_State *L) {
  int status;
  pid_t child;
  fflush(NULL); /* or both would write it */
  child = fork();
  if (child < 0) return luaL_error(L, "%s", strerror(errno));
  if (child == 0) {
    lua_settop(L, 1);
    leave(lua_pcall(L, 0, 1, 0) != 0 ? 99 : (int)lua_tointeger(L, -1));
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 1;
}

int luaopen_probe(lua_State *L);

__attribute__((visibility("default"))) int luaopen_probe(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"buffer", probe_buffer},     {"failure", probe_failure},
    {"quotable", probe_quotable}, {"is_text", probe_is_text},
    {"crc32c", probe_crc32c},     {"siphash", probe_siphash},
    {"wait_ms", probe_wait_ms},   {"fork_generation", probe_fork_generation},
    {"request", probe_request},   {"list", probe_list},
    {"response", probe_response}, {"poller", poller_new},
    {"sockets", probe_sockets},   {"ends", probe_ends},
    {"tls_find", probe_tls_find}, {"pipe", probe_pipe},
    {"write", probe_write},       {"read", probe_read},
    {"close", probe_close},       {"readable", probe_readable},
    {"fork", probe_fork},         {NULL, NULL}};
  static const luaL_Reg poller_methods[] = {
    {"fd", poller_fd},       {"set", poller_set},   {"forget", poller_forget},
    {"flush", poller_flush}, {"arm", poller_arm},   {"wake", poller_wake},
    {"calm", poller_calm},   {"wait", poller_wait}, {"close", poller_close},
    {"__gc", poller_close},  {NULL, NULL}};
  luaL_newmetatable(L, "probe.poller");
  lew_setfuncs(L, poller_methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_newtable(L);
  lew_setfuncs(L, functions);
  return 1;
}
