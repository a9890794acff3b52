/*
** module.c - the C module `elevenlabs.workspace.core`: loading, and the
** functions that need no core object.
*/
#define _GNU_SOURCE
#include "binding/module.h"

#include <dlfcn.h>
#include <stdint.h>
#include <sys/random.h>

#include "api/proof.h"
#include "api/resource_types.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "binding/args.h"
#include "binding/core.h"
#include "binding/journal.h"
#include "binding/process.h"
#include "binding/result.h"
#include "binding/resume_set.h"
#include "journal/crc32c.h"
#include "transport/libcurl.h"

enum { MOST_CANDIDATES = 64 };

/* core.now() -> milliseconds of a monotonic clock; only differences mean anything */
static int module_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)ew_now_us() / 1000);
  return 1;
}

/* core.random() -> a number in [0, 1). No other process has the same numbers: math.random gives all
** workers of a host the same ones, until the host seeds it. */
static int module_random(lua_State *L) {
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) bits = (uint64_t)ew_now_us() << 32;
  lua_pushnumber(L, (lua_Number)(bits >> 11) / 9007199254740992.0); /* 2^53 */
  return 1;
}

/* core.is_yieldable() -> true if the caller may yield; nil: 5.1 and 5.2 cannot tell. nginx's Lua
** has no coroutine.isyieldable. */
static int module_is_yieldable(lua_State *L) {
#ifdef LEW_KNOWS_YIELDABLE
  lua_pushboolean(L, lua_isyieldable(L));
#else
  lua_pushnil(L);
#endif
  return 1;
}

/* core.nearest(text, names) -> the name that `text` was probably meant to be | nil */
static int module_nearest(lua_State *L) {
  const char *names[MOST_CANDIDATES + 1];
  size_t length;
  int count = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  luaL_checktype(L, 2, LUA_TTABLE);
  for (; count < MOST_CANDIDATES; count++) {
    lua_rawgeti(L, 2, count + 1);
    if (lua_type(L, -1) != LUA_TSTRING) break;
    names[count] = lua_tostring(L, -1); /* the table keeps it */
    lua_pop(L, 1);
  }
  names[count] = NULL;
  lua_pushstring(L, ew_nearest(names, text, length));
  return 1;
}

/* core.check_key(key) -> true | nil, failure; false is no key and passes */
static int module_check_key(lua_State *L) {
  ew_text key;
  ew_error error;
  if (lew_read_key(L, 1, &key, &error) != EW_OK || ew_key_check(&key, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

static bool flag_of(lua_State *L, const char *name) {
  bool flag;
  lua_getfield(L, 2, name);
  flag = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return flag;
}

static int integer_of(lua_State *L, const char *name) {
  int integer;
  lua_getfield(L, 2, name);
  integer = (int)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return integer;
}

/* core.crc32c(text) -> CRC-32C, from 0 to 2^32 - 1. The sum is a number, which is exact: an integer
** of 5.1 may have 32 bits with a sign. */
static int module_crc32c(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  lua_pushnumber(L, (lua_Number)ew_crc32c(text, length));
  return 1;
}

/* core.judge(op, evidence) -> true: the answer is a good one | why not; whether the body is text.
** Cores in Lua use this for `proof` and `is_text`. */
static int module_judge(lua_State *L) {
  int operation = ew_operation_named(luaL_checkstring(L, 1));
  ew_answer answer;
  const char *doubt;
  luaL_argcheck(L, operation >= 0, 1, "unknown operation");
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  answer.sent = flag_of(L, "sent");
  answer.succeeded = integer_of(L, "curl_code") == 0;
  answer.status = integer_of(L, "status");
  answer.head_ended = flag_of(L, "head_ended");
  answer.whole = flag_of(L, "whole");
  lua_getfield(L, 2, "body");
  answer.body = luaL_checklstring(L, 3, &answer.length);
  doubt = ew_proof_doubt(ew_operations[operation].good, &answer);
  if (doubt)
    lua_pushstring(L, doubt);
  else
    lua_pushboolean(L, 1);
  lua_pushboolean(L, ew_utf8_is_text(answer.body, answer.length));
  return 2;
}

/* core.shape(body[, member]) -> "object" | "array" | nil; whether it directly holds an object. See
** ew_proof_shape. */
static int module_shape(lua_State *L) {
  size_t length;
  const char *body = luaL_checklstring(L, 1, &length), *member = luaL_optstring(L, 2, NULL);
  bool holds_object;
  ew_shape shape = ew_proof_shape(body, length, member, &holds_object);
  if (shape == EW_NEITHER)
    lua_pushnil(L);
  else
    lua_pushstring(L, shape == EW_OBJECT ? "object" : "array");
  lua_pushboolean(L, holds_object);
  return 2;
}

/* core.load_apart(path, symbol): if the program has `symbol` already, load the C module at `path`
** with RTLD_DEEPBIND. The module then calls its own functions, and require finds this copy. Does
** nothing if the module is loaded. A module that contains a Lua is unloaded. */
static int module_load_apart(lua_State *L) {
  const char *path = luaL_checkstring(L, 1), *symbol = luaL_checkstring(L, 2);
#ifdef RTLD_DEEPBIND
  void *module = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  if (module) {
    dlclose(module);
  } else if (dlsym(RTLD_DEFAULT, symbol)) {
    module = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
    if (module && dlsym(module, "lua_gettop")) dlclose(module);
  }
#else
  (void)path, (void)symbol;
#endif
  return 0;
}

static void set_resource_types(lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = 0; ew_resource_types[i]; i++) {
    lua_pushstring(L, ew_resource_types[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "RESOURCE_TYPES");
}

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int luaopen_elevenlabs_workspace_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", lew_core_new},
                                       {"now", module_now},
                                       {"random", module_random},
                                       {"nearest", module_nearest},
                                       {"check_key", module_check_key},
                                       {"crc32c", module_crc32c},
                                       {"judge", module_judge},
                                       {"shape", module_shape},
                                       {"open_journal", lew_open_journal},
                                       {"read_journal", lew_read_journal},
                                       {"make_folder", lew_make_folder},
                                       {"check_folder", lew_check_folder},
                                       {"make_file", lew_make_file},
                                       {"rename", lew_rename},
                                       {"new_set", lew_new_set},
                                       {"is_yieldable", module_is_yieldable},
                                       {"load_apart", module_load_apart},
                                       {"open_descriptors", lew_open_descriptors},
                                       {"discard_input", lew_discard_input},
                                       {NULL, NULL}};
  const char *unusable = ew_libcurl_unusable();
  if (unusable) return luaL_error(L, "elevenlabs.workspace: %s", unusable);
  lew_register_core(L);
  lew_register_journal(L);
  lew_register_set(L);
  lua_newtable(L);
  lew_setfuncs(L, functions);
  set_resource_types(L);
  lua_pushstring(L, ew_libcurl_version());
  lua_setfield(L, -2, "LIBCURL_VERSION");
  return 1;
}
