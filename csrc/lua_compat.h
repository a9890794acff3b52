/*
** lua_compat.h - the few API differences between Lua 5.1 (and LuaJIT) and 5.4.
*/
#ifndef LEW_COMPAT_H
#define LEW_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#define lew_setfuncs(L, functions) luaL_register(L, NULL, functions)
#else
#define lew_setfuncs(L, functions) luaL_setfuncs(L, functions, 0)
#endif

#endif
