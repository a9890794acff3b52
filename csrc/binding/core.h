/*
** core.h - the core: one client, as a Lua userdata.
*/
#ifndef LEW_CORE_H
#define LEW_CORE_H

#include "binding/compat.h"

/* Make the metatable; once per Lua state. */
void lew_register_core(lua_State *L);

/* core.new(options) -> core | nil, failure */
int lew_core_new(lua_State *L);

#endif
