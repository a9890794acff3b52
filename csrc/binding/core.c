/*
** core.c - the core object: one client, owned by one Lua userdata.
** A method checks its arguments first, then calls C that cannot raise, and
** pushes results last, so that no Lua error leaves C memory behind.
*/
#include "binding/core.h"

#include <string.h>

#include "base/clock.h"
#include "binding/args.h"
#include "binding/class.h"
#include "binding/result.h"
#include "client/client.h"

#define CORE "elevenlabs.workspace.core"

typedef struct {
  ew_client *client; /* owned; NULL before opening and after __gc */
  bool allow_unknown_resource_type;
} lew_core;

static lew_core *check_core(lua_State *L) {
  lew_core *core = luaL_checkudata(L, 1, CORE);
  luaL_argcheck(L, core->client != NULL, 1, "the core was collected");
  return core;
}

int lew_core_new(lua_State *L) {
  lew_options options;
  ew_error error;
  lew_core *core;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (lew_read_options(L, 1, &options, &error) != EW_OK) return lew_push_failure(L, &error);
  core = lua_newuserdata(L, sizeof *core);
  memset(core, 0, sizeof *core);
  luaL_getmetatable(L, CORE);
  lua_setmetatable(L, -2);
  core->allow_unknown_resource_type = options.allow_unknown_resource_type;
  if (ew_client_open(&core->client, &options.transport,
                     options.threaded ? &ew_threaded : &ew_inline, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return 1;
}

/* Arguments and key at stack positions 2 and 3. */
static ew_status build(lua_State *L, const lew_core *core, ew_operation operation,
                       ew_request *request, ew_text *key, ew_error *error) {
  ew_args args;
  args.allow_unknown_resource_type = core->allow_unknown_resource_type;
  if (lew_read_args(L, 2, &args, error) != EW_OK || lew_read_key(L, 3, key, error) != EW_OK ||
      ew_key_check(key, &args, error) != EW_OK)
    return error->status;
  return ew_request_build(request, operation, &args, error);
}

static int start(lua_State *L, lew_core *core, ew_request *request, const ew_text *key) {
  ew_error error;
  uint64_t id = 0;
  if (ew_client_start(core->client, request, key, &id, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* core:unshare(args, key), core:share and core:get. The upvalue is the ew_operation. */
static int core_start(lua_State *L) {
  ew_operation operation = (ew_operation)lua_tointeger(L, lua_upvalueindex(1));
  lew_core *core = check_core(L);
  ew_request request;
  ew_text key;
  ew_error error;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  if (build(L, core, operation, &request, &key, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return start(L, core, &request, &key);
}

/* core:list({ path = ..., query = ... }, key); see lew_read_list_args */
static int core_list(lua_State *L) {
  lew_core *core = check_core(L);
  ew_list_args args;
  ew_request request;
  ew_text key;
  ew_error error;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  if (lew_read_list_args(L, 2, &args, &error) != EW_OK ||
      lew_read_key(L, 3, &key, &error) != EW_OK || ew_key_check(&key, NULL, &error) != EW_OK ||
      ew_list_build(&request, &args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return start(L, core, &request, &key);
}

static int core_connect(lua_State *L) {
  lew_core *core = check_core(L);
  ew_request request;
  ew_text no_key = {NULL, 0};
  ew_error error;
  if (ew_request_build(&request, EW_CONNECT, NULL, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return start(L, core, &request, &no_key);
}

/* -> true, warning | nil | nil, failure */
static int core_validate(lua_State *L) {
  const lew_core *core = check_core(L);
  int operation = ew_operation_named(luaL_checkstring(L, 2));
  ew_args args;
  ew_error error;
  luaL_argcheck(L, operation >= 0 && ew_operations[operation].takes_resource, 2,
                "unknown operation");
  luaL_checktype(L, 3, LUA_TTABLE);
  args.allow_unknown_resource_type = core->allow_unknown_resource_type;
  if (lew_read_args(L, 3, &args, &error) != EW_OK ||
      ew_args_check((ew_operation)operation, &args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushboolean(L, 1);
  lua_pushstring(L, ew_args_warning(&args));
  return 2;
}

static int push_and_discard(lua_State *L, lew_core *core) {
  lew_push_completions(L, ew_client_done(core->client));
  ew_client_discard(core->client); /* not before: pushing may raise */
  return 1;
}

static int core_step(lua_State *L) {
  lew_core *core = check_core(L);
  int64_t timeout_us = lua_isnoneornil(L, 2) ? 0 : lew_read_ms(L, 2);
  ew_client_step(core->client, timeout_us);
  return push_and_discard(L, core);
}

static int core_close(lua_State *L) {
  lew_core *core = check_core(L);
  ew_client_close(core->client);
  return push_and_discard(L, core);
}

static int core_cancel(lua_State *L) {
  lew_core *core = check_core(L);
  ew_client_cancel(core->client, (uint64_t)luaL_checkinteger(L, 2));
  return 0;
}

/* By the clock of core.now; nil: not at all. */
static int core_wake_at(lua_State *L) {
  lew_core *core = check_core(L);
  ew_client_wake_at(core->client, lua_isnoneornil(L, 2) ? EW_NEVER : lew_read_ms(L, 2));
  return 0;
}

static int core_pollfd(lua_State *L) {
  int fd = ew_client_fd(check_core(L)->client);
  if (fd < 0) return 0;
  lua_pushinteger(L, fd);
  return 1;
}

static int core_timeout_ms(lua_State *L) {
  int64_t due = ew_client_due_us(check_core(L)->client), now = ew_now_us();
  if (due == EW_NEVER) return 0;
  lua_pushnumber(L, due > now ? (lua_Number)(due - now) / 1000 : 0);
  return 1;
}

/* -> attempts, connections, forks */
static int core_counts(lua_State *L) {
  ew_counts counts = ew_client_counts(check_core(L)->client);
  lua_pushinteger(L, (lua_Integer)counts.attempts);
  lua_pushinteger(L, (lua_Integer)counts.connections);
  lua_pushinteger(L, (lua_Integer)counts.forks);
  return 3;
}

/* -> the path to connect to | nil, failure */
static int core_listen(lua_State *L) {
  ew_error error;
  const char *path = ew_client_listen(check_core(L)->client, &error);
  if (!path) return lew_push_failure(L, &error);
  lua_pushstring(L, path);
  return 1;
}

/* -> has somebody connected? */
static int core_accept(lua_State *L) {
  lua_pushboolean(L, ew_client_accept(check_core(L)->client));
  return 1;
}

static int core_gc(lua_State *L) {
  lew_core *core = luaL_checkudata(L, 1, CORE);
  ew_client_free(core->client);
  core->client = NULL;
  return 0;
}

static void set_operations(lua_State *L) {
  int operation;
  for (operation = 0; operation < EW_OPERATIONS; operation++) {
    if (!ew_operations[operation].takes_resource) continue;
    lua_pushinteger(L, operation);
    lua_pushcclosure(L, core_start, 1);
    lua_setfield(L, -2, ew_operations[operation].name);
  }
}

void lew_register_core(lua_State *L) {
  static const luaL_Reg methods[] = {{"list", core_list},         {"connect", core_connect},
                                     {"validate", core_validate}, {"step", core_step},
                                     {"cancel", core_cancel},     {"wake_at", core_wake_at},
                                     {"pollfd", core_pollfd},     {"timeout_ms", core_timeout_ms},
                                     {"counts", core_counts},     {"listen", core_listen},
                                     {"accept", core_accept},     {"close", core_close},
                                     {"__gc", core_gc},           {NULL, NULL}};
  lew_push_class(L, CORE, methods);
  set_operations(L);
  lua_pop(L, 1);
}
