/*
** json_object.h - the text of a JSON object from Lua tables, for a journal's records.
*/
#ifndef LEW_JSON_OBJECT_H
#define LEW_JSON_OBJECT_H

#include "binding/compat.h"

/* Arguments from position 2 on: names, values, names, values ... Each is a table. Names are
** an array and need no escape. The object has the values that are a string, a whole number or
** true, in the order of the names. The text is written to `small` if it has room there, and
** otherwise to a userdata on top of the stack. */
const char *lew_json_object(lua_State *L, char *small, size_t size, size_t *length);

#endif
