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
#define REQUEST "elevenlabs.workspace.request"

typedef struct {
  ew_client *client; /* owned; NULL before opening and after __gc */
  bool allow_unknown_resource_type;
  bool is_pushing;                 /* completions: an allocation may run a finalizer that steps */
  char maximum[EW_LONGEST_HEADER]; /* see lew_push_completions */
  const char *next_maximum;        /* that of the completions that are being pushed */
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
  lua_newtable(L); /* of plain confirmations */
  lua_setuservalue(L, -2);
  core->allow_unknown_resource_type = options.allow_unknown_resource_type;
  if (ew_client_open(&core->client, &options.transport,
                     options.threaded ? &ew_threaded : &ew_inline, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return 1;
}

/* ---- requests ---- */

static ew_operation check_operation(lua_State *L, int index) {
  int operation = ew_operation_named(luaL_checkstring(L, index));
  luaL_argcheck(L, operation >= 0, index, "unknown operation");
  return (ew_operation)operation;
}

/* Reads the table at stack position 3 and checks it. The key at position 4 is looked for first:
** other messages may quote a part of an argument. */
static ew_status take_args(lua_State *L, const lew_core *core, ew_operation operation,
                           ew_args *args, ew_error *error) {
  ew_text key;
  luaL_checktype(L, 3, LUA_TTABLE);
  args->allow_unknown_resource_type = core->allow_unknown_resource_type;
  if (lew_read_args(L, 3, args, error) != EW_OK || lew_read_key(L, 4, &key, error) != EW_OK ||
      ew_args_check_key(args, &key, error) != EW_OK)
    return error->status;
  return ew_args_check(operation, args, error);
}

/* A userdata without a finalizer: it owns nothing. */
static ew_request *push_request(lua_State *L, size_t size) {
  ew_request *request = lew_newuserdata(L, size);
  luaL_getmetatable(L, REQUEST);
  lua_setmetatable(L, -2);
  return request;
}

static int prepare_list(lua_State *L) {
  ew_list_args args;
  ew_error error;
  luaL_checktype(L, 3, LUA_TTABLE);
  if (lew_read_list_args(L, 3, &args, &error) != EW_OK || ew_list_check(&args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  ew_list_build(push_request(L, ew_list_build(NULL, &args)), &args);
  return 1;
}

/* core:prepare(op, args, key) -> request, warning | nil | nil, failure. `args` of a list:
** see lew_read_list_args. connect takes none. `key`: nil or false if it is not known. */
static int core_prepare(lua_State *L) {
  const lew_core *core = check_core(L);
  ew_operation operation = check_operation(L, 2);
  ew_args args;
  ew_error error;
  lua_settop(L, 4);
  if (operation == EW_LIST) return prepare_list(L);
  memset(&args, 0, sizeof args);
  if (ew_operations[operation].takes_resource &&
      take_args(L, core, operation, &args, &error) != EW_OK)
    return lew_push_failure(L, &error);
  ew_request_build(push_request(L, ew_request_build(NULL, operation, &args)), operation, &args);
  lua_pushstring(L, ew_args_warning(&args));
  return 2;
}

/* core:validate(op, args, key) -> true, warning | nil | nil, failure */
static int core_validate(lua_State *L) {
  const lew_core *core = check_core(L);
  ew_operation operation = check_operation(L, 2);
  ew_args args;
  ew_error error;
  luaL_argcheck(L, ew_operations[operation].takes_resource, 2, "unknown operation");
  lua_settop(L, 4);
  if (take_args(L, core, operation, &args, &error) != EW_OK) return lew_push_failure(L, &error);
  lua_pushboolean(L, 1);
  lua_pushstring(L, ew_args_warning(&args));
  return 2;
}

/* ---- attempts ---- */

static unsigned check_slot(lua_State *L, int index) {
  lua_Integer slot = luaL_checkinteger(L, index);
  luaL_argcheck(L, slot >= 1 && slot <= EW_MOST_SLOTS, index, "no slot has this number");
  return (unsigned)slot;
}

/* core:send(request, key, slot) -> true | nil, failure. After `true` there is an attempt, and
** otherwise there is none: nothing may raise between the client's answer and the return. */
static int core_send(lua_State *L) {
  lew_core *core = check_core(L);
  const ew_request *request = luaL_checkudata(L, 2, REQUEST);
  unsigned slot = check_slot(L, 4);
  ew_text key;
  ew_error error;
  luaL_argcheck(L, !ew_client_is_taken(core->client, slot), 4, "the slot is taken");
  if (lew_read_key(L, 3, &key, &error) != EW_OK ||
      ew_request_check_key(request, &key, &error) != EW_OK ||
      ew_client_send(core->client, request, &key, slot, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* core:cancel(slot): ends the attempt that is there now, if there is one */
static int core_cancel(lua_State *L) {
  lew_core *core = check_core(L);
  lua_Integer slot = luaL_checkinteger(L, 2);
  if (slot >= 1 && slot <= EW_MOST_SLOTS) ew_client_cancel(core->client, (unsigned)slot);
  return 0;
}

/* Protected: (core, plain, metatable, none) -> plain, count, others */
static int push_completions(lua_State *L) {
  lew_core *core = lua_touserdata(L, 1);
  return lew_push_completions(L, ew_client_done(core->client), &core->next_maximum);
}

/* The upvalues of core_step and core_close. */
enum { METATABLE_OF_EVIDENCE = 1, NONE, PUSH_COMPLETIONS, UPVALUES = PUSH_COMPLETIONS };

static int push_none(lua_State *L) {
  lua_getuservalue(L, 1);
  lua_pushinteger(L, 0);
  lua_pushvalue(L, lua_upvalueindex(NONE));
  return 3;
}

/* -> plain, count, others. Completions are discarded once all are pushed. A step inside of this, by
** a finalizer, gets none: it would free slots whose completions are being pushed here. */
static int hand_over(lua_State *L, lew_core *core) {
  int failed;
  lua_settop(L, 1);
  if (core->is_pushing || !ew_client_done(core->client)) return push_none(L);
  lua_pushvalue(L, lua_upvalueindex(PUSH_COMPLETIONS));
  lua_pushvalue(L, 1);
  lua_getuservalue(L, 1);
  lua_pushvalue(L, lua_upvalueindex(METATABLE_OF_EVIDENCE));
  lua_pushvalue(L, lua_upvalueindex(NONE));
  core->next_maximum = core->maximum;
  core->is_pushing = true;
  failed = lua_pcall(L, 4, 3, 0);
  core->is_pushing = false;
  if (failed) return lua_error(L);
  memmove(core->maximum, core->next_maximum, sizeof core->maximum);
  ew_client_discard(core->client);
  return 3;
}

/* core:step(timeout_ms) */
static int core_step(lua_State *L) {
  lew_core *core = check_core(L);
  int64_t timeout_us = lua_isnoneornil(L, 2) ? 0 : lew_read_ms(L, 2);
  if (!core->is_pushing) ew_client_step(core->client, timeout_us);
  return hand_over(L, core);
}

/* core:close() */
static int core_close(lua_State *L) {
  lew_core *core = check_core(L);
  ew_client_close(core->client);
  return hand_over(L, core);
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

/* The class of the core is at the top, and below it are the upvalues. */
static void set_step(lua_State *L, const char *name, lua_CFunction function) {
  int upvalue;
  for (upvalue = 0; upvalue < UPVALUES; upvalue++) lua_pushvalue(L, -1 - UPVALUES);
  lua_pushcclosure(L, function, UPVALUES);
  lua_setfield(L, -2, name);
}

void lew_register_core(lua_State *L) {
  static const luaL_Reg requests[] = {{NULL, NULL}};
  static const luaL_Reg methods[] = {
    {"prepare", core_prepare},       {"validate", core_validate}, {"send", core_send},
    {"cancel", core_cancel},         {"wake_at", core_wake_at},   {"pollfd", core_pollfd},
    {"timeout_ms", core_timeout_ms}, {"counts", core_counts},     {"listen", core_listen},
    {"accept", core_accept},         {"__gc", core_gc},           {NULL, NULL}};
  lew_push_class(L, REQUEST, requests);
  lew_push_evidence_class(L);
  lua_newtable(L);
  lua_pushcfunction(L, push_completions);
  lew_push_class(L, CORE, methods);
  set_step(L, "step", core_step);
  set_step(L, "close", core_close);
  lua_pop(L, 2 + UPVALUES);
}
