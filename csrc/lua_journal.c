#include "lua_journal.h"

#include <stdio.h>
#include <string.h>

#include "journal.h"
#include "lua_result.h"
#include "resume_set.h"

#define JOURNAL "elevenlabs.workspace.journal"
#define SET "elevenlabs.workspace.resume_set"

static int push_done(lua_State *L, ew_status status, const ew_error *error) {
  if (status != EW_OK) return lew_push_failure(L, error);
  lua_pushboolean(L, 1);
  return 1;
}

/* ---- the journal ---- */

static ew_journal *check_journal(lua_State *L) {
  return luaL_checkudata(L, 1, JOURNAL);
}

int lew_open_journal(lua_State *L) {
  size_t length;
  const char *path = luaL_checklstring(L, 1, &length);
  bool found, create = lua_toboolean(L, 2);
  ew_journal *journal;
  ew_error error;
  lua_settop(L, 1);
  if (strlen(path) != length) {
    ew_fail(&error, EW_EINVAL, "journal", "the journal's path must not hold NUL");
    return lew_push_failure(L, &error);
  }
  journal = lua_newuserdata(L, sizeof *journal);
  ew_journal_init(journal);
  luaL_getmetatable(L, JOURNAL);
  lua_setmetatable(L, -2);
  if (ew_journal_open(journal, path, create, &found, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return found ? 1 : 0;
}

static int journal_next(lua_State *L) {
  ew_journal *journal = check_journal(L);
  const char *text;
  size_t length;
  ew_error error;
  if (ew_journal_next(journal, &text, &length, &error) != EW_OK) return lew_push_failure(L, &error);
  if (!text) return 0;
  lua_pushlstring(L, text, length);
  ew_journal_pass(journal); /* not before: pushing may raise */
  return 1;
}

static int journal_append(lua_State *L) {
  ew_journal *journal = check_journal(L);
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  ew_error error;
  return push_done(L, ew_journal_append(journal, text, length, &error), &error);
}

static int journal_sync(lua_State *L) {
  ew_journal *journal = check_journal(L);
  ew_error error;
  return push_done(L, ew_journal_sync(journal, &error), &error);
}

static int journal_is_new(lua_State *L) {
  lua_pushboolean(L, check_journal(L)->is_new);
  return 1;
}

static int journal_close(lua_State *L) {
  ew_journal_close(check_journal(L));
  return 0;
}

/* ---- the set ---- */

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

static int set_put(lua_State *L) {
  ew_resume_set *set = check_set(L);
  size_t length;
  const char *name = luaL_checklstring(L, 2, &length);
  lua_Integer bits = luaL_checkinteger(L, 3);
  ew_error error;
  luaL_argcheck(L, bits >= 1 && bits <= 255, 3, "bits from 1 to 255");
  return push_done(L, ew_resume_set_put(set, name, length, (uint8_t)bits, &error), &error);
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

/* ---- records ---- */

static void add_json_string(luaL_Buffer *out, const char *text, size_t length) {
  size_t i, done = 0;
  luaL_addchar(out, '"');
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    char escape[8];
    bool control = byte < 0x20;
    if (!control && byte != '"' && byte != '\\') continue;
    luaL_addlstring(out, text + done, i - done);
    snprintf(escape, sizeof escape, control ? "\\u%04x" : "\\", (unsigned)byte);
    luaL_addstring(out, escape);
    done = control ? i + 1 : i;
  }
  luaL_addlstring(out, text + done, length - done);
  luaL_addchar(out, '"');
}

/* The value on top, which `out` must not find there: its table still holds it. */
static void add_json_value(lua_State *L, luaL_Buffer *out, const char *name) {
  int type = lua_type(L, -1);
  size_t length = 0;
  const char *text = type == LUA_TSTRING ? lua_tolstring(L, -1, &length) : "true";
  char number[32];
  bool known =
    type == LUA_TSTRING || type == LUA_TNUMBER || (type == LUA_TBOOLEAN && lua_toboolean(L, -1));
  if (type == LUA_TNUMBER) {
    snprintf(number, sizeof number, "%ld", (long)lua_tonumber(L, -1));
    text = number;
  }
  lua_pop(L, 1);
  if (!known) return;
  luaL_addstring(out, ",\"");
  luaL_addstring(out, name);
  luaL_addstring(out, "\":");
  if (type == LUA_TSTRING)
    add_json_string(out, text, length);
  else
    luaL_addstring(out, text);
}

int lew_json_fields(lua_State *L) {
  luaL_Buffer out;
  int i = 1;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  luaL_buffinit(L, &out);
  for (;; i++) {
    const char *name;
    lua_rawgeti(L, 1, i);
    name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (!name) break;
    lua_rawget(L, 2);
    add_json_value(L, &out, name);
  }
  lua_pop(L, 1);
  luaL_pushresult(&out);
  return 1;
}

/* ---- registering ---- */

static void make_class(lua_State *L, const char *name, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  lew_setfuncs(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void lew_register_journal(lua_State *L) {
  static const luaL_Reg journal_methods[] = {{"next", journal_next},
                                             {"append", journal_append},
                                             {"sync", journal_sync},
                                             {"is_new", journal_is_new},
                                             {"close", journal_close},
                                             {"__gc", journal_close},
                                             {NULL, NULL}};
  static const luaL_Reg set_methods[] = {
    {"get", set_get}, {"put", set_put}, {"memory", set_memory}, {"__gc", set_gc}, {NULL, NULL}};
  make_class(L, JOURNAL, journal_methods);
  make_class(L, SET, set_methods);
}
