/*
** fork.c - an application that makes a client, forks, and uses the client in both processes.
** README.md tells how to build and run it.
*/
#define _POSIX_C_SOURCE 200809L
#include <elevenlabs-workspace.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char MAKE_CLIENT[] =
  "local workspace, why = require 'elevenlabs.workspace', nil\n"
  "client, why = workspace.new {\n"
  "  base_url = os.getenv 'ELEVENLABS_BASE_URL', ca_file = os.getenv 'ELEVENLABS_CA_FILE' }\n"
  "if not client then error(tostring(why), 0) end\n"
  "function remove(id)\n"
  "  local receipt, err = client:unshare {\n"
  "    resource_id = id, resource_type = 'voice', user_email = 'mia@example.com' }\n"
  "  print(id .. ': ' .. (receipt and receipt.outcome or tostring(err)))\n"
  "end\n";

static void preload(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_elevenlabs_workspace_core);
  lua_setfield(L, -2, "elevenlabs.workspace.core");
  lua_pop(L, 2);
}

/* Runs a chunk. Returns 0, or 1 after printing the error. */
static int run(lua_State *L, const char *chunk) {
  int failed = luaL_dostring(L, chunk);
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  fflush(stdout);
  lua_settop(L, 0);
  return failed != 0;
}

/* The child has a copy of the lua_State, and its client opens connections of its own. */
static int fork_and_remove(lua_State *L) {
  int status = 1;
  pid_t child = fork();
  if (child == 0) _exit(run(L, "remove 'voice_trailer'"));
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  return status != 0;
}

int main(void) {
  lua_State *L = luaL_newstate();
  int failed;
  if (!L) return 1;
  luaL_openlibs(L);
  preload(L);
  failed = run(L, MAKE_CLIENT) || run(L, "remove 'voice_narrator'") || fork_and_remove(L) ||
           run(L, "remove 'voice_narrator'"); /* the parent's connection is as it was */
  lua_close(L);
  return failed;
}
