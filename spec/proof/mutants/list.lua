--- Bugs that are put into the product on purpose, one at a time: each breaks a promise, and
--- some spec must be red. Where a mutant has rows, they are those of the table of faults that
--- turn red; `in_sim`: the simulator must find it too.

---@class spec.Mutant
---@field name string
---@field file string
---@field from string stands once in the file
---@field to string
---@field by string the spec that must be red
---@field filter string|nil which of its tests; default all
---@field rows integer[]|nil of the table of faults, each of which must be red
---@field in_sim boolean|nil

local FAULTS = "spec/proof/faults/faults_spec.lua"
-- Specs of the engine that are no module's.
local ERRORS = { by = "spec/unit/lua/engine/errors_spec.lua" }
local FINALIZERS = { by = "spec/unit/lua/engine/step_spec.lua" }
local SENDING = { by = "spec/unit/lua/engine/send_spec.lua" }

---@type spec.Mutant[]
local list = {}

local file, spec

--- What follows is in this file, and found by this spec where nothing else is said.
local function of(its_file, its_spec)
  file, spec = its_file, its_spec
end

local function module(name)
  of("lua/elevenlabs/workspace/" .. name .. ".lua", "spec/unit/lua/" .. name .. "_spec.lua")
end

---@param found table|nil { by, filter, rows, in_sim }
local function mutant(name, from, to, found)
  found = found or {}
  list[#list + 1] = {
    name = name,
    file = file,
    from = from,
    to = to,
    by = found.by or spec,
    filter = found.filter,
    rows = found.rows,
    in_sim = found.in_sim,
  }
end

--- One that only rows of the table find.
local function fault(name, from, to, ...)
  local rows = { ... }
  mutant(name, from, to, { by = FAULTS, filter = ("^fault %d "):format(rows[1]), rows = rows })
end

-- ---- what is sent

of("csrc/api/request.c", "spec/system/bad_input_spec.lua")
mutant("an id may hold a percent sign", "|| memchr(id->data, '%', id->length)", "")
mutant("an id may be two dots", [[|| equals(id, "..")]], "")
mutant("a text may be no UTF-8 and hold anything", "if (ew_characters_are_plain(", "if (1 || (")
mutant("two targets are taken", "if (first >= 0)", "if (first >= EW_FIELDS)")
mutant("unshare takes a role", "return role->data ? invalid(", "return role == NULL ? invalid(")
mutant("the key may hold a line end", "if (key->data[i] < 0x21 ||", "if (", {
  by = "spec/unit/lua/options_spec.lua",
})
mutant("an id may hold the key",
  "if (memcmp(text->data + at, key->data, key->length) == 0) return true;", "",
  { by = "spec/unit/csrc/binding/core_spec.lua" })
mutant("a short key is looked for within ids",
  "if (key->length < EW_SHORTEST_SECRET && text->length != key->length) return false;", "",
  { by = "spec/unit/csrc/binding/core_spec.lua" })
mutant("the end of an id may be the key", "at + key->length <= text->length",
  "at + key->length < text->length", { by = "spec/unit/csrc/binding/core_spec.lua" })
of("csrc/api/request.c", "spec/unit/csrc/api/request_spec.lua")
mutant("an address may have a second @", "if (second)", "if (0)")
mutant("an id may be a shortened number", "if (is_scientific(id))", "if (0 && is_scientific(id))")

of("csrc/base/writer.c", "spec/unit/csrc/api/request_spec.lua")
mutant("an @ is not percent-encoded", "0123456789-._~", "0123456789-._~@")

of("csrc/base/json.c", "spec/unit/csrc/api/request_spec.lua")
mutant("a backslash stands in JSON as it is", [[&& bytes[i] != '\\') i++;]], ") i++;")

of("csrc/api/operations.c", "spec/unit/csrc/api/request_spec.lua")
mutant("a share is an unshare", [[RESOURCE "/share"]], [[RESOURCE "/unshare"]])
mutant("a share may be repeated by libcurl", ".repeatable = false", ".repeatable = true", {
  by = FAULTS,
  filter = "a share is never sent twice",
})

module "operations"
mutant("a share is said to be repeatable", "is_repeatable = false", "is_repeatable = true")

of("csrc/base/characters.c", "spec/unit/csrc/api/request_spec.lua")
mutant("an id may hold a no-break space", [[{0x00a0, 0x00a0, "NO-BREAK SPACE"},]], "")
mutant("the place of a character is counted in bytes", "first->number++;", "first->number = i + 1;")

-- ---- what is in a file

module "items/csv"
mutant("a cell may begin like a formula", [[cell:find(FORMULA) and "'" .. cell or cell]], "cell")
module "items/item"
mutant("a target of a row stands in for the option", "if own and wanted and not",
  "if false and not")
module "items/json_line"
mutant("of a name given twice the last value counts", "if seen[name] then", "if false then")
module "items/source"
mutant("a loop skips what is no item", "    error(problem.message, 2)\n",
  "    return self:next()\n", { filter = "in a loop" })
mutant("a loop over a source that is used up ends at once",
  [[error("these items are used up: make them anew", 2)]], "return nil")
module "items/csv_file"
mutant("one wrong column is named", "for i = 1, math.min(#wrong, MAX_NAMED) do", "for i = 1, 1 do",
  { by = "spec/unit/lua/items/columns_spec.lua" })
mutant("a second header is an item", "wrong = check_header(self, cells)", "wrong = nil")

-- ---- what an answer proves

of("csrc/api/response.c", "spec/unit/csrc/api/response_spec.lua")
mutant("the second of two lengths is believed",
  "response->has_length && response->length != length", "0", { rows = { 31 } })
mutant("a length is believed after a transfer-encoding", "if (response->chunked) return \"",
  "if (0) return \"", { rows = { 31 } })
mutant("a transfer-encoding is believed after a length", "if (response->has_length) return \"",
  "if (0) return \"", { rows = { 31 } })
mutant("any transfer-encoding counts as chunked", [[!matches(value, "chunked") ||]], "")
mutant("a length may hold other than digits",
  "if (!isdigit((unsigned char)s.data[i])) return false;", "")
mutant("a folded line is read", [[if (*line == ' ' || *line == '\t') return "]],
  [[if (0) return "]], { by = FAULTS, filter = "^fault 31 single", rows = { 31 } })
mutant("a space before a colon is overlooked", "if (colon > line && (colon[-1]",
  "if (0 && (colon[-1]", { rows = { 13 } })
mutant("a second status line is read", "if (response->status != 0 && !response->interim_ended)",
  "if (0)")
mutant("a status may have more digits", "(line.length > at + 3 && line.data[at + 3] != ' ')", "0")
mutant("a body shorter than its length is whole",
  "response->length == response->body.length;", "response->length >= response->body.length;")
mutant("an answer without a length is whole", "return response->has_length &&",
  "return !response->has_length ||", { rows = { 25 } })
mutant("a head without its end is whole", "if (!response->head_ended) return false;", "")
mutant("a body may be of any size", "if (length > response->largest_body - response->body.length)",
  "if (0)")
mutant("a header's value may hold control bytes",
  "if (value.data[i] < 0x20 || value.data[i] > 0x7e) return;", "")
mutant("a trailer counts as a header", "if (response->head_ended) return NULL;", "")
mutant("an informational head counts as the answer's",
  "response->interim_ended = informational(response->status);", "", { rows = { 32 } })

of("csrc/api/proof.c", "spec/unit/csrc/api/proof_spec.lua")
mutant("a 200 need not be whole",
  "if (answer->length == 0) return answer->whole ? NULL : unproved;",
  "if (answer->length == 0) return NULL;", { rows = { 15, 44 } })
mutant("a number proves itself",
  "if (r.outermost == IS_NUMBER && !answer->whole) return unproved;", "",
  { rows = { 15 } })
mutant("a body may be no UTF-8", "if (!ew_utf8_is_text(", "if (0 && !ew_utf8_is_text(",
  { rows = { 27 } })
mutant("a body may be no JSON", "if (!is_read) return", "if (!is_read && 0) return",
  { rows = { 24 } })
mutant("JSON may be nested deeper", "DEEPEST = 64", "DEEPEST = 65", { rows = { 28 } })
mutant("a name may be given twice", "if (!ew_names_close(&r->names, innermost->first_name))",
  "if (!ew_names_close(&r->names, innermost->first_name) && 0)", { rows = { 24 } })
mutant("names are compared as they are written", "put_code_point(w, code);", "put(w, 'u');")
mutant("names of an object that ended count for the next",
  "&r->names, innermost->first_name", "&r->names, 0")
mutant("a surrogate may be alone", "if (*code < 0xd800 || *code > 0xdfff) return true;",
  "return true;", { rows = { 24 } })
mutant("a 200 with an error is a confirmation",
  "if (value != IS_NULL && value != IS_EMPTY) r->is_error = true;", "", { rows = { 24 } })
mutant("an empty error is an error", "value != IS_NULL && value != IS_EMPTY", "value != IS_NULL",
  { rows = { 25 } })
mutant("a 200 with any status is a confirmation", "if (!r->is_ok) r->is_error = true;", "",
  { rows = { 24 } })
mutant("success may be false", "if (value != IS_TRUE) r->is_error = true;", "", { rows = { 24 } })
mutant("a message without a status is a confirmation", "(r->has_message && !r->is_ok)", "0",
  { rows = { 24 } })
mutant("false is a confirmation", [[r.outermost == IS_FALSE ? "its body is false" : NULL]], "NULL",
  { rows = { 24 } })

mutant("a request that was not sent is confirmed", "if (!answer->sent) return", "if (0) return")
mutant("a transfer that failed confirms", "if (!answer->succeeded) return", "if (0) return",
  { rows = { 12, 13 } })
mutant("a head without its end confirms", "if (!answer->head_ended) return", "if (0) return")
mutant("a 500 counts as confirmed", "if (answer->status != 200) return",
  "if (answer->status != 200 && answer->status != 500) return",
  { by = "spec/unit/csrc/api/proof_spec.lua", rows = { 57 } })
mutant("a 2xx counts as a 200", "if (answer->status != 200) return",
  "if (answer->status < 200 || answer->status > 299) return")
mutant("an answer of which the end is missing is judged as if it were whole",
  "doubt_of_change(const ew_answer *answer) {",
  "doubt_of_change(const ew_answer *cut) { ew_answer all = *cut, *answer = &all; all.whole = true;",
  { rows = { 15 } })
mutant("a read may be anything", "doubt_of_change(answer) : doubt_of_read(answer)",
  "doubt_of_change(answer) : NULL", { rows = { 63 } })
mutant("a read may be empty", [[return "its body is empty";]], "return NULL;")
mutant("a read may be a text or null", [[r.shape == EW_NEITHER ? ]], "0 ? ")
mutant("a read may have few names", "&r, answer, answer->length,", "&r, answer, EW_FEW_NAMES,")
mutant("a change takes memory", "&r, answer, EW_FEW_NAMES,", "&r, answer, answer->length,")
mutant("a read may be larger than 16 MiB", "answer->length > EW_LARGEST_READ", "0")
mutant("the shape is that of another member", "!r->wanted || name.hash == hash_of(r->wanted)", "1")
mutant("the shape is that of a value farther in", "r->in_wanted && r->depth == depth)",
  "r->in_wanted && r->depth >= depth)")
mutant("nobody sees an object in place of a list", "depth + 1 && is_object", "depth + 1 && 0")

of("csrc/api/names.c", "spec/unit/csrc/api/proof_spec.lua")
mutant("a name that comes twice is found among few alone",
  "if (i < count && largest == hashes[i]) return false;", "")
mutant("a name that comes twice and is the least is not found",
  "return count < 2 || hashes[0] != hashes[1];", "return true;")
mutant("names are lost when their memory grows",
  "memcpy(hashes, names->hashes, names->count * sizeof *hashes);",
  "memset(hashes, 0, names->count * sizeof *hashes);")
mutant("names are sorted but for the last", "child + 1 < count && ", "child + 2 < count && ")

of("lua/elevenlabs/workspace/answer/error_body.lua", "spec/unit/lua/answer/error_body_spec.lua")
mutant("a page shows a secret that an entity hides", "excerpt(mask(words))", "excerpt(words)")
mutant("a text shows a secret that an escape hides", "mask(without_escapes(body))", "mask(body)")
mutant("a text's control characters reach the terminal", "texts.visible(character)", "character")

module "answer/evidence"
mutant("a core other than the one in C proves every body",
  "= core.judge(op, fields)", "= true, true")
mutant("a core other than the one in C hides that the key is shown",
  "key and shows(fields, key) or nil", "nil")
mutant("an escape hides the key", [[body:find "[\\&]" or]], "")
mutant("what shows the key is plain", "and not evidence.shows_key", "")
mutant("a new maximum is plain for a core in Lua", "(said == nil or said == maximum)", "true")
mutant("a maximum is remembered for ever", "maximum = said or maximum", "maximum = maximum or said")

module "answer/resource"
mutant("a list in place of the map of roles is no role", [[shape ~= "object" or]], "")
mutant("an object in place of a role's list is nobody", "or holds_object", "")
mutant("an answer of another resource is a read", "body.resource_id ~= asked.resource_id or ", "")
fault("an answer of another type is a read", " or body.resource_type ~= asked.resource_type", "",
  63)
fault("an answer that names no roles is a read", "not is_map_of_roles(body.role_to_group_ids)",
  "false", 63)
mutant("a role whose list holds no ids has nobody", [[if type(value) ~= "string" then]],
  "if false then")

of("lua/elevenlabs/workspace/answer/outcome.lua", "spec/unit/lua/answer/outcome_spec.lua")
mutant("what nobody proved is confirmed", "if evidence.proof ~= true then",
  "if not evidence.proof then", { in_sim = true })
mutant("an answer that nobody judged confirms", "if evidence.proof ~= true then",
  "if evidence.proof ~= true and evidence.proof then")
mutant("an object in place of a list is an empty list", "found ~= args.shape and", "false and")
mutant("a body that is no text is read", "or not evidence.is_text then", "then")
mutant("a body that is no JSON is passed over", [[type(value) ~= "table" then]], "false then")
mutant("a resource may be nested deeper", "json.decode_max_depth(64)", "json.decode_max_depth(65)")
mutant("NaN is JSON", "json.decode_invalid_numbers(false)", "json.decode_invalid_numbers(true)")
mutant("a head without its end is an answer", "elseif not evidence.head_ended then",
  "elseif false then", { rows = { 9 } })
mutant("libcurl's error is passed over", "if evidence.curl_code ~= 0 then", "if false then",
  { rows = { 13 } })
mutant("a refusal that answers a repetition is not ambiguous",
  [[outcome == "refused" and evidence.resent or nil]], "nil")
mutant("what was answered before it was cancelled is forgotten",
  "if evidence.stopped and evidence.curl_code ~= 0 then", "if evidence.stopped then")
mutant("a code in a body of any status throttles", "return REFUSED_BY_CODE[code] or", "return")
mutant("a wrong key is known by its status alone", "if BY_CODE[code] then", "if false then",
  { rows = { 54 } })
mutant("a share is repeated though it may have been applied",
  [[and (action ~= "resend" or operations[op].is_repeatable)]], "", { in_sim = true })
mutant("a message shows the secrets that the body holds",
  "value, said = mask(value), mask(said)", "value = mask(value)", { filter = "secret" })
mutant("a firewall's page counts as the service's", "from_service = false", "from_service = nil")

-- ---- which rows of the table find which outcome wrong

mutant("what reached nobody counts as refused", [[unreachable = { "not_sent",]],
  [[unreachable = { "refused",]], { in_sim = true, rows = { 1, 2, 4 } })
fault("a connection that takes too long counts as sent", [[connect_timeout = { "not_sent",]],
  [[connect_timeout = { "unconfirmed",]], 18, 2)
fault("a proxy that is unusable is tried again",
  [[proxy_unusable = { "not_sent", "network", "stop"]],
  [[proxy_unusable = { "not_sent", "network", "retry"]], 3, 5)
fault("a stranger's certificate is tried again", [[tls_untrusted = { "not_sent", "tls", "stop"]],
  [[tls_untrusted = { "not_sent", "tls", "retry"]], 50, 52)
fault("a connection that breaks is a refusal", [[broken_off = { "unconfirmed",]],
  [[broken_off = { "refused",]], 6, 7, 8, 10, 11, 12, 14, 21, 33, 34, 42, 43, 45, 46, 47, 48)
fault("an attempt that takes too long was not sent", [[attempt_timeout = { "unconfirmed",]],
  [[attempt_timeout = { "not_sent",]], 16, 17)
fault("what is not HTTP is a refusal", [[unintelligible = { "unconfirmed",]],
  [[unintelligible = { "refused",]], 19, 20, 22, 29, 30, 49)
fault("a 200 that proves nothing is a refusal", [[unproved = { "unconfirmed",]],
  [[unproved = { "refused",]], 23, 24, 25)
fault("a status that is neither yes nor no is sent again",
  [[unexpected_status = { "unconfirmed", "untrusted_response", "none"]],
  [[unexpected_status = { "unconfirmed", "untrusted_response", "resend"]], 35, 36)
fault("a redirect ends one item alone",
  [[redirected = { "unconfirmed", "untrusted_response", "stop"]],
  [[redirected = { "unconfirmed", "untrusted_response", "none"]], 37, 38)
fault("a failure of the server's is not tried again",
  [[server_failed = { "unconfirmed", "server", "resend"]],
  [[server_failed = { "unconfirmed", "server", "none"]], 56)
fault("a 4xx without a class of its own is no refusal", [[rejected = { "refused",]],
  [[rejected = { "unconfirmed",]], 53)

-- ---- connections

of("csrc/transport/easy.c", "spec/unit/csrc/transport/transport_spec.lua")
fault("redirects are followed", "{CURLOPT_FOLLOWLOCATION, 0}", "{CURLOPT_FOLLOWLOCATION, 1}",
  37, 38)
fault("any certificate is trusted", "{CURLOPT_SSL_VERIFYPEER, 1}", "{CURLOPT_SSL_VERIFYPEER, 0}",
  50)
fault("a certificate for another host is trusted", "{CURLOPT_SSL_VERIFYHOST, 2}",
  "{CURLOPT_SSL_VERIFYHOST, 0}", 50)
fault("a proxy sees our headers", "{CURLOPT_HEADEROPT, CURLHEADER_SEPARATE}",
  "{CURLOPT_HEADEROPT, CURLHEADER_UNIFIED}", 5)
mutant("a share goes over a connection that may have died",
  "!x->rules->repeatable && t->newest != EW_HTTP_2", "false", {
    by = FAULTS,
    filter = "a share uses no connection",
  })
mutant("a .netrc is read", "{CURLOPT_NETRC, CURL_NETRC_IGNORED}",
  "{CURLOPT_NETRC, CURL_NETRC_OPTIONAL}", { filter = "netrc" })

of("csrc/transport/reuse.c", "spec/unit/csrc/transport/transport_spec.lua")
fault("a stray answer is read", "if (s->requests == 0 || s->multiplexed) return false;",
  "return false;", 39, 40)
fault("what OpenSSL has read is not asked for", "|| ew_tls_has_unread(ssl)", "", 39)
fault("nothing is sent again over a connection that has died",
  "if (x->sends && !x->rules->repeatable) {", "if (x->sends) {", 41, 42)
mutant("a share is sent again over a connection that has died",
  "if (x->sends && !x->rules->repeatable) {", "if (0) {", {
    by = FAULTS,
    filter = "a share is never sent twice",
  })
mutant("a tunnel over HTTP/1.1 is used again", "|| s->tunnelled", "",
  { filter = "times for a tunnel" })

of("csrc/transport/transfer.c", "spec/unit/csrc/transport/transport_spec.lua")
fault("every attempt counts as sent", "answer.sent = x->sends > 0;", "answer.sent = true;",
  1, 3, 4, 5, 18, 50, 51, 52)
mutant("a request that libcurl repeats counts as sent once",
  "completion.resent = x->sends > 1;", "completion.resent = false;", {
    by = FAULTS,
    filter = "a refusal is ambiguous",
  })
mutant("a body is whole though libcurl saw it end",
  "x->curl_code == CURLE_OK && ew_response_whole(", "ew_response_whole(")
mutant("a cancel ends a later attempt", "x->opened_socket = x->cancelled = false;",
  "x->opened_socket = false;", {
    by = "spec/unit/csrc/client/client_spec.lua",
    filter = "no later ones, thread",
  })
of("csrc/transport/transfer.c", "spec/unit/csrc/binding/result_spec.lua")
mutant("a key in the body is overlooked", "memmem(body, length, key, strlen(key)) ||", "")
mutant("a key behind an escape is overlooked", [[memchr(body, '\\', length) ||]], "")
mutant("a key behind an entity is overlooked", "memchr(body, '&', length) ||", "")
mutant("a key in a header is overlooked", "if (strstr(response->headers[h], key)) return true;", "")

of("csrc/transport/attempts.c", "spec/unit/csrc/transport/transport_spec.lua")
mutant("two readings of a status are no matter", "if (curl_code == CURLE_OK && !agrees(x))",
  "if (0 && !agrees(x))",
  { filter = "read differently" })

of("csrc/transport/transport.c", "spec/unit/csrc/transport/transport_spec.lua")
mutant("a fork's child keeps its parent's connections", "ew_sockets_cut_off(&t->sockets);", "",
  { filter = "after a fork, inline" })
mutant("each of a burst gets a connection of its own", "  limit_connections(t);\n", "",
  { filter = "needs a few connections" })

of("csrc/client/client.c", "spec/unit/csrc/transport/transport_spec.lua")
mutant("a fork's child goes on with its parent's calls",
  "if (c->fork_generation != generation) {", "if (0) {", { filter = "after a fork, inline" })

of("csrc/transport/endpoint.c", "spec/unit/csrc/transport/transport_spec.lua")
mutant("http to loopback uses a proxy", "if (e->plain) return EW_OK;", "",
  { filter = "shows a proxy nothing" })
mutant("http is for any host", "if (e->plain && !loopback)", "if (0 && !loopback)", {
  by = "spec/unit/lua/options_spec.lua",
})
mutant("base_url may hold a password",
  "check_absent(url, CURLUPART_USER, CURLUE_NO_USER, error) != EW_OK ||", "", {
  by = "spec/unit/lua/options_spec.lua",
})

of("csrc/transport/ca_file.c", "spec/unit/lua/options_spec.lua")
mutant("any file is one of authorities", "if (holds_certificate(block, length)) return EW_OK;",
  "if (length) return EW_OK;", { filter = "case 43" })

of("csrc/binding/result.c", "spec/proof/faults/faults_spec.lua")
mutant("an error below HTTP is not passed on", "if (c->curl_code != usual.curl_code) set",
  "if (0) set", { filter = "certificate expired" })
mutant("an answer of which the end is missing passes for whole",
  "if (answer->whole != usual.answer.whole) set", "if (0) set",
  { by = "spec/unit/csrc/transport/transport_spec.lua" })
mutant("the verdict on an answer is not passed on", "  if (doubt)\n", "  if (0)\n",
  { filter = "^fault 24 single", rows = { 24 } })
mutant("headers that did not end pass for ended", "if (!answer->head_ended) set", "if (0) set",
  { filter = "FIN after a refusal's status line" })
mutant("what is no text passes for text", "if (doubt && !ew_utf8_is_text(", "if (0 && (",
  { by = "spec/unit/csrc/binding/result_spec.lua" })
mutant("what was not sent passes for sent", "if (answer->sent != usual.answer.sent) set",
  "if (0) set", { filter = "connection refused" })
mutant("what was sent twice passes for sent once",
  "if (c->resent != usual.resent) set", "if (0) set")
mutant("any status passes for 200", "if (answer->status != USUAL_STATUS) set",
  "if (0) set", { filter = "404 of today" })

of("csrc/binding/result.c", "spec/unit/csrc/binding/result_spec.lua")
mutant("what is not proved is plain", "if (doubt || c->good", "if (c->good")
mutant("a read is plain", "c->good != EW_CONFIRMATION ||", "")
mutant("what may show the key is plain", "|| c->shows_key) return -1;", ") return -1;")
mutant("a new maximum is plain", "if (is_new_maximum(c->response, maximum)) return -1;", "")
mutant("that the key is shown is not passed on",
  "if (c->shows_key != usual.shows_key) set", "if (0) set")

of("csrc/binding/core.c", "spec/unit/csrc/binding/result_spec.lua")
mutant("a finalizer's step frees slots whose completions are being pushed",
  "if (core->is_pushing || !ew_client_done", "if (!ew_client_done", { filter = "finalizer" })
mutant("the maximum of a step is forgotten",
  "memmove(core->maximum, core->next_maximum, sizeof core->maximum);", "")
of("csrc/binding/core.c", "spec/unit/csrc/client/client_spec.lua")
mutant("a slot that is taken is used again",
  [[luaL_argcheck(L, !ew_client_is_taken(core->client, slot), 4, "the slot is taken");]], "")
mutant("completions are lost if one cannot be pushed", "if (failed) return lua_error(L);",
  "if (failed) ew_client_discard(core->client);\n  if (failed) return lua_error(L);", {
    by = "spec/proof/torture/torture_spec.lua",
  })
of("csrc/client/client.c", "spec/unit/csrc/client/client_spec.lua")
mutant("a slot is free while its attempt is under way", "c->slots[slot - 1].taken = true;", "")

of("csrc/base/clock.c", "spec/unit/csrc/base/clock_spec.lua")
fault("time is the wall clock's", "clock_gettime(CLOCK_MONOTONIC",
  "clock_gettime(CLOCK_REALTIME", 61)

of("csrc/base/buffer.c", "spec/unit/csrc/base/buffer_spec.lua")
fault("memory that is not there is written to", "if (!data) return false;", "", 62)

of("csrc/base/thread_registry.c", "spec/unit/csrc/client/thread_spec.lua")
mutant("the thread hears signals", "sigfillset(&all);", "sigemptyset(&all);",
  { filter = "leaves every signal" })

of("csrc/client/thread.c", "spec/unit/csrc/client/thread_spec.lua")
mutant("closing forgets what was ordered", [[abandon_orders(t, "the client was closed");]], "",
  { filter = "loses nothing" })
mutant("no cancel reaches the thread", "  *cancels = t->cancels;\n", "  *cancels = false;\n", {
    by = "spec/unit/csrc/client/client_spec.lua",
    filter = "hears a cancel",
  })
mutant("the host hears of nothing that has ended", "if (ended->first) {", "if (0) {",
  { filter = "wakes the host for what has ended" })

-- ---- the journal's file

of("csrc/journal/journal.c", "spec/unit/csrc/journal/journal_spec.lua")
mutant("what was written is not synced", "if (fdatasync(journal->fd) != 0 ||", "if (",
  { filter = "disk", rows = { 59 } })
mutant("the folder is not synced", "fd < 0 || fsync(fd) == 0 ||",
  "fd >= 0 ||", { filter = "disk" })
mutant("a sync that failed is tried again", "journal->failure = *error;", "",
  { filter = "disk" })
mutant("what could not be synced stays", "cut = ftruncate(journal->fd, journal->good);", "cut = 0;",
  { filter = "disk", rows = { 58 } })
mutant("a short write is taken for a whole one", "done += (size_t)count;", "done = bytes->length;",
  { filter = "disk" })
mutant("a torn tail stays", "if (journal->torn && ftruncate(journal->fd, journal->good) != 0)",
  "if (0)", { filter = "tail" })
mutant("two runs may have one journal", "if (is_reader || is_locked) return EW_OK;",
  "return EW_OK;", { filter = "lock keeps" })
mutant("a link is followed", "| O_NOFOLLOW |", "|", { filter = "file is not a folder" })
mutant("others may read a journal", "O_NOCTTY, 0600)", "O_NOCTTY, 0644)",
  { filter = "file is made for its owner" })
mutant("others may write a journal", "if (opened->st_mode & (S_IWGRP | S_IWOTH))", "if (0)",
  { filter = "case 33" })
mutant("a journal may have two names", "if (opened->st_nlink > 1)", "if (0)",
  { filter = "case 33" })
mutant("a fork's child may write",
  "if (journal->fork_generation != ew_fork_generation())", "if (0)",
  { filter = "lock is the parent's" })
mutant("a file that lost its name is written", "*replaced = !is_named(path, &opened);", "",
  { filter = "lock is on the file" })
mutant("a file of any kind is taken", "if (memcmp(first, journal->header, (size_t)got) != 0)",
  "if (0)", { filter = "file of another kind" })
mutant("what cannot be read is the end", "if (got < 0) {", "if (0) {",
  { filter = "no end of the records" })

of("csrc/journal/line.c", "spec/unit/csrc/journal/line_spec.lua")
mutant("checksums are not compared", "return memcmp(line + length, suffix, EW_LINE_SUFFIX) == 0;",
  "return true;")

of("csrc/journal/journal.c", "spec/unit/csrc/journal/sync_thread_spec.lua")
mutant("what the thread could not sync is forgotten", "if (journal->sync_failed) {", "if (0) {")
mutant("a second sync does not wait for the first",
  "|| await_sync(journal, error) != EW_OK)", ")")
mutant("closing leaves the thread", "ew_sync_thread_free(journal->thread);", "")
mutant("what is appended meanwhile is taken for synced",
  "journal->sync_errno = errno;", "journal->sync_errno = errno;\n  journal->dirty = false;")
of("csrc/journal/sync_thread.c", "spec/unit/csrc/journal/sync_thread_spec.lua")
mutant("every sync has ended", "return sem_trywait(&t->ended) == 0;", "return true;")
mutant("a thread that is to end drops its job", "sem_post(&((ew_sync_thread *)worker)->wake);",
  "set_ordered((ew_sync_thread *)worker, false), sem_post(&((ew_sync_thread *)worker)->wake);")

-- ---- what a journal says

module "bulk/known"
mutant("resuming trusts what is unconfirmed", [[local confirmed = record.outcome == "confirmed"]],
  [[local confirmed = record.outcome == "confirmed" or record.outcome == "unconfirmed"]],
  { filter = "remembers what may", in_sim = true })
mutant("resuming trusts nothing", [[local confirmed = record.outcome == "confirmed"]],
  "local confirmed = false", { filter = "lets the next run", rows = { 58, 60 } })
mutant("the kind of target is no part of an item", ".. SEPARATORS[i] ..", [[.. "\0" ..]],
  { filter = "tells items apart" })
mutant("the type is no part of an item", [[return item.resource_type .. "\0"]], [[return "\0"]],
  { filter = "tells items apart" })
mutant("an intent says nothing", "local perhaps = record.intent == true or", "local perhaps =",
  { filter = "of shares" })
mutant("an ambiguous refusal leaves no doubt", "or record.ambiguous == true", "",
  { filter = "remembers what may" })
mutant("a doubt of one role is forgotten for another",
  "if has(before, PERHAPS) and", "if false and has(before, PERHAPS) and",
  { filter = "of shares" })
mutant("an item may come twice", "if has(all, SEEN) then", "if false then",
  { filter = "comes twice" })
mutant("two roles for one target are a duplicate",
  [[return all == bits and "duplicate" or "other_role", false]], [[return "duplicate", false]],
  { filter = "of shares" })
mutant("a share in doubt is sent again", [[return self.is_share and perhaps and "doubtful" or]],
  "return", { filter = "of shares" })
mutant("after a kill nothing was on its way",
  "local perhaps, confirmed = self.was_killed and not self.is_share, false",
  "local perhaps, confirmed = false, false", { filter = "after a run that was killed" })

module "bulk/journal"
mutant("another operation's journal is taken", "if header.operation ~= wanted.operation then",
  "if false then", { filter = "is refused" })
mutant("another server's journal is taken", "elseif header.base_url ~= wanted.base_url then",
  "elseif false then", { filter = "is refused" })
mutant("another part's journal is taken", "elseif header.part ~= wanted.part then",
  "elseif false then", { filter = "is refused" })
mutant("a journal does not keep its part", [[local part = wanted.part and]],
  "local part = false and", { filter = "keeps the part" })
mutant("a run that stopped says that it took everything", "local all = exhausted and",
  "local all =", { filter = "says at its end" })

of("csrc/journal/journal.c", "spec/unit/csrc/journal/journal_spec.lua")
mutant("a reader keeps the lock", "if (is_reader && is_locked) flock(journal->fd, LOCK_UN);", "",
  { filter = "lock is not needed" })

-- ---- parts of a list

local PARTS = { by = "spec/unit/lua/bulk_spec.lua", filter = "over a part" }

module "bulk/part"
mutant("a part depends on the order of the rows",
  "return core.crc32c(key) % self.count == self.number",
  "self.seen = (self.seen or -1) + 1\n  return self.seen % self.count == self.number", PARTS)
mutant("the role decides the part", [[.. field .. "\n" .. target]],
  [[.. field .. "\n" .. target .. tostring(item.role)]])
mutant("the kind of target does not decide the part", [[.. field .. "\n" .. target]],
  [[.. "\n" .. target]])
mutant("a part may be the number of parts", "elseif number >= count then",
  "elseif number > count then")
mutant("every part names what cannot be hashed", "return self.number == 0", "return true", PARTS)
mutant("no part names what cannot be hashed", "return self.number == 0", "return false", PARTS)
of("lua/elevenlabs/workspace/bulk.lua", "spec/unit/lua/bulk_spec.lua")
mutant("the items of other parts are not checked", "local ok, err = true, nil\n    if item then",
  "local ok, err = true, nil\n    if item and (not part or part:has(item)) then", PARTS)
module "bulk/intake"
mutant("items of other parts are sent", "elseif run.opts.part and is_elsewhere(run, item) then",
  "elseif false then", PARTS)

module "bulk/tally"
mutant("what an earlier run made of an item counts too", "entry[outcome] = entry[outcome] - 1", "")
mutant("an item may end in two journals", "self.doubles + (before == 0 and 0 or 1)",
  "self.doubles")
mutant("a run that was killed has ended", [[state = "killed", runs = 0,]],
  [[state = "ended", runs = 0,]])
mutant("a run at work has ended", [[file:is_in_use() and "running" or entry.state]], "entry.state")
mutant("a part may be missing", "self.doubles + #missing + #twice == 0",
  "self.doubles + #twice == 0")
mutant("what is in no journal is not missing", "list.missing = list.missing + 1", "")
mutant("an intent confirms", "return record.intent == true and INTENT or",
  "return record.intent == true and CONFIRMED or")
mutant("journals of two servers are added up", "elseif header.base_url ~= self.base_url then",
  "elseif false then")
mutant("a run that stopped has ended",
  [[entry.state == "stopped" and self.list ~= nil]], [[entry.state == "stopped"]])
mutant("invalid items are forgotten", "return is_over and entry.invalid == 0", "return is_over")
module "cli/journal/words"
mutant("nothing is left of what could not be read", "if not tally:is_complete() then",
  "if false then")
module "cli/journal/report"
mutant("journal report is always content",
  "return tally:is_complete() and EXIT.complete or EXIT.incomplete", "return EXIT.complete")

-- ---- what is found

module "offboard/case"
mutant("a case in a folder that others may write is opened", "core.check_folder(folder)", "true")
module "offboard/pages"
mutant("a list ends if has_more is missing", "if not cursor then",
  "if not cursor or not said.has_more then")
mutant("a cursor may come again for ever", "elseif self.cursors[cursor] then", "elseif false then")
mutant("a row without an id is passed over", [[if not id or id == "" or #id > LONGEST_ID then]],
  "if false then")
mutant("a page that comes twice counts twice", "(known == 0 and 1 or 0)", "1")
mutant("rows of a list without pages say all", "local said, said_why = paging",
  "if not self.source.paging then return rows, false end local said, said_why = paging")
mutant("rows of a list that cannot be trusted are lost", "return rows, false, said_why",
  "return nil, said_why")
mutant("a list whose fields contradict its rows is complete", "return rows, more, doubt",
  "return rows, more")
module "offboard/principals"
mutant("a group's member that is no id is passed over", "if not text(member) then",
  "if false then")
mutant("a seat may be of any type", [[return is_null(value) or type(value) == "string"]],
  "return true")
mutant("a flag may be of any type", [[return is_null(value) or type(value) == "boolean"]],
  "return true")
mutant("service accounts may go on elsewhere", "said and paging.doubt(said, #list)", "nil")
mutant("members without the key's owner are all",
  [[return "it does not name the owner of the API key, " .. owner.user_id]], "return nil")
module "offboard/paging"
mutant("has_more may be a text", [[type(has_more) ~= "boolean"]], "false")
mutant("a cursor may be a number", [[value ~= cjson.null and type(value) ~= "string"]], "false")
mutant("a list may go on at another list's cursor", "if field ~= own then", "if false then")
mutant("a total may be negative", "value < 0 or", "")
mutant("a total may be a text", [[type(value) ~= "number" or value < 0]],
  [[type(value) == "number" and value < 0]])
mutant("a list may name less than its total", "said.total and said.total > named", "false")
mutant("a list may end although there is more", "if said.has_more then", "if false then")
module "offboard/lists"
mutant("a list that cannot be trusted is complete", "  if why then\n", "  if false then\n")
mutant("a list may be an object", [[shape = "array",]], "")
mutant("an id is of one type alone", "for _, resource_type in ipairs(self.by_name[name].types) do",
  "for _, resource_type in ipairs { self.by_name[name].types[1] } do")
mutant("a list that failed is complete",
  "coverage.complete, coverage.why, coverage.by_nature = false, why, nil",
  "coverage.why, coverage.by_nature = why, nil")
mutant("a list that was not read to its end is complete", [["it was not read to its end"]], "nil")
mutant("the lists are read ahead of the items", " and waiting < MAX_WAITING", "")
module "offboard/discovery"
mutant("a read that failed means no role",
  "if covered.forbidden + covered.failed + covered.not_found > 0 then", "if false then")
mutant("a list of principals may fail", "if next(found.unread) or", "if")
mutant("nobody looks whether the members are all", "if found.owner and found.members then",
  "if false then")

-- ---- what a command that was stopped says

module "offboard/unfinished"
mutant("a command that sent a change says not_sent",
  [[fields.outcome = has_sent and "unconfirmed" or err.outcome]], "fields.outcome = err.outcome")
module "offboard/ledger"
mutant("nobody notes that a round sent a change",
  [[self.has_sent[round] = self.has_sent[round] or result.outcome ~= "not_sent"]], "",
  { by = "spec/unit/lua/offboard/cancellation_spec.lua" })
module "offboard/left"
mutant("what was removed since the last reading is left",
  "if is_confirmed and not saw_role then", "if false then")
mutant("a role that a later round saw is not left", "if is_confirmed and not saw_role then",
  "if is_confirmed then")
mutant("an older removal counts as one since the last reading",
  [[row.outcome == "confirmed" and row.answered > last]], [[row.outcome == "confirmed"]])
module "offboard/summary"
mutant("a headline tells of an old reading as of now", "if seen.gone == 0 then", "if true then")
mutant("after a stop there are two cures",
  [[self.state == "cut" and last_change(ledger).command == "apply" and "run apply again"]], "nil")
module "offboard/cancellation"
mutant("a cancellation between two runs is lost", "for _ = 1, math.min(self.requests, 2) do",
  "for _ = 1, 0 do")
module "offboard/discovery"
mutant("a cancelled reading of principals goes on",
  "return not cancellation:is_asked() and found or nil", "return found")
module "offboard/rounds"
mutant("nobody can cancel the pause before the next look",
  "    sleeper.is_woken = true\n", "")
module "offboard/access"
mutant("a custom role is forgotten",
  "_custom_role = not roles.is_preset(role) and role or nil,", "")
mutant("a group has no target", [[targets[group.id] = { "group_id", group.id }]], "")

-- ---- when to try again

module "throttle/retry_after"
mutant("Retry-After may have any number of digits", "return #value <= 10 and", "return")
mutant("a date counts from the year 1", "math.max(0, at - now) * 1000", "math.max(0, at) * 1000",
  { rows = { 55 } })

module "throttle/backoff"
mutant("a pause may last longer than 300 s", "return math.min(M.MAX_PAUSE_MS, math.max(",
  "return math.max(0, math.max(")
mutant("no pause is too long", "asked_ms ~= nil and asked_ms > M.MAX_PAUSE_MS", "false",
  { rows = { 55 } })
mutant("backing off has no jitter", "return random * math.min(", "return math.min(")
mutant("backing off has no end", "math.min(MAX_MS, first * 2 ^ (failures - 1))",
  "first * 2 ^ (failures - 1)")

module "throttle/budget"
mutant("two probes at a time", "(not self.probing and now_ms >= self.probe_at_ms)",
  "now_ms >= self.probe_at_ms")
mutant("an outage has no end", "self.failing_since_ms + M.OUTAGE_MS or nil",
  "nil", { rows = { 1, 2, 18 } })
mutant("a retry costs nothing", "(cost or RETRY_COST)", "(cost or 0)")

module "throttle/window"
mutant("one more than the window", "and 0 or math.floor(self.window)",
  "and 0 or math.floor(self.window) + 1")
mutant("a pause holds nothing back", "return now_ms < self.paused_until_ms and 0 or",
  "return")
mutant("a pause is made shorter", "if until_ms <= self.paused_until_ms or", "if")
mutant("the window is cut for what came before", "if mark <= self.cut_mark then", "if false then")
mutant("the server's maximum is nothing", "math.min(self.ceiling, maximum)", "self.ceiling")
mutant("the window may be nothing", "math.max(MIN_WINDOW, math.min(self.most, window))",
  "math.min(self.most, window) - 1")
mutant("the window grows unused", "elseif self.used + 1 > self.window then",
  "elseif true then")

module "throttle"
mutant("the window is ignored", "return self.limiter:places(now_ms)",
  "return self.limiter:places(now_ms) > 0 and self.limiter.ceiling or 0", { in_sim = true })
mutant("Retry-After is ignored", "= verdict.asked_ms, verdict.own_ms", "= nil, verdict.own_ms",
  { in_sim = true, rows = { 55 } })
mutant("an outage is not waited out",
  "return not (waits_out_outages and budget.circuit_open) or budget:allows(now_ms)", "return true")
mutant("too many at once pause the client", [[and verdict.load ~= "crowded"]], "")

-- ---- the life of a call

module "engine/complete"
mutant("attempts have no end", "or counted >= (call.max_attempts or group.max_attempts)", "", {
  filter = "at most max_attempts times",
})
mutant("a share is repeated though libcurl repeated it",
  "or (verdict.resent and not operations[call.op].is_repeatable)", "")
mutant("what libcurl repeated was not applied",
  [[and (verdict.outcome == "unconfirmed" or evidence.resent)]],
  [[and verdict.outcome == "unconfirmed"]])
mutant("a deadline is no bound for another attempt",
  "return not verdict.is_late and due or nil", "return due")
mutant("a wrong key is asked again for ever",
  [[if call.key_probed and verdict.action == "probe" then]], "if false then", { rows = { 54 } })
mutant("what the run's rules say is not heard", "groups.see(call.group, verdict)", "", {
  by = "spec/unit/lua/bulk/stopping_spec.lua",
  rows = { 3, 5, 37, 38, 50, 51, 52, 54 },
})
mutant("what reached nobody counts as an attempt", "return evidence.sent and", "return true or")

mutant("a fork's child sends again what was its parent's", "or call.is_parents", "",
  { by = "spec/unit/lua/engine/stop_spec.lua" })
mutant("a plain confirmation is dealt with twice", "self.plain_done = i", "")
mutant("others are dealt with twice", "self.others_done = i", "")
mutant("an error has a result recorded twice", "if call and not others[i].verdict then",
  "if call then", ERRORS)
mutant("an error loses what stops a run", [[  groups.see(call.group, verdict)
  evidence.verdict = verdict
]], [[  evidence.verdict = verdict
  groups.see(call.group, verdict)
]], ERRORS)
mutant("a confirmation is not told to the throttle",
  [[    transition(self, call, "done")
  end
  self.throttle:settled(slot)
]], [[    transition(self, call, "done")
  end
]])
mutant("a confirmation that on_event is told of is only counted",
  'group.keeps == "receipts" or self.outbox.on_event then', 'group.keeps == "receipts" then')
mutant("a confirmation is listed without its request id", 'request_id and group.keeps == "calls"',
  'request_id and group.keeps == "counts"')
mutant("a run's rules hear of no confirmation", "group.rules:confirm()", "")
mutant("a plain confirmation shows a secret",
  "request_id and self.mask_others(request_id) or nil", "request_id or nil",
  { by = "spec/unit/lua/engine/send_spec.lua", filter = "no other secret" })

module "engine/finish"
mutant("an error does not name its call", "    call = call.number,\n", "")
mutant("an event shows an argument that is a key", [[not value:find "^sk_" and ]], "",
  { by = "spec/unit/lua/engine/events_spec.lua" })
mutant("refused arguments are not counted", "counts.not_sent + 1, number",
  "counts.not_sent, number", { by = "spec/unit/lua/engine/events_spec.lua" })
mutant("the end of an attempt is not told", "outbox:put(response, throttle, done)",
  "outbox:put(done)", { by = "spec/unit/lua/engine/events_spec.lua" })
mutant("an earlier attempt is forgotten where the last was refused",
  [[or (became == "refused" and call.perhaps_applied)]], "")
mutant("an earlier attempt is forgotten where the last was not sent",
  [[if became == "not_sent" and call.perhaps_applied then]], "if false then")
mutant("an earlier attempt is forgotten where no other is made",
  [[err.outcome = call.perhaps_applied and "unconfirmed" or err.outcome]], "", {
    by = "spec/unit/lua/engine/stop_spec.lua",
  })
mutant("a failure shows the key", "mask(failure.message) }", "failure.message }")
mutant("the arguments of a refused call keep the key", "secrets.in_fields(mask, call.args)",
  "call.args", { by = "spec/unit/lua/bulk/intake_spec.lua" })

module "engine/deadline"
mutant("a shorter deadline waits for the longer ones", "lists.last_due(list, deadline.due_ms)",
  "list.last", { in_sim = true })
module "engine/finish"
mutant("a call that is done keeps its deadline",
  "    deadlines.drop(self.deadlines, call.deadline)\n", "",
  { by = "spec/unit/lua/engine_spec.lua" })

module "engine/stop"
mutant("a call that never was queued is ended", [[ and call.state ~= "new" then]], " then",
  { by = "spec/unit/lua/engine/call_spec.lua" })
mutant("an item that rests is dropped when it is cancelled",
  [[elseif call.state ~= "done" and call.state ~= "new" then]],
  [[elseif call.state == "backing_off" then
    call.due_ms = math.huge
  elseif call.state ~= "done" and call.state ~= "new" then]], { in_sim = true })
mutant("cancelling a group forgets what is in flight",
  "if slot.call and slot.call.group == group then", "if false then")
mutant("a fork's child sends what was its parent's", [[stop_unsent(self, "forked")]], "")

module "client"
mutant("a dry run is sent",
  "  elseif limits.dry_run then\n    return self.engine:try(op, args)\n", "")
mutant("a call forgets its options", "self.engine:start(op, args, nil, limits)",
  "self.engine:start(op, args)")

module "engine/call"
mutant("a call that gets a resource results in a receipt",
  "is_resource and resources.new(self.ending.body) or self.ending", "self.ending",
  { by = "spec/unit/lua/answer/resource_spec.lua", filter = "case 42" })

module "engine"
mutant("a closed client takes calls", [[  if self.closed then
    stops.stop(self, call, "closed")
  end
]], "", FINALIZERS)
mutant("a finalizer waits inside a step",
  [[return self.stepping and "a function that runs inside a step cannot wait" or nil]],
  "return nil", FINALIZERS)
mutant("a finalizer starts a call at once", [[  if self.stepping then
    self.inbox:push { apply = enter_late, value = call }
  else
    enter_now(self, call)
  end]], "  enter(self, call)", FINALIZERS)
mutant("a step that a finalizer took leaves a call without a step",
  "if self.settles ~= self.expected_settles then", "if self.closed then")
mutant("a call that begins on a closed client is not counted", [[  if call.state == "new" then
    enter(self, call)]], [[  if call.state == "new" and not self.closed then
    enter(self, call)]], FINALIZERS)

of("lua/elevenlabs/workspace/engine/step.lua", "spec/unit/lua/engine_spec.lua")
mutant("closing leaves what waits", [[stop_unsent(self, "closed")]], "")
mutant("a step inside a step is made", [[  if self.stepping then
    return
  end
  local ok]], "  local ok", FINALIZERS)
mutant("a finalizer cancels at once", [[  if self.stepping then
    self.inbox:push { apply = change, value = value, why = why }
  else
    inside(self, change, value, why)
  end
]], "  change(self, value, why)\n", FINALIZERS)
mutant("an error drops what a finalizer asked for", [[  if not ok then
    self.stepping = false]], [[  if not ok then
    self.stepping = false
    self.inbox = require("elevenlabs.workspace.engine.queue").new_fifo()]], FINALIZERS)
mutant("two steps ask for the key at once", "self.asking_until_ms > now or ", "", SENDING)
mutant("the key is asked for though nothing is sent", "or not sends.next_due(self)", "", SENDING)
mutant("a late key lets a third step ask", "if self.asking_until_ms == until_ms then",
  "if true then", SENDING)
mutant("an error while the key is asked for blocks the key",
  "if self.asking_until_ms == until_ms then", "if ok and self.asking_until_ms == until_ms then",
  SENDING)
mutant("who waits is not told again after an error",
  "local ok, is_last = pcall(self.waiters.sweep, self.waiters)", [[self.has_news = false
    local ok, is_last = pcall(self.waiters.sweep, self.waiters)]])
mutant("a step waits though somebody is satisfied", "or self.waiters.satisfied > 0 ", "")
mutant("a fork that the descriptor's owner sees makes no step due",
  [[inside(self, stops.notice_fork)
    self.core:wake_at(0)]], "inside(self, stops.notice_fork)")
mutant("a step that never begins lasts for ever", "local ok, why = pcall(run, self, change, ...)",
  [[self.stepping = true
  local ok, why = pcall(run, self, change, ...)]], ERRORS)
mutant("completions that an error left wait until others come",
  [[  if completes.is_behind(self) then
    completes.catch_up(self)
  end
]], "", ERRORS)

module "engine/transition"
mutant("a slot is not released", "slots.free, slots.count = slot, slots.count - 1",
  "slots.count = slots.count - 1")
mutant("a slot is lost once it is released",
  "slot.call, slot.next_free, call.slot = false, slots.free, false",
  "slot.call, call.slot = false, false")
mutant("a retry is counted twice", "counts.retries = counts.retries + 1",
  "counts.retries = counts.retries + 2")
mutant("an ended call is not given to its group", "elseif not group.ended then",
  "elseif group.ended then")
mutant("a confirmation is only counted though its group keeps calls",
  'if ending == CONFIRMED and group.keeps == "counts" then', "if ending == CONFIRMED then",
  { by = "spec/unit/lua/bulk/journal_spec.lua" })
mutant("a call that is only counted is given to its group too",
  "group.unlisted = group.unlisted + 1\n      return", "group.unlisted = group.unlisted + 1")
mutant("a call knows none before it in its list", "call.previous, call.next = after, following",
  "call.previous, call.next = false, following")
mutant("a call that backs off is always the last", [[    following = after.next
    after.next = call]], "    after.next = call")
mutant("a call that backs off makes no news",
  "self.has_news = true -- a run may take another item meanwhile", "")
mutant("a call has no number",
  "group.started, counts.calls, call.number = group.started + 1, number, number",
  "group.started, counts.calls = group.started + 1, number",
  { by = "spec/unit/lua/engine/call_spec.lua" })

module "engine/outbox"
mutant("an event stays in the outbox while its function runs",
  [[    self[self.first], self.first = nil, self.first + 1
    if not pcall(self.on_event, event) then
      self.errors = self.errors + 1
    end]], [[    if not pcall(self.on_event, event) then
      self.errors = self.errors + 1
    end
    self[self.first], self.first = nil, self.first + 1]])
mutant("an event is told before its change", "self.put_last = place",
  "self.put_last, self.last = place, place")

module "engine/key"
mutant("the key of a function is not masked",
  "local key_mask = key and secrets.with_key(mask, key) or mask", "local key_mask = mask")
mutant("the last key of a function is not known", "known, known_mask = key, key_mask", "")

module "engine/list"
mutant("of one due time the last is first", "value.due_ms > due_ms",
  "value.due_ms >= due_ms")
mutant("a list forgets its last value", "list.last = previous", "list.last = false")

module "engine/group"
mutant("a run stops for its last reason",
  "group.stopped = group.stopped or group.rules:see(verdict) or false",
  "group.stopped = group.rules:see(verdict) or group.stopped")

module "engine/waiters"
mutant("a waiter is left out if the one before it goes", "if not waiter or (waiter.is_listed and",
  "if not waiter or (true and")
mutant("a host sleeps while a waiter was not resumed", "self.owed = is_owed", "self.owed = false")
mutant("an abandoned waiter keeps its host busy for ever",
  "self.steps_left = self.steps_left - 1", "")
mutant("a waiter that steps itself keeps its host busy",
  " and not is_stepper(waiter, here))", ")")
mutant("a waiter that was woken is woken again", [[  elseif is_woken ~= false then
    self:remove(waiter)
]], "")
mutant("a waiter that another sweep woke counts as satisfied",
  " and waiter.is_listed then", " then")
mutant("an error of one wake stops the others", "ok, is_woken = pcall(waiter.wake)",
  "is_woken = waiter.wake()")
mutant("a waiter whose wake failed is not woken again", [[    set_satisfied(self, waiter, false)
    return is_woken]], "    return is_woken")
mutant("the only waiter is abandoned at once", "    self.steps_left = STEPS_A_WAITER\n", "\n")
mutant("a waiter that was abandoned waits no more", [[  elseif not is_done then
    enlist(self, waiter)
]], "")

module "engine/timers"
mutant("completions that an error left make no step due", "or completes.is_behind(self)", "")
mutant("events that are not told make no step due", "or not self.outbox:is_empty()", "",
  { by = "spec/unit/lua/engine/events_spec.lua" })
mutant("what a finalizer asked for makes no step due", "or self.inbox:peek() ~= nil", "",
  FINALIZERS)
mutant("a waiter that was not resumed makes no step due", "or self.waiters.owed", "")

module "engine/send"
mutant("the key is sent with what needs none", "operations[call.op].sends_key and key", "key")
mutant("a key that fails ends all calls", "    count = count - 1\n", "\n")
mutant("a refused send leaves its event", "finish_unsent(self, call, failure, mask)",
  "outbox:commit()\n    finish_unsent(self, call, failure, mask)", ERRORS)

module "gather"
mutant("a function is resumed though its call is not done", "(why or is_ready(entry))", "true",
  { filter = "resumes each function that is ready" })

-- ---- the life of a run

module "bulk/results"
mutant("what could not be written is confirmed", "result = not_written(",
  "local _ = not_written(", {
    filter = "cannot be written",
    rows = { 58, 59 },
  })
mutant("a run goes on without its journal", [[stop(run, "journal", failure.message)]], "", {
  filter = "cannot be written",
  rows = { 58, 59 },
})

module "bulk/intake"
mutant("an item that is refused makes no event",
  "    run.engine:count_refused(run.op, item, err)\n", "")
mutant("a refused item shows the key", "item = secrets.in_fields(run.engine.mask, item)",
  "item = copy_raw(item)")
mutant("written down as confirmed before the answer", [[  if not call then
    if err.kind]], [[  if call and run.journal then
    run.journal:record(item, { outcome = "confirmed" })
  end
  if not call then
    if err.kind]], {
    by = "spec/unit/lua/bulk/journal_spec.lua",
    filter = "the journal holds",
    in_sim = true,
  })
mutant("closing reports twice", [[stop(run, "closed", err.message)]],
  [[stop(run, "closed", err.message)
    record_result(run, item, unsent(perhaps_applied, err))]], { in_sim = true })
mutant("a share is sent before its intent is written",
  "return run.journal and not run.journal_failure and not operations[run.op].is_repeatable",
  "return false", { filter = "each intent" })
mutant("a share does not wait for its commit",
  "  write_intents(run, run.shares)", [[  write_intents(run, run.shares)
  M.queue_all(run, run.shares)
  run.shares = false]],
  { filter = "each intent", in_sim = true })
mutant("a share does not wait for another commit's end", "if run.commit then",
  "if false then", { by = "spec/unit/lua/bulk/commit_spec.lua", filter = "in a thread" })
mutant("the earlier run's doubt is forgotten",
  [[perhaps_applied and "unconfirmed" or "not_sent",]], [["not_sent",]], {
    by = "spec/unit/lua/bulk/known_spec.lua",
    filter = "client was closed",
  })
mutant("a run is at its end where it stopped", "run.report.exhausted = run.cancel_requests == 0",
  "run.report.exhausted = true",
  { by = "spec/unit/lua/bulk/run_spec.lua", filter = "is cancelled" })
mutant("a run holds any number of items", "if room <= 0 or", "if")
mutant("what a run sends again needs no place of its own",
  "if run.max_concurrency < run.engine.max_concurrency then", "if false then",
  { filter = "if items are sent again" })
mutant("a stopped run takes more", "return run.stopping or run.cancel_requests > 0 or",
  "return run.cancel_requests > 0 or")

module "bulk/commit"
mutant("told before it is synced", "ok, failure = run.journal:sync()", "ok, failure = true, nil", {
  by = "spec/unit/lua/bulk/results_spec.lua",
  filter = "told once they",
  in_sim = true,
  rows = { 59, 60 },
})
mutant("told while the thread syncs", [[if synced == false then
    look_later(run)]], [[if synced == false then
    conclude(run, true)]], { filter = "in a thread", in_sim = true })
mutant("the thread's failure is taken for a success", "conclude(run, synced, failure)",
  "conclude(run, true)", { filter = "in a thread", in_sim = true })
mutant("shares are queued while the thread syncs their intents",
  "run.unsynced, run.shares = {}, false", [[run.unsynced = {}
  if run.shares then
    intake.queue_all(run, run.shares)
  end
  run.shares, run.commit.shares = false, false]], { filter = "in a thread", in_sim = true })
mutant("a run ends before its last commit", "return not run.commit and", "return",
  { filter = "in a thread", in_sim = true })
mutant("a run that ended looks killed", "return not run.wrote_end and", "return false and",
  { by = "spec/unit/lua/bulk/journal_spec.lua", filter = "the journal holds" })
mutant("nobody looks whether the thread has synced", "return run.commit.look_at_ms",
  "return math.huge", { filter = "in a thread" })

module "engine/turns"
mutant("a turn is given where nobody may yield", "engine.closed or not yieldable.here()",
  "engine.closed")
mutant("a step of the driver is taken for a turn", "    return false\n",
  "    return engine.closed or engine.now() >= at\n",
  { by = "spec/unit/lua/offboard/turns_spec.lua" })

module "offboard/report"
mutant("two reports share a temporary file", "while taken[temporary] do", "while false do",
  { by = "spec/unit/lua/offboard/turns_spec.lua", filter = "two write it at once" })

module "bulk/run"
mutant("a run waits on for a client that is closed",
  "or ((self.commit or self.took_max) and self.engine.closed)", "",
  { by = "spec/unit/lua/bulk/commit_spec.lua", filter = "in a thread" })
mutant("cancelling waits longer than 5 s", "self.cancel_at_ms = now + GRACE_MS",
  "self.cancel_at_ms = now + 2 * GRACE_MS", { filter = "is cancelled" })
mutant("cancelling twice does no more than once", "or self.cancel_requests > 1 then", "then",
  { filter = "is cancelled" })

module "bulk"
mutant("a file with an error is sent", "if total > 0 then", "if false then")
mutant("a problem of a file shows the key", "and engine.mask(text) or nil", "and text or nil")

module "bulk/call_group"
mutant("a bulk run gives up sooner", "local ATTEMPTS = 8", "local ATTEMPTS = 7", { rows = { 57 } })
mutant("a list of what is gone stops a run that had confirmations",
  "stop_rules.new(has_succeeded,", "stop_rules.new(false,", {
    by = "spec/unit/lua/bulk_spec.lua",
    filter = "not stop at refusals",
  })

module "bulk/report"
mutant("a report keeps any number of reasons", "if count == MAX_REASONS then", "if false then")

module "bulk/stop_rules"
mutant("a redirect is no reason to stop", [[if verdict.action == "stop" and (not]],
  [[if verdict.action == "stop" and verdict.class ~= "redirected" and (not]],
  { rows = { 37, 38 } })
mutant("TLS may fail for ever", "self.tls_failures >= TLS_IN_A_ROW", "false", { rows = { 51 } })
mutant("odd answers may come for ever", "self.odd >= ODD_IN_A_ROW", "false", { rows = { 26 } })
mutant("a single 403 stops a run", "self.answers >= FIRST_FORBIDDEN then",
  "self.answers >= 1 then", { rows = { 54 } })
mutant("refusals of several kinds count as one",
  "(self.answers == 1 or self.refusal == refusal) and refusal", "refusal")

-- ---- one limit for many; spec/proof/limits/plants.lua has the protocol's

module "engine/exchange"
mutant("two exchanges are made at a time", "math.max(at, self.exchanging_until_ms)", "at",
  { filter = "one at a time" })
mutant("no step follows an exchange that ends elsewhere",
  "  self.core:wake_at(0) -- there may be places now\n", "\n", { filter = "ends elsewhere" })
mutant("a closed client keeps its places", "places:due_at(0, 0) then", "false then",
  { filter = "gives the places back, once" })
mutant("a store out of reach is told of each second",
  "if has_problem ~= self.has_limit_problem then", "if has_problem then",
  { filter = "tells of it once" })
mutant("a wait for the store is an outage of the service", "  self.throttle:exchanged(now)\n",
  "\n", { filter = "no second of that" })

module "engine/step"
mutant("the limit's store is asked in a step", "pcall(exchanges.run, self, inside)",
  "pcall(inside, self, exchanges.run, inside)",
  { by = "spec/unit/lua/engine/exchange_spec.lua", filter = "outside a step" })

module "engine/timers"
mutant("no heartbeat wakes the host", "return earlier(at, exchanges.due_at(self))", "return at",
  { by = "spec/unit/lua/engine/exchange_spec.lua", filter = "due each second" })

module "engine/stop"
mutant("a child of a fork goes on with its parent's places", "    self.throttle:forked()\n", "",
  { by = "spec/unit/lua/engine/exchange_spec.lua", filter = "child of a fork" })

module "throttle"
mutant("an outage is not told to the limit", "self.shared:park(self.budget.circuit_open)", "",
  { filter = "parks when" })
mutant("the probe of another client ends no outage",
  "if budget.circuit_open and not shared:is_parked() then", "if false then",
  { filter = "another client's" })
mutant("a probe that failed is kept from the limit", "    self.shared:probe_failed()\n", "\n",
  { filter = "tells of a probe" })
mutant("a client probes beside the probe of all", [[  if self.shared then
    return true -- the limit]], [[  if false then
    return true -- the limit]], { filter = "who probes" })

module "options"
mutant("a connection that blocks may hold up any host",
  "parts.limit.may_block and not parts.driver.may_block", "false",
  { by = "spec/unit/lua/limits_spec.lua", filter = "must not be held up" })

of("lua/elevenlabs/workspace/driver/ngx.lua", "spec/system/hosts/nginx_limit_spec.lua")
mutant("the limit's store is asked in a phase without sockets",
  "local may_have_timers, has_begun = pcall(ngx.timer.at, 0, f)",
  "local may_have_timers, has_begun = true, (f() or true)", { filter = "in others" })

module "cli/limit"
mutant("a password may stand in the arguments", [[text:find("@", 1, true)]], "false",
  { filter = "refuses redis" })

module "limits/redis"
mutant("a script that Redis forgot is not sent again",
  [[if why and why:find("NOSCRIPT", 1, true) then]], "if false then", { filter = "forgot it" })
mutant("a Redis that was started again is not known by its name",
  [[redis.call("INFO", "server"):match "run_id:(%w+)"]], [["redis"]],
  { filter = "started again" })

module "limits/shared_dict"
mutant("a worker that stood still adds an old version",
  "if not at or at >= version + KEPT or at < version - MAX_UNCOUNTED then", "if not at then",
  { filter = "stood still" })
mutant("a version may replace another", [[ok or why ~= "exists", ok and result or nil, why]],
  "true, result, why", { filter = "between any two" })
mutant("a dictionary that may have been lost grants at once", "if is_starting then",
  "if true then", { filter = "made later" })

module "limits/redis_lua"
mutant("each operation waits for 250 ms", "deadline - sockets.gettime()", "10",
  { filter = "250 ms" })

module "limits/resty_redis"
mutant("a connection whose reply is still to come is used again", "if self.is_broken then",
  "if false then", { filter = "gave no reply" })

module "limits"
mutant("a wrong option leaves a client without its limit",
  [[return options or error(("%s: %s"):format(call, err.message), 3)]], "return options or {}",
  { filter = "raise on wrong" })

module "text"
mutant("text may be turned", "{ 0x2028, 0x202E }", "{ 0x2028, 0x202D }")

mutant("a cell may turn the text around it", ":gsub(TURNING, SPACES)", "")

module "options"
mutant("the server's URL may hold the key", [[{ "base_url", "user_agent" }]], [[{ "user_agent" }]])

module "offboard/case"
mutant("a case's log keeps the key", "secrets.in_fields(client.engine.mask, by or {})", "by or {}")
module "offboard/resumption"
mutant("a case goes on for another leaver", "case.plan and check(case, client, key, value)", "nil")
mutant("a case of another server goes on", "return rounds.check_server(case, client)", "return nil")
mutant("an old plan goes on", "not is_old(case) and", "")
mutant("a plan without a role that is left goes on", "and names_all(summary)", "")
mutant("a plan with other options goes on", "and does(case, wanted)", "")
mutant("a plan that removes what is protected goes on",
  [[is_protected ~= (row.reason == "protected") and]], "false and")
mutant("a plan for another successor goes on", "if successor ~= (", "if false and successor ~= (")
mutant("a case that left nothing is planned again", "if has_left_nothing(summary) or", "if")
mutant("a case that left roles is never planned again", "and #summary.left == 0", "")
mutant("who has left the workspace stops all plans", "or subject.has_left then", "then")
mutant("a case that is in use gets a new plan", [[err.kind ~= "invalid_argument" and err or nil]],
  "nil")
module "offboard/summary"
mutant("all is done though a removal failed", "self.unreadable + failed +", "self.unreadable +")
mutant("all is done though not all was read", "and self.is_complete\n", "\n")
mutant("all is done though undo gave roles back", "+ self.given_back + self", "+ self")
mutant("all is done before everything was read", "ledger.reading.number > last.number", "true",
  { by = "spec/unit/lua/offboard/apply_spec.lua" })
mutant("a reading of the case alone is complete", "and not ledger.reading.planned_only", "",
  { by = "spec/unit/lua/offboard/apply_spec.lua" })
mutant("a gift that nobody could see is forgotten",
  "lefts.is_doubt_newer(ledger, row) and 1 or 0", "0",
  { by = "spec/unit/lua/offboard/undo_spec.lua" })
of("lua/elevenlabs/workspace/offboard/left.lua", "spec/unit/lua/offboard/undo_spec.lua")
mutant("a role that undo saw again is not left",
  [[and row.given_back.read_back == "there"
    and not]], "and false and not")
module "offboard/discovery"
mutant("a page of a firewall says that a resource is gone",
  "err.from_service ~= false and READ_OF_KIND[err.kind]", "READ_OF_KIND[err.kind]")
mutant("one type that answers hides another that does not",
  "not_found = 1, read = 2, forbidden = 3, failed = 4",
  "not_found = 1, forbidden = 2, failed = 3, read = 4")
mutant("a resource type may be the key", "mask(tostring(name))", "tostring(name)")
module "offboard/apply"
mutant("a page of a firewall is a role that is gone",
  [[(resource or discovery.became(problem) == "not_found")]],
  [[(resource or problem.kind == "not_found")]])
module "offboard/rounds"
mutant("a plan of next year may be applied", "age < -CLOCK_ERROR_S", "false")
module "offboard/case"
mutant("a journal from before answers for a new round", "local err = check_journals(self)",
  "local err")
module "offboard/unfinished"
mutant("an outage never passes", "{ outage = true, rate_limited = true }", "{}")
module "offboard/planning"
mutant("an address that is named twice may be the key", "client.engine.mask(email)", "email")
mutant("a case that goes on stays locked", [[if not planned then
    close_all(resumed)]], "if not planned then")
mutant("a note may hold the key", "secrets.holds(note, client.engine.key.known())", "false")
mutant("a planning's error shows the key", "err.message = client.engine.mask(err.message)", "")
module "offboard/report/csv"
mutant("a name in the report's CSV has raw controls",
  [[texts.cell(texts.utf8(values[name] or ""))]], [[texts.utf8(values[name] or "")]])
module "cli/access"
mutant("a name in the inventory has raw controls", [[texts.cell(row[name] or "")]],
  [[row[name] or ""]])

module "names"
mutant("a message quotes what looks like a key", [[if text:find "^sk_" then]], "if false then")
mutant("a message holds what is no UTF-8", [[texts.utf8(text:sub(1, MAX_QUOTED), "?")]],
  "text:sub(1, MAX_QUOTED)")

module "secrets"
mutant("a secret is masked where it stands first alone", "while from do", "if from then")
mutant("the keys of tables are not masked", "masked[without(k, secret)]", "masked[k]")
mutant("a table of the user's is read by its metamethods", "in next, given do",
  "in pairs(given) do")
mutant("a long key is no part of a text", "text == key or (#key >= SHORTEST and",
  "text == key or (false and")
mutant("a key leaves the other secrets in", "return mask(without(value, key))",
  "return without(value, key)")

return list
