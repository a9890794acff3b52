/*
** core.h - the core object, as Lua sees it.
*/
#ifndef LEW_CLIENT_H
#define LEW_CLIENT_H

#include "binding/compat.h"

/* Make the metatable; once per Lua state. */
void lew_register_core(lua_State *L);

/* core.new(options) -> core | nil, failure */
int lew_core_new(lua_State *L);

#endif
