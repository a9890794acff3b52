/*
** result.h - from C results to Lua tables.
*/
#ifndef LEW_RESULT_H
#define LEW_RESULT_H

#include "binding/compat.h"

#include "base/error.h"
#include "transport/transport.h"

/* Pushes nil and { kind, message, field = nil | name }; returns 2. */
int lew_push_failure(lua_State *L, const ew_error *error);

/* Pushes true and returns 1, or pushes what lew_push_failure does. */
int lew_push_done(lua_State *L, ew_status status, const ew_error *error);

/* Once in a state, before any completion is pushed. */
void lew_register_completion(lua_State *L);

/* Pushes an array: a completion of this transfer and of each one after it (NULL: empty):
** { id, status, curl_code, sent, resent, whole, head_ended, is_text, body_proof,
** proxy_status, headers, body, elapsed_ms, message }. `status`: 0 if there is none.
** `is_text`: the body is well-formed UTF-8 without control characters. `body_proof`:
** true, or why the body confirms no change (ew_proof_doubt). `headers`: the kept
** headers by lower-case name. `message`: "" on success. */
void lew_push_completions(lua_State *L, const ew_transfer *first);

#endif
