/*
** class.h - makes the metatable of a kind of userdata.
*/
#ifndef LEW_CLASS_H
#define LEW_CLASS_H

#include "binding/compat.h"

/* Pushes a new metatable, in which methods are found too. Once per name and Lua state. */
void lew_push_class(lua_State *L, const char *name, const luaL_Reg *methods);

#endif
