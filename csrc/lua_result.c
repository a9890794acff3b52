#include "lua_result.h"

#include "utf8.h"

static const char *kind_of(ew_status status) {
  switch (status) {
    case EW_EINVAL:
      return "invalid_argument";
    case EW_ENOMEM:
      return "out_of_memory";
    case EW_ECLOSED:
      return "closed";
    case EW_EJOURNAL:
      return "journal";
    case EW_ESYSTEM:
    case EW_OK:
    default:
      return "network";
  }
}

static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, lua_Number number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer integer) {
  lua_pushinteger(L, integer);
  lua_setfield(L, -2, name);
}

int lew_push_failure(lua_State *L, const ew_error *error) {
  lua_pushnil(L);
  lua_createtable(L, 0, 3);
  set_text(L, "kind", kind_of(error->status));
  set_text(L, "message", error->message);
  if (error->field[0]) set_text(L, "field", error->field);
  return 2;
}

static void set_headers(lua_State *L, const ew_response *response) {
  size_t h;
  lua_createtable(L, 0, 2); /* a request-id and a date, usually */
  for (h = 0; h < EW_HEADERS; h++)
    if (response->headers[h][0]) set_text(L, ew_header_names[h], response->headers[h]);
  lua_setfield(L, -2, "headers");
}

static void push_completion(lua_State *L, const ew_completion *completion) {
  const ew_response *response = completion->response;
  const ew_buffer *body = &response->body;
  lua_createtable(L, 0, 13);
  set_integer(L, "id", (lua_Integer)completion->id);
  set_integer(L, "status", response->status);
  set_integer(L, "curl_code", completion->curl_code);
  set_flag(L, "sent", completion->sent);
  set_flag(L, "resent", completion->resent);
  set_integer(L, "proxy_status", completion->proxy_status);
  set_flag(L, "whole", completion->whole);
  set_flag(L, "head_ended", response->head_ended);
  set_flag(L, "is_text", ew_utf8_is_text(ew_buffer_text(body), body->length));
  set_headers(L, response);
  lua_pushlstring(L, ew_buffer_text(body), body->length);
  lua_setfield(L, -2, "body");
  set_number(L, "elapsed_ms", (lua_Number)completion->elapsed_us / 1000);
  set_text(L, "message", completion->message);
}

void lew_push_completions(lua_State *L, const ew_transfer *first) {
  const ew_transfer *x;
  int count = 0;
  luaL_checkstack(L, 6, "completions");
  lua_newtable(L);
  for (x = first; x; x = ew_transfer_next(x)) {
    ew_completion completion = ew_transfer_completion(x);
    push_completion(L, &completion);
    lua_rawseti(L, -2, ++count);
  }
}
