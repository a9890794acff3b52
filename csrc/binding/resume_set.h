/*
** resume_set.h - the resume set, as Lua sees it.
**
**   set:get(name) -> bits; 0: the name is absent
**   set:put(name, bits) -> true | nil, failure       bits from 1 to 255
**   set:add(name, bits) -> what `get` gave | nil, failure    leaves a name that is there unchanged
**   set:memory() -> bytes now, bytes at its peak, items
*/
#ifndef LEW_RESUME_SET_H
#define LEW_RESUME_SET_H

#include "binding/compat.h"

/* Make the metatable; once per Lua state. */
void lew_register_set(lua_State *L);

/* core.new_set() -> set | nil, failure */
int lew_new_set(lua_State *L);

#endif
