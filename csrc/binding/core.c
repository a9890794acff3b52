/*
** core.c - the core object: one runner, owned by one Lua userdata.
** A method checks its arguments first, then calls C that cannot raise, and
** pushes results last, so that no Lua error leaves C memory behind.
*/
#include "binding/core.h"

#include <string.h>

#include "binding/args.h"
#include "binding/result.h"
#include "client/client.h"
#include "transport/poller.h"

#define CORE "elevenlabs.workspace.core"

typedef struct {
  ew_runner *runner; /* owned; NULL before opening and after __gc */
  bool allow_unknown_resource_type;
} lew_core;

static lew_core *check_core(lua_State *L) {
  lew_core *core = luaL_checkudata(L, 1, CORE);
  luaL_argcheck(L, core->runner != NULL, 1, "the core was collected");
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
  if (ew_runner_open(&core->runner, &options.transport, options.threaded, &error) != EW_OK)
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
  if (ew_runner_start(core->runner, request, key, &id, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

static int start_operation(lua_State *L, ew_operation operation) {
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

static int core_unshare(lua_State *L) {
  return start_operation(L, EW_UNSHARE);
}

static int core_share(lua_State *L) {
  return start_operation(L, EW_SHARE);
}

static int core_get(lua_State *L) {
  return start_operation(L, EW_GET);
}

static int core_connect(lua_State *L) {
  lew_core *core = check_core(L);
  ew_request request;
  ew_text no_key = {NULL, 0};
  ew_error error;
  if (ew_request_connect(&request, &error) != EW_OK) return lew_push_failure(L, &error);
  return start(L, core, &request, &no_key);
}

/* -> true, warning | nil | nil, failure */
static int core_validate(lua_State *L) {
  const lew_core *core = check_core(L);
  int operation = luaL_checkoption(L, 2, NULL, ew_operation_names);
  ew_args args;
  ew_error error;
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
  lew_push_completions(L, ew_runner_done(core->runner));
  ew_runner_discard(core->runner); /* not before: pushing may raise */
  return 1;
}

static int core_step(lua_State *L) {
  lew_core *core = check_core(L);
  int64_t timeout_us = lua_isnoneornil(L, 2) ? 0 : lew_read_ms(L, 2);
  ew_runner_step(core->runner, timeout_us);
  return push_and_discard(L, core);
}

static int core_close(lua_State *L) {
  lew_core *core = check_core(L);
  ew_runner_close(core->runner);
  return push_and_discard(L, core);
}

static int core_cancel(lua_State *L) {
  lew_core *core = check_core(L);
  ew_runner_cancel(core->runner, (uint64_t)luaL_checkinteger(L, 2));
  return 0;
}

/* By the clock of core.now; nil: not at all. */
static int core_wake_at(lua_State *L) {
  lew_core *core = check_core(L);
  ew_runner_wake_at(core->runner, lua_isnoneornil(L, 2) ? EW_NEVER : lew_read_ms(L, 2));
  return 0;
}

static int core_pollfd(lua_State *L) {
  int fd = ew_runner_fd(check_core(L)->runner);
  if (fd < 0) return 0;
  lua_pushinteger(L, fd);
  return 1;
}

static int core_timeout_ms(lua_State *L) {
  int64_t due = ew_runner_due_us(check_core(L)->runner), now = ew_now_us();
  if (due == EW_NEVER) return 0;
  lua_pushnumber(L, due > now ? (lua_Number)(due - now) / 1000 : 0);
  return 1;
}

/* -> attempts, connections, forks */
static int core_counts(lua_State *L) {
  ew_counts counts = ew_runner_counts(check_core(L)->runner);
  lua_pushinteger(L, (lua_Integer)counts.attempts);
  lua_pushinteger(L, (lua_Integer)counts.connections);
  lua_pushinteger(L, (lua_Integer)counts.forks);
  return 3;
}

/* -> the path to connect to | nil, failure */
static int core_listen(lua_State *L) {
  ew_error error;
  const char *path = ew_runner_listen(check_core(L)->runner, &error);
  if (!path) return lew_push_failure(L, &error);
  lua_pushstring(L, path);
  return 1;
}

/* -> has somebody connected? */
static int core_accept(lua_State *L) {
  lua_pushboolean(L, ew_runner_accept(check_core(L)->runner));
  return 1;
}

static int core_gc(lua_State *L) {
  lew_core *core = luaL_checkudata(L, 1, CORE);
  ew_runner_free(core->runner);
  core->runner = NULL;
  return 0;
}

void lew_register_core(lua_State *L) {
  static const luaL_Reg methods[] = {{"unshare", core_unshare},   {"share", core_share},
                                     {"get", core_get},           {"connect", core_connect},
                                     {"validate", core_validate}, {"step", core_step},
                                     {"cancel", core_cancel},     {"wake_at", core_wake_at},
                                     {"pollfd", core_pollfd},     {"timeout_ms", core_timeout_ms},
                                     {"counts", core_counts},     {"listen", core_listen},
                                     {"accept", core_accept},     {"close", core_close},
                                     {"__gc", core_gc},           {NULL, NULL}};
  luaL_newmetatable(L, CORE);
  lew_setfuncs(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
