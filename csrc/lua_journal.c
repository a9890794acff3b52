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

/* Each of these returns where it ended. Where `out` is NULL they only count. */
static size_t put(char *out, size_t at, const char *bytes, size_t length) {
  if (out) memcpy(out + at, bytes, length);
  return at + length;
}

static size_t put_string(char *out, size_t at, const char *text, size_t length) {
  size_t i;
  at = put(out, at, "\"", 1);
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    char escape[8];
    if (byte < 0x20) {
      snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
      at = put(out, at, escape, 6);
      continue;
    }
    if (byte == '"' || byte == '\\') at = put(out, at, "\\", 1);
    at = put(out, at, text + i, 1);
  }
  return put(out, at, "\"", 1);
}

/* The value on top: a string, a whole number or true; nothing of any other. */
static size_t put_field(lua_State *L, char *out, size_t at, const char *name) {
  int type = lua_type(L, -1);
  char number[32];
  size_t length;
  const char *text;
  if (type != LUA_TSTRING && type != LUA_TNUMBER && !(type == LUA_TBOOLEAN && lua_toboolean(L, -1)))
    return at;
  at = put(out, at, ",\"", 2);
  at = put(out, at, name, strlen(name));
  at = put(out, at, "\":", 2);
  if (type == LUA_TSTRING) {
    text = lua_tolstring(L, -1, &length);
    return put_string(out, at, text, length);
  }
  if (type == LUA_TBOOLEAN) return put(out, at, "true", 4);
  snprintf(number, sizeof number, "%ld", (long)lua_tonumber(L, -1));
  return put(out, at, number, strlen(number));
}

/* Names at position 1, values at 2. */
static size_t put_fields(lua_State *L, char *out) {
  size_t at = 0;
  int i = 1;
  for (;; i++) {
    const char *name;
    lua_rawgeti(L, 1, i);
    if (lua_type(L, -1) != LUA_TSTRING) break;
    name = lua_tostring(L, -1); /* the table keeps it */
    lua_rawget(L, 2);
    at = put_field(L, out, at, name);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return at;
}

/* No luaL_Buffer: one that grows where memory is short spoils all later ones in 5.4.4. */
int lew_json_fields(lua_State *L) {
  char small[1024], *out = small;
  size_t length;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  length = put_fields(L, NULL);
  if (length > sizeof small) out = lua_newuserdata(L, length);
  put_fields(L, out);
  lua_pushlstring(L, out, length);
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
