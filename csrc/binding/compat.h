/*
** compat.h - the few API differences between Lua 5.1 (and LuaJIT) and 5.5.
*/
#ifndef LEW_COMPAT_H
#define LEW_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#define lew_setfuncs(L, functions) luaL_register(L, NULL, functions)
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
#else
#define lew_setfuncs(L, functions) luaL_setfuncs(L, functions, 0)
#endif

/* A userdata without a user value. */
#if LUA_VERSION_NUM >= 504
#define lew_newuserdata(L, size) lua_newuserdatauv(L, size, 0)
#else
#define lew_newuserdata(L, size) lua_newuserdata(L, size)
#endif

/* 5.3, 5.4 and LuaJIT 2.1, whose lua.h differs from 5.1's in LUA_OK. */
#if LUA_VERSION_NUM >= 503 || (LUA_VERSION_NUM == 501 && defined(LUA_OK))
#define LEW_KNOWS_YIELDABLE
#endif

#endif
