#include "binding/result.h"

#include <string.h>

#include "api/proof.h"
#include "base/utf8.h"

static const char *kind_of(ew_status status) {
  switch (status) {
    case EW_EINVAL:
      return "invalid_argument";
    case EW_ENOMEM:
      return "out_of_memory";
    case EW_ECLOSED:
      return "closed";
    case EW_EJOURNAL:
    case EW_ELOCKED:
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
  lua_createtable(L, 0, 4);
  set_text(L, "kind", kind_of(error->status));
  set_text(L, "message", error->message);
  if (error->status == EW_ELOCKED) set_flag(L, "retryable", true);
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

/* ---- plain confirmations ---- */

static const char *const plain_bodies[] = {"", "null", "{\"status\":\"ok\"}"};
enum { PLAIN_BODIES = sizeof plain_bodies / sizeof *plain_bodies, FIELDS_OF_PLAIN = 4 };

static bool is_plain_body(const ew_answer *answer, int code) {
  return answer->length == strlen(plain_bodies[code]) &&
         memcmp(answer->body, plain_bodies[code], answer->length) == 0;
}

/* `*maximum` becomes what this completion says, if it says something else. */
static bool is_new_maximum(const ew_response *response, const char **maximum) {
  const char *said = response->headers[EW_MAXIMUM];
  if (!*said || strcmp(said, *maximum) == 0) return false;
  *maximum = said;
  return true;
}

/* The code of the body; -1: the completion has more to say than a plain confirmation. */
static int plain_code(const ew_completion *c, const char *doubt, const char **maximum) {
  int code = 0;
  if (is_new_maximum(c->response, maximum)) return -1;
  if (doubt || c->good != EW_CONFIRMATION || c->resent || c->shows_key) return -1;
  while (code < PLAIN_BODIES && !is_plain_body(&c->answer, code)) code++;
  return code < PLAIN_BODIES ? code : -1;
}

/* The array is at stack position 2. */
static void add_plain(lua_State *L, const ew_completion *c, int code, int count) {
  const char *request_id = c->response->headers[EW_REQUEST_ID];
  int before = FIELDS_OF_PLAIN * count;
  lua_pushinteger(L, (lua_Integer)c->slot);
  lua_rawseti(L, 2, before + 1);
  if (*request_id)
    lua_pushstring(L, request_id);
  else
    lua_pushboolean(L, 0);
  lua_rawseti(L, 2, before + 2);
  lua_pushinteger(L, code);
  lua_rawseti(L, 2, before + 3);
  lua_pushnumber(L, (lua_Number)c->elapsed_us / 1000);
  lua_rawseti(L, 2, before + 4);
}

/* ---- all else ---- */

/* The fields that most completions share are in their metatable. */
static const ew_completion usual = {.answer = {.sent = true, .whole = true}, .message = ""};
enum { USUAL_STATUS = 200, OWN_FIELDS = 8 /* room for those of a usual completion */ };

void lew_push_evidence_class(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_createtable(L, 0, 11);
  set_integer(L, "status", USUAL_STATUS);
  set_integer(L, "curl_code", usual.curl_code);
  set_integer(L, "proxy_status", usual.proxy_status);
  set_flag(L, "sent", usual.answer.sent);
  set_flag(L, "resent", usual.resent);
  set_flag(L, "whole", usual.answer.whole);
  set_flag(L, "head_ended", true);
  set_flag(L, "is_text", true);
  set_flag(L, "shows_key", usual.shows_key);
  set_text(L, "message", usual.message);
  lua_newtable(L);
  lua_setfield(L, -2, "headers");
  lua_setfield(L, -2, "__index");
}

static void set_proof(lua_State *L, const char *doubt) {
  if (doubt)
    set_text(L, "proof", doubt);
  else
    set_flag(L, "proof", true);
}

/* The metatable is at stack position 3. */
static void push_evidence(lua_State *L, const ew_completion *c, const char *doubt) {
  const ew_answer *answer = &c->answer;
  lua_createtable(L, 0, OWN_FIELDS);
  set_integer(L, "slot", (lua_Integer)c->slot);
  set_number(L, "elapsed_ms", (lua_Number)c->elapsed_us / 1000);
  lua_pushlstring(L, answer->body, answer->length);
  lua_setfield(L, -2, "body");
  set_proof(L, doubt);
  if (answer->status != USUAL_STATUS) set_integer(L, "status", answer->status);
  if (c->curl_code != usual.curl_code) set_integer(L, "curl_code", c->curl_code);
  if (c->proxy_status != usual.proxy_status) set_integer(L, "proxy_status", c->proxy_status);
  if (answer->sent != usual.answer.sent) set_flag(L, "sent", answer->sent);
  if (c->resent != usual.resent) set_flag(L, "resent", c->resent);
  if (answer->whole != usual.answer.whole) set_flag(L, "whole", answer->whole);
  if (!answer->head_ended) set_flag(L, "head_ended", false);
  if (doubt && !ew_utf8_is_text(answer->body, answer->length)) set_flag(L, "is_text", false);
  if (c->shows_key != usual.shows_key) set_flag(L, "shows_key", c->shows_key);
  if (*c->message) set_text(L, "message", c->message);
  if (has_headers(c->response)) set_headers(L, c->response);
  lua_pushvalue(L, 3);
  lua_setmetatable(L, -2);
}

/* At stack position 4; made with its first entry. */
static void add_other(lua_State *L, const ew_completion *c, const char *doubt, int count) {
  if (count == 1) {
    lua_newtable(L);
    lua_replace(L, 4);
  }
  push_evidence(L, c, doubt);
  lua_rawseti(L, 4, count);
}

int lew_push_completions(lua_State *L, const ew_transfer *first, const char **maximum) {
  int plain = 0, others = 0;
  luaL_checkstack(L, 8, "completions");
  for (; first; first = ew_transfer_next(first)) {
    ew_completion c = ew_transfer_completion(first);
    const char *doubt = ew_proof_doubt(c.good, &c.answer);
    int code = plain_code(&c, doubt, maximum);
    if (code < 0)
      add_other(L, &c, doubt, ++others);
    else
      add_plain(L, &c, code, plain++);
  }
  lua_pushvalue(L, 2);
  lua_pushinteger(L, plain);
  lua_pushvalue(L, 4);
  return 3;
}
