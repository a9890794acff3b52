#include "binding/json_object.h"

#include <string.h>

#include "base/json.h"

/* Text that is written while there is room, and counted in any case. */
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
  for (position = 2; position <= count; position += 2) put_fields(L, position, out);
  if (!out->length) put(out, "{", 1);
  put(out, "}", 1);
}

/* No luaL_Buffer: in 5.4.4 a buffer that fails to grow spoils all later ones. */
const char *lew_json_object(lua_State *L, char *small, size_t size, size_t *length) {
  record out = {0};
  int position, count = lua_gettop(L);
  out.bytes = small;
  out.size = size;
  luaL_argcheck(L, count > 1 && count % 2 == 1, count, "names and values in pairs");
  for (position = 2; position <= count; position++) luaL_checktype(L, position, LUA_TTABLE);
  luaL_checkstack(L, 4, "fields");
  put_object(L, count, &out);
  if (out.length > size) {
    out.size = out.length;
    out.length = 0;
    out.bytes = lua_newuserdata(L, out.size);
    put_object(L, count, &out);
  }
  *length = out.length;
  return out.bytes;
}
