/*
** embed.c - an application with the C module linked in, as lua_core.h shows it.
** Runs the Lua chunk that is its argument.
*/
#include <elevenlabs-workspace.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

static void preload(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_elevenlabs_workspace_core);
  lua_setfield(L, -2, "elevenlabs.workspace.core");
  lua_pop(L, 2);
}

int main(int count, char **arguments) {
  lua_State *L = luaL_newstate();
  int failed;
  if (!L || count != 2) return 2;
  luaL_openlibs(L);
  preload(L);
  failed = luaL_dostring(L, arguments[1]);
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return failed;
}
