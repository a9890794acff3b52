/*
** args.h - from Lua tables to C structs. Tables are read raw, so that no metamethod runs. Strings
** are borrowed from the table, which must stay on the stack. Nothing here owns memory, so that a
** Lua error loses none.
*/
#ifndef LEW_ARGS_H
#define LEW_ARGS_H

#include "binding/compat.h"

#include "api/list.h"
#include "transport/transport.h"

/* What core.new takes, by name: the fields of ew_transport_options, whether
** unknown resource types pass by default, and whether a thread runs the transfers. */
typedef struct {
  ew_transport_options transport;
  bool allow_unknown_resource_type;
  bool threaded;
} lew_options;

ew_status lew_read_options(lua_State *L, int table, lew_options *options, ew_error *error);

/* `args->allow_unknown_resource_type` keeps its value if the table does not set it. */
ew_status lew_read_args(lua_State *L, int table, ew_args *args, ew_error *error);

/* { path = { segment, ... }, query = { name, value, ... } | nil }. EW_EINVAL names `path` or
** `query`. */
ew_status lew_read_list_args(lua_State *L, int table, ew_list_args *args, ew_error *error);

/* A string; nil and false are no key. */
ew_status lew_read_key(lua_State *L, int index, ew_text *key, ew_error *error);

/* From milliseconds as a Lua number to microseconds. Numbers below 0 and NaN are 0. A number out of
** range is EW_NEVER. */
int64_t lew_read_ms(lua_State *L, int index);

#endif
