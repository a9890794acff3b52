/*
** result.h - from C results to Lua tables.
*/
#ifndef LEW_RESULT_H
#define LEW_RESULT_H

#include "binding/compat.h"

#include "base/error.h"
#include "transport/transport.h"

/* Pushes nil and { kind, message, field = nil | name, retryable = nil | true }; returns 2. */
int lew_push_failure(lua_State *L, const ew_error *error);

/* Pushes true and returns 1, or pushes what lew_push_failure does. */
int lew_push_done(lua_State *L, ew_status status, const ew_error *error);

/* Pushes the metatable of evidence. */
void lew_push_evidence_class(lua_State *L);

/* Pushes the completions of this transfer and of each one after it (NULL: none). At stack position
** 2 is the core's array of plain confirmations, at 3 the metatable of evidence, at 4 the table for
** no evidence, which nobody writes. Returns 3:
**
** - the array of plain confirmations, which is used again. Each has four values there: slot,
**   request id | false, code of the body, elapsed_ms
** - how many plain confirmations it has now; entries of earlier steps may follow them
** - an array of evidence of all else: { slot, sent, resent, curl_code, status, head_ended, whole,
**   is_text, proof, shows_key, proxy_status, headers, body, elapsed_ms, message }. `status`: 0 if
**   there is none. `is_text`: the body is well-formed UTF-8 without control characters. `proof`:
**   true, or why the answer is not a good one (ew_proof_doubt). `headers`: the kept headers by
**   lower-case name. `message`: "" on success.
**
** A confirmation is plain if its body is empty (code 0), null (1) or {"status":"ok"} (2), libcurl
** sent it once, nothing may hold the key, and maximum-concurrent-requests is absent or `*maximum`.
** Each completion with that header moves `*maximum` to it. */
int lew_push_completions(lua_State *L, const ew_transfer *first, const char **maximum);

#endif
