#include "binding/resume_set.h"

#include <string.h>

#include "binding/class.h"
#include "binding/result.h"
#include "journal/resume_set.h"

#define SET "elevenlabs.workspace.resume_set"

static ew_resume_set *check_set(lua_State *L) {
  return luaL_checkudata(L, 1, SET);
}

int lew_new_set(lua_State *L) {
  ew_resume_set *set = lua_newuserdata(L, sizeof *set);
  ew_error error;
  memset(set, 0, sizeof *set);
  luaL_getmetatable(L, SET);
  lua_setmetatable(L, -2);
  if (ew_resume_set_init(set, &error) != EW_OK) return lew_push_failure(L, &error);
  return 1;
}

static int set_get(lua_State *L) {
  const ew_resume_set *set = check_set(L);
  size_t length;
  const char *name = luaL_checklstring(L, 2, &length);
  lua_pushinteger(L, ew_resume_set_get(set, name, length));
  return 1;
}

static uint8_t check_bits(lua_State *L, int position) {
  lua_Integer bits = luaL_checkinteger(L, position);
  luaL_argcheck(L, bits >= 1 && bits <= 255, position, "bits from 1 to 255");
  return (uint8_t)bits;
}

static int set_put(lua_State *L) {
  ew_resume_set *set = check_set(L);
  size_t length;
  const char *name = luaL_checklstring(L, 2, &length);
  uint8_t bits = check_bits(L, 3);
  ew_error error;
  return lew_push_done(L, ew_resume_set_put(set, name, length, bits, &error), &error);
}

static int set_add(lua_State *L) {
  ew_resume_set *set = check_set(L);
  size_t length;
  const char *name = luaL_checklstring(L, 2, &length);
  uint8_t before, bits = check_bits(L, 3);
  ew_error error;
  if (ew_resume_set_add(set, name, length, bits, &before, &error) != EW_OK)
    return lew_push_failure(L, &error);
  lua_pushinteger(L, before);
  return 1;
}

static int set_memory(lua_State *L) {
  const ew_resume_set *set = check_set(L);
  lua_pushinteger(L, (lua_Integer)ew_resume_set_bytes(set));
  lua_pushinteger(L, (lua_Integer)set->peak);
  lua_pushinteger(L, (lua_Integer)set->count);
  return 3;
}

static int set_gc(lua_State *L) {
  ew_resume_set_free(check_set(L));
  return 0;
}

void lew_register_set(lua_State *L) {
  static const luaL_Reg methods[] = {{"get", set_get},       {"put", set_put}, {"add", set_add},
                                     {"memory", set_memory}, {"__gc", set_gc}, {NULL, NULL}};
  lew_push_class(L, SET, methods);
  lua_pop(L, 1);
}
