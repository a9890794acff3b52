#include "binding/journal.h"

#include <string.h>

#include "base/json.h"
#include "binding/result.h"
#include "journal/journal.h"
#include "journal/resume_set.h"

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
  return push_done(L, ew_resume_set_put(set, name, length, bits, &error), &error);
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

/* ---- records ---- */

/* What is written where there is room, and counted in any case. */
typedef struct {
  char *bytes;
  size_t length, size;
} record;

static void put(record *out, const char *bytes, size_t length) {
  if (length <= out->size && out->length <= out->size - length)
    memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void put_string(record *out, const char *text, size_t length) {
  char escape[EW_LONGEST_ESCAPE];
  put(out, "\"", 1);
  for (;;) {
    size_t plain = ew_json_plain(text, length);
    put(out, text, plain);
    if (plain == length) break;
    put(out, escape, ew_json_escape((unsigned char)text[plain], escape));
    text += plain + 1;
    length -= plain + 1;
  }
  put(out, "\"", 1);
}

static void put_integer(record *out, long value) {
  unsigned long left = value < 0 ? 0 - (unsigned long)value : (unsigned long)value;
  char digits[24], *first = digits + sizeof digits;
  do *--first = (char)('0' + left % 10);
  while (left /= 10);
  if (value < 0) *--first = '-';
  put(out, first, (size_t)(digits + sizeof digits - first));
}

/* The value on top: a string, a whole number or true; nothing of any other. */
static void put_field(lua_State *L, record *out, const char *name, size_t name_length) {
  int type = lua_type(L, -1);
  size_t length;
  const char *text;
  if (type != LUA_TSTRING && type != LUA_TNUMBER && !(type == LUA_TBOOLEAN && lua_toboolean(L, -1)))
    return;
  put(out, out->length ? ",\"" : "{\"", 2);
  put(out, name, name_length);
  put(out, "\":", 2);
  if (type == LUA_TSTRING) {
    text = lua_tolstring(L, -1, &length);
    put_string(out, text, length);
  } else if (type == LUA_TBOOLEAN) {
    put(out, "true", 4);
  } else {
    put_integer(out, (long)lua_tonumber(L, -1));
  }
}

/* Names at one position, values at the next. */
static void put_fields(lua_State *L, int position, record *out) {
  int i = 1;
  for (;; i++) {
    const char *name;
    size_t length;
    lua_rawgeti(L, position, i);
    if (lua_type(L, -1) != LUA_TSTRING) break;
    name = lua_tolstring(L, -1, &length); /* the table keeps it */
    lua_rawget(L, position + 1);
    put_field(L, out, name, length);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void put_object(lua_State *L, int count, record *out) {
  int position;
  for (position = 1; position < count; position += 2) put_fields(L, position, out);
  if (!out->length) put(out, "{", 1);
  put(out, "}", 1);
}

/* No luaL_Buffer: one that grows where memory is short spoils all later ones in 5.4.4. */
int lew_json_object(lua_State *L) {
  char small[1024];
  record out = {small, 0, sizeof small};
  int position, count = lua_gettop(L);
  luaL_argcheck(L, count > 0 && count % 2 == 0, count, "names and values in pairs");
  for (position = 1; position <= count; position++) luaL_checktype(L, position, LUA_TTABLE);
  luaL_checkstack(L, 4, "fields");
  put_object(L, count, &out);
  if (out.length > sizeof small) {
    out.size = out.length;
    out.length = 0;
    out.bytes = lua_newuserdata(L, out.size);
    put_object(L, count, &out);
  }
  lua_pushlstring(L, out.bytes, out.length);
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
  static const luaL_Reg set_methods[] = {{"get", set_get},       {"put", set_put}, {"add", set_add},
                                         {"memory", set_memory}, {"__gc", set_gc}, {NULL, NULL}};
  make_class(L, JOURNAL, journal_methods);
  make_class(L, SET, set_methods);
}
