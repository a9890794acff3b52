#include "binding/result.h"

#include "api/proof.h"
#include "base/utf8.h"

#define COMPLETION "elevenlabs.workspace.completion"

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

int lew_push_done(lua_State *L, ew_status status, const ew_error *error) {
  if (status != EW_OK) return lew_push_failure(L, error);
  lua_pushboolean(L, 1);
  return 1;
}

static bool has_headers(const ew_response *response) {
  size_t h;
  for (h = 0; h < EW_HEADERS; h++)
    if (response->headers[h][0]) return true;
  return false;
}

static void set_headers(lua_State *L, const ew_response *response) {
  size_t h;
  lua_createtable(L, 0, 2); /* a request-id and a date, usually */
  for (h = 0; h < EW_HEADERS; h++)
    if (response->headers[h][0]) set_text(L, ew_header_names[h], response->headers[h]);
  lua_setfield(L, -2, "headers");
}

/* The fields that most completions share are in their metatable. Setting these fields in each
** completion took a tenth of a removal's cost in Lua. */
static const ew_completion usual = {.sent = true, .whole = true, .message = ""};
enum { USUAL_STATUS = 200, OWN_FIELDS = 8 /* room for those of a usual completion */ };

void lew_register_completion(lua_State *L) {
  luaL_newmetatable(L, COMPLETION);
  lua_createtable(L, 0, 11);
  set_integer(L, "status", USUAL_STATUS);
  set_integer(L, "curl_code", usual.curl_code);
  set_integer(L, "proxy_status", usual.proxy_status);
  set_flag(L, "sent", usual.sent);
  set_flag(L, "resent", usual.resent);
  set_flag(L, "whole", usual.whole);
  set_flag(L, "head_ended", true);
  set_flag(L, "is_text", true);
  set_flag(L, "body_proof", true);
  set_text(L, "message", usual.message);
  lua_newtable(L);
  lua_setfield(L, -2, "headers");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* The metatable is on top. */
static void push_completion(lua_State *L, const ew_completion *c) {
  const ew_response *response = c->response;
  const ew_buffer *body = &response->body;
  const char *doubt = ew_proof_doubt(ew_buffer_text(body), body->length, c->whole);
  lua_createtable(L, 0, OWN_FIELDS);
  set_integer(L, "id", (lua_Integer)c->id);
  set_number(L, "elapsed_ms", (lua_Number)c->elapsed_us / 1000);
  lua_pushlstring(L, ew_buffer_text(body), body->length);
  lua_setfield(L, -2, "body");
  if (response->status != USUAL_STATUS) set_integer(L, "status", response->status);
  if (c->curl_code != usual.curl_code) set_integer(L, "curl_code", c->curl_code);
  if (c->proxy_status != usual.proxy_status) set_integer(L, "proxy_status", c->proxy_status);
  if (c->sent != usual.sent) set_flag(L, "sent", c->sent);
  if (c->resent != usual.resent) set_flag(L, "resent", c->resent);
  if (c->whole != usual.whole) set_flag(L, "whole", c->whole);
  if (!response->head_ended) set_flag(L, "head_ended", false);
  if (!ew_utf8_is_text(ew_buffer_text(body), body->length)) set_flag(L, "is_text", false);
  if (doubt) set_text(L, "body_proof", doubt);
  if (*c->message) set_text(L, "message", c->message);
  if (has_headers(response)) set_headers(L, response);
  lua_pushvalue(L, -2);
  lua_setmetatable(L, -2);
}

void lew_push_completions(lua_State *L, const ew_transfer *first) {
  const ew_transfer *x;
  int count = 0;
  luaL_checkstack(L, 8, "completions");
  lua_newtable(L);
  luaL_getmetatable(L, COMPLETION);
  for (x = first; x; x = ew_transfer_next(x)) {
    ew_completion completion = ew_transfer_completion(x);
    push_completion(L, &completion);
    lua_rawseti(L, -3, ++count);
  }
  lua_pop(L, 1);
}
