/*
** allocator.c - memory that runs out at a chosen point, linked into a core.so of its own
** (make torture) with the linker's --wrap: the C side is what csrc/ and libcurl ask for,
** in whatever thread, the Lua side what the interpreter does. OpenSSL's own is not failed.
*/
#define _GNU_SOURCE
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

typedef struct {
  long at;     /* the first that fails, 0: none */
  bool once;   /* and the last */
  long count;  /* asked for since it was armed */
  long failed; /* of them */
  long blocks; /* that live */
} side;

static side lua_side, c_side;

static bool must_fail(side *s) {
  long at = __atomic_load_n(&s->at, __ATOMIC_SEQ_CST), number;
  if (!at) return false;
  number = __atomic_add_fetch(&s->count, 1, __ATOMIC_SEQ_CST);
  if (number < at || (s->once && number > at)) return false;
  __atomic_add_fetch(&s->failed, 1, __ATOMIC_SEQ_CST);
  errno = ENOMEM;
  return true;
}

static void *count(side *s, void *block, long change) {
  if (block) __atomic_add_fetch(&s->blocks, change, __ATOMIC_SEQ_CST);
  return block;
}

/* ---- the C side ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *easy);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);

void *__wrap_malloc(size_t size) {
  return must_fail(&c_side) ? NULL : count(&c_side, __real_malloc(size), 1);
}

void *__wrap_calloc(size_t number, size_t size) {
  return must_fail(&c_side) ? NULL : count(&c_side, __real_calloc(number, size), 1);
}

void *__wrap_realloc(void *block, size_t size) {
  if (!block) return __wrap_malloc(size);
  return must_fail(&c_side) ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = __wrap_malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

void __wrap_free(void *block) {
  __real_free(count(&c_side, block, -1));
}

/* libcurl 7.88 frees a session twice where there is no memory to keep it. */
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  return __real_curl_multi_add_handle(multi, easy);
}

/* ---- the Lua side ---- */

static lua_Alloc allocate;
static void *allocate_arg;

/* Over the state's own allocator, which LuaJIT cannot do without everywhere. Lua counts on
** it that a block can shrink. */
static void *lua_allocate(void *unused, void *block, size_t old_size, size_t size) {
  void *result;
  (void)unused;
  if (size > (block ? old_size : 0) && must_fail(&lua_side)) return NULL;
  result = allocate(allocate_arg, block, old_size, size);
  if (!block) return count(&lua_side, result, 1);
  if (!size) count(&lua_side, block, -1);
  return result;
}

/* ---- for Lua ---- */

static int run_end(lua_State *L, side *s, int status) {
  __atomic_store_n(&s->at, 0, __ATOMIC_SEQ_CST);
  lua_settop(L, status == 0 ? 6 : 5);
  lua_pushinteger(L, (lua_Integer)s->failed);
  lua_replace(L, 3);
  lua_pushboolean(L, status == 0);
  lua_replace(L, 4);
  return lua_gettop(L) - 2;
}

/* run(side, n, once, f) -> how many allocations failed, pcall's of f: at most two results */
static int torture_run(lua_State *L) {
  static const char *const names[] = {"lua", "c", NULL};
  side *s = luaL_checkoption(L, 1, NULL, names) ? &c_side : &lua_side;
  long at = (long)luaL_checkinteger(L, 2);
  s->once = lua_toboolean(L, 3);
  s->count = s->failed = 0;
  lua_settop(L, 4);
  luaL_checkstack(L, 10, NULL);
  lua_pushvalue(L, 4);
  __atomic_store_n(&s->at, at, __ATOMIC_SEQ_CST);
  return run_end(L, s, lua_pcall(L, 0, 2, 0));
}

/* blocks() -> of the C side, of Lua's, that live */
static int torture_blocks(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)__atomic_load_n(&c_side.blocks, __ATOMIC_SEQ_CST));
  lua_pushinteger(L, (lua_Integer)lua_side.blocks);
  return 2;
}

static int count_entries(const char *path) {
  DIR *folder = opendir(path);
  int number = 0;
  while (folder && readdir(folder)) number++;
  if (folder) closedir(folder);
  return number;
}

static int torture_descriptors(lua_State *L) {
  lua_pushinteger(L, count_entries("/proc/self/fd"));
  return 1;
}

/* Until no other thread is left: libcurl's resolvers, which it also asks where it has no
** memory to read an address itself, free what they have when they end, and nobody waits. */
static int torture_settle(lua_State *L) {
  int tries;
  for (tries = 0; tries < 10000 && count_entries("/proc/self/task") > 3; tries++) usleep(1000);
  if (tries == 10000) return luaL_error(L, "a thread does not end");
  return 0;
}

static char at_work[100];

static void tell_hang(int signal_number) {
  ssize_t told = write(2, at_work, strlen(at_work));
  (void)told, (void)signal_number;
  _exit(1);
}

/* limit(seconds, text): end the process then, with this text; 0: no more */
static int torture_limit(lua_State *L) {
  snprintf(at_work, sizeof at_work, "hangs: %s\n", luaL_checkstring(L, 2));
  signal(SIGALRM, tell_hang);
  alarm((unsigned)luaL_checkinteger(L, 1));
  return 0;
}

/* listen() -> port */
static int torture_listen(lua_State *L) {
  int port = server_listen();
  if (port < 0) return luaL_error(L, "no server: %s", strerror(errno));
  lua_pushinteger(L, port);
  return 1;
}

/* seen(id) -> requests that came whole, those of them that were confirmed */
static int torture_seen(lua_State *L) {
  int confirmed, seen = server_seen(luaL_checkstring(L, 1), &confirmed);
  lua_pushinteger(L, seen);
  lua_pushinteger(L, confirmed);
  return 2;
}

static int torture_confirm(lua_State *L) {
  server_confirm(luaL_checkstring(L, 1));
  return 0;
}

static int torture_forget(lua_State *L) {
  (void)L;
  server_forget();
  return 0;
}

int luaopen_torture(lua_State *L);

/* Before the core initialises libcurl: who is first says whose memory it takes. */
__attribute__((visibility("default"))) int luaopen_torture(lua_State *L) {
  static const luaL_Reg functions[] = {{"run", torture_run},
                                       {"blocks", torture_blocks},
                                       {"descriptors", torture_descriptors},
                                       {"limit", torture_limit},
                                       {"listen", torture_listen},
                                       {"seen", torture_seen},
                                       {"forget", torture_forget},
                                       {"confirm", torture_confirm},
                                       {"settle", torture_settle},
                                       {NULL, NULL}};
  const luaL_Reg *f;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, __wrap_malloc, __wrap_free, __wrap_realloc,
                           __wrap_strdup, __wrap_calloc) != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised");
  allocate = lua_getallocf(L, &allocate_arg);
  lua_setallocf(L, lua_allocate, NULL);
  lua_newtable(L);
  for (f = functions; f->name; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
