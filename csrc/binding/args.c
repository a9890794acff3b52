#include "binding/args.h"

#include <string.h>

#include "base/clock.h"
#include "base/nearest.h"

enum { LONGEST_OPTION = 4096, LONGEST_TIMEOUT_MS = 86400000, MOST_CONNECTIONS = 1024 };

/* JSON's null, as lua-cjson and others represent it. */
static bool is_absent(lua_State *L, int index) {
  return lua_isnil(L, index) ||
         (lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL);
}

/* ---- options ---- */

static ew_status read_text_option(lua_State *L, int table, const char *name, const char **text,
                                  ew_error *error) {
  size_t length = 0;
  lua_pushstring(L, name);
  lua_rawget(L, table);
  if (is_absent(L, -1)) {
    lua_pop(L, 1);
    return EW_OK;
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    return ew_fail(error, EW_EINVAL, name, "%s must be a string, got %s", name,
                   luaL_typename(L, -1));
  *text = lua_tolstring(L, -1, &length);
  lua_pop(L, 1); /* the table still holds it */
  if (length > LONGEST_OPTION || strlen(*text) != length || strpbrk(*text, "\r\n"))
    return ew_fail(error, EW_EINVAL, name, "%s is too long or holds NUL, CR or LF", name);
  return EW_OK;
}

static ew_status read_whole_option(lua_State *L, int table, const char *name, long most,
                                   long *value, ew_error *error) {
  lua_Number number;
  lua_pushstring(L, name);
  lua_rawget(L, table);
  number = lua_tonumber(L, -1);
  if (lua_type(L, -1) == LUA_TNUMBER && number >= 1 && number <= (lua_Number)most &&
      number == (lua_Number)(long)number)
    *value = (long)number;
  else if (!is_absent(L, -1))
    return ew_fail(error, EW_EINVAL, name, "%s must be a whole number from 1 to %ld", name, most);
  lua_pop(L, 1);
  return EW_OK;
}

/* false: no proxy at all, which libcurl spells "". */
static ew_status read_proxy(lua_State *L, int table, const char **proxy, ew_error *error) {
  bool off;
  lua_pushstring(L, "proxy");
  lua_rawget(L, table);
  off = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (off) {
    *proxy = "";
    return EW_OK;
  }
  if (read_text_option(L, table, "proxy", proxy, error) != EW_OK) return error->status;
  if (*proxy && !**proxy)
    return ew_fail(error, EW_EINVAL, "proxy", "proxy must not be empty (false means none)");
  return EW_OK;
}

static ew_status read_flag(lua_State *L, const char *name, int index, bool *flag, ew_error *error) {
  if (is_absent(L, index)) return EW_OK;
  if (!lua_isboolean(L, index))
    return ew_fail(error, EW_EINVAL, name, "%s must be true or false, got %s", name,
                   luaL_typename(L, index));
  *flag = lua_toboolean(L, index);
  return EW_OK;
}

static ew_status read_flag_option(lua_State *L, int table, const char *name, bool *flag,
                                  ew_error *error) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
  if (read_flag(L, name, -1, flag, error) != EW_OK) return error->status;
  lua_pop(L, 1);
  return EW_OK;
}

ew_status lew_read_options(lua_State *L, int table, lew_options *options, ew_error *error) {
  ew_transport_options *t = &options->transport;
  memset(options, 0, sizeof *options);
  t->user_agent = "elevenlabs-workspace-lua";
  t->connect_timeout_ms = 10000;
  t->attempt_timeout_ms = 30000;
  t->max_connections = 32;
  if (read_text_option(L, table, "base_url", &t->base_url, error) != EW_OK ||
      read_text_option(L, table, "ca_file", &t->ca_file, error) != EW_OK ||
      read_text_option(L, table, "user_agent", &t->user_agent, error) != EW_OK ||
      read_proxy(L, table, &t->proxy, error) != EW_OK ||
      read_whole_option(L, table, "connect_timeout_ms", LONGEST_TIMEOUT_MS, &t->connect_timeout_ms,
                        error) != EW_OK ||
      read_whole_option(L, table, "attempt_timeout_ms", LONGEST_TIMEOUT_MS, &t->attempt_timeout_ms,
                        error) != EW_OK ||
      read_whole_option(L, table, "max_concurrency", MOST_CONNECTIONS, &t->max_connections,
                        error) != EW_OK ||
      read_flag_option(L, table, "allow_unknown_resource_type",
                       &options->allow_unknown_resource_type, error) != EW_OK ||
      read_flag_option(L, table, "threaded", &options->threaded, error) != EW_OK)
    return error->status;
  if (!t->base_url) return ew_fail(error, EW_EINVAL, "base_url", "base_url is missing");
  return EW_OK;
}

/* ---- arguments ---- */

static ew_status unknown_field(ew_error *error, const char *name, size_t length) {
  char quoted[40];
  const char *near = ew_nearest(ew_field_names, name, length);
  ew_quotable(quoted, sizeof quoted, name, length);
  if (near)
    return ew_fail(error, EW_EINVAL, quoted, "unknown field %s: did you mean %s?", quoted, near);
  return ew_fail(error, EW_EINVAL, quoted, "unknown field %s", quoted);
}

/* The pair that lua_next has pushed: the key at -2, the value at -1. */
static ew_status read_pair(lua_State *L, ew_args *args, ew_error *error) {
  static const char flag[] = "allow_unknown_resource_type";
  size_t length;
  const char *name;
  int field;
  if (lua_type(L, -2) != LUA_TSTRING) /* no lua_tolstring: it would change a number key */
    return ew_fail(error, EW_EINVAL, NULL, "field names must be strings, got a %s",
                   luaL_typename(L, -2));
  name = lua_tolstring(L, -2, &length);
  if (length == sizeof flag - 1 && memcmp(name, flag, length) == 0)
    return read_flag(L, flag, -1, &args->allow_unknown_resource_type, error);
  field = ew_field_named(name, length);
  if (field < 0) return unknown_field(error, name, length);
  if (is_absent(L, -1)) return EW_OK;
  if (lua_type(L, -1) != LUA_TSTRING)
    return ew_fail(error, EW_EINVAL, ew_field_names[field], "%s must be a string, got %s",
                   ew_field_names[field], luaL_typename(L, -1));
  args->field[field].data = lua_tolstring(L, -1, &args->field[field].length);
  return EW_OK;
}

ew_status lew_read_args(lua_State *L, int table, ew_args *args, ew_error *error) {
  memset(args->field, 0, sizeof args->field);
  luaL_checkstack(L, 4, "arguments");
  lua_pushnil(L);
  while (lua_next(L, table)) {
    if (read_pair(L, args, error) != EW_OK) return error->status;
    lua_pop(L, 1);
  }
  return EW_OK;
}

/* An array of strings. */
static ew_status read_texts(lua_State *L, int table, const char *name, ew_text *texts, size_t most,
                            size_t *count, ew_error *error) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
  if (lua_isnil(L, -1)) return EW_OK;
  if (!lua_istable(L, -1)) return ew_fail(error, EW_EINVAL, name, "%s must be an array", name);
  for (;;) {
    lua_rawgeti(L, -1, (int)*count + 1);
    if (lua_isnil(L, -1)) break;
    if (lua_type(L, -1) != LUA_TSTRING || *count == most)
      return ew_fail(error, EW_EINVAL, name, "%s must be an array of at most %d strings", name,
                     (int)most);
    texts[*count].data = lua_tolstring(L, -1, &texts[*count].length);
    (*count)++;
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return EW_OK;
}

ew_status lew_read_list_args(lua_State *L, int table, ew_list_args *args, ew_error *error) {
  memset(args, 0, sizeof *args);
  luaL_checkstack(L, 4, "arguments");
  if (read_texts(L, table, "path", args->segments, EW_MOST_SEGMENTS, &args->segment_count, error) !=
        EW_OK ||
      read_texts(L, table, "query", args->parameters, (size_t)2 * EW_MOST_PARAMETERS,
                 &args->parameter_count, error) != EW_OK)
    return error->status;
  if (args->parameter_count % 2)
    return ew_fail(error, EW_EINVAL, "query", "query has a name without a value");
  return EW_OK;
}

ew_status lew_read_key(lua_State *L, int index, ew_text *key, ew_error *error) {
  key->data = NULL;
  key->length = 0;
  if (!lua_toboolean(L, index)) return EW_OK;
  if (lua_type(L, index) != LUA_TSTRING)
    return ew_fail(error, EW_EINVAL, "api_key", "api_key must be a string, got %s",
                   luaL_typename(L, index));
  key->data = lua_tolstring(L, index, &key->length);
  return EW_OK;
}

int64_t lew_read_ms(lua_State *L, int index) {
  lua_Number ms = luaL_checknumber(L, index);
  if (!(ms > 0)) return 0;
  return ms < 1e12 ? (int64_t)(ms * 1000) : EW_NEVER;
}
