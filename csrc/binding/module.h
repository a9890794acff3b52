/*
** module.h - the C module's one public function; installed as
** <elevenlabs-workspace.h>.
**
** For applications that link the module instead of loading it as a file. Compile
** and link with what `pkg-config --cflags --libs elevenlabs-workspace` prints, and
** with the Lua that the static library was built for. Before Lua code asks for
** `elevenlabs.workspace`, and in each lua_State, after luaL_openlibs:
**
**   lua_getglobal(L, "package");
**   lua_getfield(L, -1, "preload");
**   lua_pushcfunction(L, luaopen_elevenlabs_workspace_core);
**   lua_setfield(L, -2, "elevenlabs.workspace.core");
**   lua_pop(L, 2);
**
** `require` must find the module's Lua files and lua-cjson.
*/
#ifndef ELEVENLABS_WORKSPACE_H
#define ELEVENLABS_WORKSPACE_H

#include <lua.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Pushes the module's table and returns 1. Raises a Lua error if libcurl is older than 7.87, cannot
** do TLS or is not thread-safe. */
int luaopen_elevenlabs_workspace_core(lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
