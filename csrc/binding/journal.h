/*
** journal.h - the journal's file and the resume set, as Lua sees them.
**
**   journal:next() -> text | nil (the end) | nil, failure
**   journal:append(text) -> true | nil, failure
**   journal:sync() -> true | nil, failure      nothing counts before it
**   journal:is_new() -> whether it held no record when it was opened
**   journal:close()                            drops what was not synced
**
**   set:get(name) -> bits; 0 where it is absent
**   set:put(name, bits) -> true | nil, failure     bits from 1 to 255
**   set:add(name, bits) -> what `get` gave | nil, failure     changes nothing that is there
**   set:memory() -> bytes now, bytes at its peak, items
*/
#ifndef LEW_JOURNAL_H
#define LEW_JOURNAL_H

#include "binding/compat.h"

/* Make the metatables; once per Lua state. */
void lew_register_journal(lua_State *L);

/* core.open_journal(path, create) -> journal | nil (there is none) | nil, failure */
int lew_open_journal(lua_State *L);

/* core.new_set() -> set | nil, failure */
int lew_new_set(lua_State *L);

/* core.json_object(names, values, ...) -> a JSON object of those values that are a string, a
** whole number like a status, or true, in the order of the names, which need no escape; of as
** many such pairs as there are */
int lew_json_object(lua_State *L);

#endif
