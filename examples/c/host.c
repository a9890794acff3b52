/*
** host.c - an application with a loop of its own and one Lua plugin, which removes a list of roles
** (list.lua). The loop polls the client's descriptor and goes on with its frames meanwhile. Ctrl-C
** asks the plugin to stop: what is on its way ends, and the report says what is left.
**
** README.md tells how to build and run it. Arguments: the plugin, and the plugin's arguments.
*/
#define _POSIX_C_SOURCE 200809L
#include <elevenlabs-workspace.h>

#include <lauxlib.h>
#include <lualib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

enum { FRAME_MS = 16 };

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number) {
  (void)number;
  is_interrupted = 1;
}

/* `require` finds the linked module here before it looks for a file. */
static void preload(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_elevenlabs_workspace_core);
  lua_setfield(L, -2, "elevenlabs.workspace.core");
  lua_pop(L, 2);
}

/* Runs the plugin's file, which returns the table { pollfd, step, stop } at index 1. */
static bool load(lua_State *L, int count, char **arguments) {
  luaL_openlibs(L);
  preload(L);
  if (luaL_loadfile(L, arguments[1]) != 0) return false;
  for (int i = 2; i < count; i++) lua_pushstring(L, arguments[i]);
  return lua_pcall(L, count - 2, 1, 0) == 0;
}

/* Calls a function of the plugin. Its result is then on top of the stack, or why it failed. */
static bool call(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return lua_pcall(L, 0, 1, 0) == 0;
}

/* The plugin's descriptor is asked for each time: a closed client has none. poll ignores -1. */
static int descriptor(lua_State *L) {
  int fd = call(L, "pollfd") && lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : -1;
  lua_pop(L, 1);
  return fd;
}

/* Returns true if the plugin came to its end; its last words are then on top of the stack. */
static bool run(lua_State *L, long *turns) {
  bool must_step = true; /* the first step needs no event */
  for (;; ++*turns) {    /* here the application reads input, moves its world on and draws */
    struct pollfd watched = {descriptor(L), POLLIN, 0};
    bool has_news = poll(&watched, 1, FRAME_MS) > 0;
    if (is_interrupted) {
      is_interrupted = 0;
      if (!call(L, "stop")) return false;
      lua_pop(L, 1);
      must_step = true; /* nor does what was asked from outside */
    }
    if (!has_news && !must_step) continue;
    must_step = false;
    if (!call(L, "step")) return false;
    if (!lua_isnil(L, -1)) return true; /* a call that waits yields nothing */
    lua_pop(L, 1);
  }
}

int main(int count, char **arguments) {
  struct sigaction action = {.sa_handler = on_signal};
  lua_State *L = count > 1 ? luaL_newstate() : NULL;
  bool is_over;
  long turns = 0;
  if (!L) {
    fprintf(stderr, "Usage: host PLUGIN.lua [ARGUMENT...]\n");
    return 2;
  }
  sigaction(SIGINT, &action, NULL);
  is_over = load(L, count, arguments) && run(L, &turns);
  printf("%s\n%ld turns of the loop\n", lua_tostring(L, -1), turns);
  lua_close(L);
  return is_over ? 0 : 1;
}
