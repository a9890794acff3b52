/*
** json_object.h - the text of a JSON object from Lua tables, for a journal's records.
*/
#ifndef LEW_JSON_OBJECT_H
#define LEW_JSON_OBJECT_H

#include "binding/compat.h"

/* core.json_object(names, values, ...) -> text. `names` is an array of names that need no escape.
** Of `values` the object has those that are a string, a whole number or true, in the order of the
** names. More pairs of names and values may follow. */
int lew_json_object(lua_State *L);

#endif
