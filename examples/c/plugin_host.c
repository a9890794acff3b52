/*
** plugin_host.c - an application that runs Lua plugins, as a game server or an editor does.
** Each of its threads has a loop of frames and one plugin at a time, in a lua_State of its own
** with a cap on its memory. A plugin is a Lua file that runs as a coroutine and is resumed once
** a frame; with `driver = "manual"` its calls yield until they are done, so that no frame waits
** for the network. Once it has ended, its state is closed, and the next one opened.
**
** README.md tells how to build and run it.
**
** Arguments: the plugin; then, where wanted, how many threads, how many plugins in each, one
** after another, and how many kilobytes of memory each may take.
*/
#define _POSIX_C_SOURCE 200809L
#include <elevenlabs-workspace.h>

#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 64, FRAME_NS = 1000000000 / 120 };

typedef struct {
  const char *path; /* borrowed: its Lua file */
  int thread, round;
  size_t used, most, limit; /* bytes: of its lua_State now, at the most, and allowed */
  lua_State *L;             /* owned; NULL until it is open */
  lua_State *job;           /* the coroutine it runs in, which L keeps */
} plugin;

typedef enum { RUNNING, DONE, FAILED } progress;

/* ---- memory */

/* A lua_Alloc. To refuse is all that a cap takes: Lua collects its garbage, asks again, and
** then raises "not enough memory" in this plugin alone. (Not LuaJIT: Debian's, of 2023, may
** crash there.) Buffers of connections are libcurl's and not counted. */
static void *allocate(void *userdata, void *block, size_t old_size, size_t new_size) {
  plugin *p = userdata;
  void *moved;
  if (!block) old_size = 0; /* since Lua 5.2 it tells the kind of object then */
  if (new_size == 0) {
    free(block);
    p->used -= old_size;
    return NULL;
  }
  if (new_size > old_size && p->used + (new_size - old_size) > p->limit) return NULL;
  moved = realloc(block, new_size);
  if (!moved) return NULL;
  p->used = p->used - old_size + new_size;
  if (p->used > p->most) p->most = p->used;
  return moved;
}

/* ---- what differs between the versions of Lua */

static int resume(lua_State *job, lua_State *from, int arguments) {
#if LUA_VERSION_NUM >= 504
  int results;
  return lua_resume(job, from, arguments, &results);
#elif LUA_VERSION_NUM >= 502
  return lua_resume(job, from, arguments);
#else
  (void)from;
  return lua_resume(job, arguments);
#endif
}

/* Calls `function` with a light userdata. Lua 5.1 and LuaJIT allocate in lua_pushcfunction,
** which must not happen unprotected: beyond the cap, it would end the process. */
static int call_protected(lua_State *L, lua_CFunction function, void *userdata) {
#if LUA_VERSION_NUM >= 502
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, userdata);
  return lua_pcall(L, 1, 0, 0);
#else
  return lua_cpcall(L, function, userdata);
#endif
}

/* ---- a plugin's life */

/* `require` finds the linked module here before it looks for a file. */
static void preload(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_elevenlabs_workspace_core);
  lua_setfield(L, -2, "elevenlabs.workspace.core");
  lua_pop(L, 2);
}

static int set_up(lua_State *L) {
  plugin *p = lua_touserdata(L, 1);
  luaL_openlibs(L);
  preload(L);
  p->job = lua_newthread(L);
  lua_setfield(L, LUA_REGISTRYINDEX, "plugin_host.job"); /* or it would be garbage */
  if (luaL_loadfile(L, p->path) != 0) return lua_error(L);
  lua_xmove(L, p->job, 1);
  lua_pushinteger(p->job, p->thread);
  lua_pushinteger(p->job, p->round);
  return 0;
}

/* value -> text. Errors and reports of ours are tables that read as text. */
static int to_text(lua_State *L) {
  if (!luaL_callmeta(L, 1, "__tostring")) lua_settop(L, 1);
  if (!lua_tostring(L, -1)) lua_pushstring(L, luaL_typename(L, -1));
  return 1;
}

/* Prints the value on top of `from`'s stack: what the plugin returned or raised. */
static void tell(plugin *p, lua_State *from) {
  const char *text;
  p->limit = SIZE_MAX; /* no cap on last words */
  lua_xmove(from, p->L, 1);
  lua_pushcfunction(p->L, to_text);
  lua_insert(p->L, -2);
  lua_pcall(p->L, 1, 1, 0); /* a __tostring is the plugin's, and may raise */
  text = lua_tostring(p->L, -1);
  printf("%d.%d: %s\n", p->thread, p->round, text ? text : "(no text)");
  lua_pop(p->L, 1);
}

static progress plugin_open(plugin *p) {
#if LUA_VERSION_NUM >= 505
  p->L = lua_newstate(allocate, p, luaL_makeseed(NULL));
#else
  p->L = lua_newstate(allocate, p);
#endif
  if (!p->L) {
    printf("%d.%d: no memory for a lua_State\n", p->thread, p->round);
    return FAILED;
  }
  if (call_protected(p->L, set_up, p) == 0) return RUNNING;
  tell(p, p->L);
  return FAILED;
}

/* Its part of a frame: a bit of work, up to where the plugin must wait for an answer. */
static progress plugin_frame(plugin *p) {
  int arguments = lua_status(p->job) == LUA_YIELD ? 0 : 2; /* set_up left two for the first */
  int status = resume(p->job, p->L, arguments);
  if (status == LUA_YIELD) {
    lua_settop(p->job, 0); /* what it yielded says nothing to this host */
    return RUNNING;
  }
  if (status == 0) lua_settop(p->job, 1); /* the first result, or nil */
  tell(p, p->job);
  return status == 0 ? DONE : FAILED;
}

/* At any time, also with calls in flight: these end here. */
static void plugin_close(plugin *p) {
  if (p->L) lua_close(p->L);
  p->L = NULL;
}

/* ---- the application */

typedef struct {
  pthread_t thread;
  plugin first; /* what each of its plugins starts as */
  int rounds;
  int done, failed;
  long frames;
  size_t most, leaked; /* bytes */
} worker;

/* Where input is read, the world moved on and drawn. */
static void rest_of_frame(worker *w) {
  struct timespec pause = {0, FRAME_NS};
  w->frames++;
  nanosleep(&pause, NULL);
}

static void run_plugin(worker *w) {
  plugin p = w->first;
  progress now = plugin_open(&p);
  while (now == RUNNING) {
    now = plugin_frame(&p);
    rest_of_frame(w);
  }
  plugin_close(&p);
  w->done += now == DONE;
  w->failed += now == FAILED;
  w->leaked += p.used;
  if (p.most > w->most) w->most = p.most;
}

static void *run_worker(void *userdata) {
  worker *w = userdata;
  for (w->first.round = 1; w->first.round <= w->rounds; w->first.round++) run_plugin(w);
  return NULL;
}

/* Returns how many it could start. */
static int start(worker *workers, int count, const worker *model) {
  int i;
  for (i = 0; i < count; i++) {
    workers[i] = *model;
    workers[i].first.thread = i + 1;
    if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0) break;
  }
  return i;
}

/* Waits for them, and adds up what they did. */
static worker finish(worker *workers, int count) {
  worker sum;
  int i;
  memset(&sum, 0, sizeof sum);
  for (i = 0; i < count; i++) {
    pthread_join(workers[i].thread, NULL);
    sum.done += workers[i].done;
    sum.failed += workers[i].failed;
    sum.frames += workers[i].frames;
    sum.leaked += workers[i].leaked;
    if (workers[i].most > sum.most) sum.most = workers[i].most;
  }
  return sum;
}

/* The argument's number, or `otherwise` where there is none; 0 where it is no number. */
static int number(int count, char **arguments, int position, int otherwise) {
  return position < count ? atoi(arguments[position]) : otherwise;
}

int main(int count, char **arguments) {
  worker workers[MOST_THREADS], model, sum;
  int threads = number(count, arguments, 2, 4), kilobytes = number(count, arguments, 4, 4096);
  memset(&model, 0, sizeof model);
  model.rounds = number(count, arguments, 3, 3);
  model.first.limit = (size_t)kilobytes * 1024;
  if (count < 2 || threads < 1 || threads > MOST_THREADS || model.rounds < 1 || kilobytes < 1) {
    fprintf(stderr, "Usage: plugin_host PLUGIN.lua [THREADS [ROUNDS [KILOBYTES]]]\n");
    return 2;
  }
  model.first.path = arguments[1];
  count = start(workers, threads, &model);
  if (count < threads) fprintf(stderr, "plugin_host: only %d threads could be started\n", count);
  sum = finish(workers, count);
  printf("plugins %d done %d failed %d frames %ld most %lu KB leaked %lu bytes\n",
         sum.done + sum.failed, sum.done, sum.failed, sum.frames, (unsigned long)(sum.most / 1024),
         (unsigned long)sum.leaked);
  return count == threads && sum.failed == 0 && sum.leaked == 0 ? 0 : 1;
}
