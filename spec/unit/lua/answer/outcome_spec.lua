local cjson = require "cjson"
local evidences = require "elevenlabs.workspace.answer.evidence"
local outcome = require "elevenlabs.workspace.answer.outcome"
local secrets = require "elevenlabs.workspace.secrets"

local function same(value)
  return value
end

local ITEM = { resource_id = "v", resource_type = "voice" }
local RESOURCE = '{"resource_id":"v","resource_type":"voice","role_to_group_ids":{}%s}'

local function judge(changes, op, mask)
  op = op or "unshare"
  return outcome.judge(op, evidences.new(op, changes), mask or same, ITEM)
end

describe("outcome", function()
  describe("confirms", function()
    local proofs = {
      ["an object with its length"] = {},
      ["an object that proves itself"] = { whole = false },
      ["an array that proves itself"] = { whole = false, body = " [1] " },
      ["a string that proves itself"] = { whole = false, body = '"ok"' },
      ["null that proves itself"] = { whole = false, body = "null" },
      ["an empty body with its length"] = { body = "" },
      ["a number with its length"] = { body = "4" },
      ["a detail that is null"] = { body = '{"detail":null}' },
      ["64 levels"] = { body = ("["):rep(64) .. ("]"):rep(64) },
    }
    for name, changes in pairs(proofs) do
      it(name, function()
        local verdict = judge(changes)
        assert.are.equal("confirmed", verdict.outcome)
        assert.are.equal("done", verdict.action)
        assert.is_nil(verdict.kind)
      end)
    end

    it("and gives the decoded body", function()
      assert.are.same({ status = "ok" }, judge({}).body)
      assert.are.equal(cjson.null, judge({ body = "null" }).body)
      assert.is_nil(judge({ body = "" }).body)
    end)
  end)

  describe("does not take for a confirmation", function()
    local doubts = {
      ["a number that nothing proves whole"] = { whole = false, body = "4" },
      ["an empty body that nothing proves whole"] = { whole = false, body = "" },
      ["a body cut inside its JSON"] = { whole = false, body = '{"status":' },
      ["HTML"] = { body = "<html></html>" },
      ["text after the JSON"] = { body = '{"status":"ok"} x' },
      ["two JSON values"] = { body = "{}{}" },
      ["NaN"] = { body = "NaN" },
      ["a hexadecimal number"] = { body = "0x10" },
      ["65 levels"] = { body = ("["):rep(65) .. ("]"):rep(65) },
      ["bytes that are not UTF-8"] = { body = '"\255"' },
      ["an error body"] = { body = '{"detail":"Not Found"}' },
      ["an error of another service"] = { body = '{"error":"no"}' },
      ["a status that is no success"] = { body = '{"status":"error"}' },
    }
    for name, changes in pairs(doubts) do
      it(name, function()
        local verdict = judge(changes)
        assert.are.equal("unconfirmed", verdict.outcome)
        assert.are.equal("untrusted_response", verdict.kind)
        assert.matches("the server answered 200, but", verdict.message)
      end)
    end

    it("a body that nobody judged", function()
      local unjudged = evidences.new("unshare", {})
      unjudged.proof = nil
      for _, op in ipairs { "unshare", "share", "get", "list", "connect" } do
        local verdict = outcome.judge(op, unjudged, same, ITEM)
        assert.are.equal("unconfirmed", verdict.outcome)
        assert.matches("nobody judged its body", verdict.message)
      end
      for _, proof in ipairs { 1, {}, "x" } do -- only true proves
        unjudged.proof = proof
        local ok, verdict = pcall(outcome.judge, "unshare", unjudged, same)
        assert.is_true(not ok or verdict.outcome == "unconfirmed")
      end
      unjudged.proof = "of what the core says"
      assert.matches("of what the core says", outcome.judge("share", unjudged, same).message)
    end)

    it("a transfer that libcurl failed, whatever its status", function()
      for _, code in ipairs { 8, 16, 18, 23, 27, 28, 52, 55, 56, 92 } do
        assert.are.equal("unconfirmed", judge({ curl_code = code }).outcome, code)
      end
    end)

    it("a head without its blank line", function()
      assert.are.equal("unconfirmed", judge({ head_ended = false, whole = false }).outcome)
    end)

    it("for a get, anything but an object", function()
      for _, body in ipairs { "[]", "null", '"x"', "", "[{}]" } do
        assert.are.equal("unconfirmed", judge({ body = body }, "get").outcome, body)
      end
      local body = " " .. RESOURCE:format ""
      assert.are.equal("confirmed", judge({ body = body }, "get").outcome)
      assert.are.equal("confirmed", judge({ body = body, whole = false }, "get").outcome)
    end)

    it("for a get, an object that does not tell who has which role on this resource", function()
      for body, why in pairs {
        ["{}"] = "its body is not of this resource",
        ["[]"] = "its body is not of this resource",
        [(RESOURCE:format(""):gsub('"v"', '"w"'))] = "its body is not of this resource",
        [(RESOURCE:format(""):gsub("{}", "null"))] = "its body does not say who has which role",
      } do
        local verdict = judge({ body = body }, "get")
        assert.are.same({ "unconfirmed", "resend" }, { verdict.outcome, verdict.action }, body)
        assert.matches("the server answered 200, but " .. why, verdict.message, 1, true)
      end
    end)

    it("for a get, an object that is cut, no text, too deep, or an error", function()
      for body, why in pairs {
        ['{"a":1'] = "its body is not JSON",
        ['{"a":NaN}'] = "its body is not JSON",
        [('{"a":'):rep(64) .. "{}" .. ("}"):rep(64)] = "its body is nested more than 64 deep",
        ['{"detail":"no"}'] = "its body is an error",
        [RESOURCE:format ',"status":"failed"'] = "its body is an error",
        [RESOURCE:format ',"resource_id":"v"'] = "its body gives a name twice",
      } do
        local verdict = judge({ body = body }, "get")
        assert.are.equal("unconfirmed", verdict.outcome, body)
        assert.matches("the server answered 200, but " .. why, verdict.message, 1, true)
      end
      local verdict = judge({ body = '{"a":"\255"}' }, "get")
      assert.matches("not valid UTF-8 text", verdict.message, 1, true)
    end)

    it("for a list, anything but an object or an array, and it quotes nothing", function()
      for body, why in pairs {
        ["null"] = "its body is neither an object nor an array",
        ['"secret"'] = "its body is neither an object nor an array",
        ["1"] = "its body is neither an object nor an array",
        [""] = "its body is empty",
        ['{"voices":[],"error":"secret"}'] = "its body is an error",
        ['{"voices":[],"voices":[]}'] = "its body gives a name twice",
        ['[{"a":"secret"}'] = "its body is not JSON",
        ["<p>secret</p>"] = "its body is not JSON",
        ['{"detail":"secret"}'] = "its body is an error",
      } do
        local verdict = judge({ body = body }, "list")
        assert.are.equal("unconfirmed", verdict.outcome, body)
        assert.are.equal("the server answered 200, but " .. why, verdict.message)
        assert.is_nil(verdict.details)
      end
      assert.are.same({ { 1 } }, { judge({ body = "[1]" }, "list").body })
      assert.are.equal("confirmed", judge({ body = '{"a":[]}', whole = false }, "list").outcome)
      local refused = judge({ status = 403, body = '{"detail":"no access"}' }, "list")
      assert.matches("no access", refused.message)
    end)

    it("and an error's body is read as strictly: no NaN, and 64 deep at most", function()
      local form = '{"detail":{"code":"c","x":%s}}'
      for value, code in pairs {
        ["1"] = "c",
        ["NaN"] = false,
        [("["):rep(62) .. ("]"):rep(62)] = "c",
        [("["):rep(63) .. ("]"):rep(63)] = false,
      } do
        local verdict = judge({ status = 422, body = form:format(value) }, "get")
        assert.are.equal(code, verdict.code or false, value)
      end
    end)

    it("for a list, an object in place of an array, or the other way round", function()
      local function judge_page(body, args)
        local verdict = outcome.judge("list", evidences.new("list", { body = body }), same, args)
        return verdict.outcome or verdict.class, verdict.message
      end
      local VOICES = { shape = "array", member = "voices" }
      for _, case in ipairs {
        { '{"voices":[]}', VOICES },
        { '{"a":{},"voices":[],"b":{}}', VOICES },
        { '{"voices":[{}]}', VOICES },
        { '{"others":[]}', VOICES }, -- that there are no voices is seen elsewhere
        { "[]", { shape = "array" } },
        { "{}", { shape = "object" } },
        { "{}", {} },
        { '{"voices":{}}', VOICES, "its voices is no array" },
        { '{"voic\\u0065s": { } }', VOICES, "its voices is no array" },
        { '{"a":[],"voices":{},"b":[]}', VOICES, "its voices is no array" },
        { "{}", { shape = "array" }, "its body is no array" },
        { "[]", { shape = "object" }, "its body is no object" },
      } do
        local became, message = judge_page(case[1], case[2])
        assert.are.equal(case[3] and "unconfirmed" or "confirmed", became, case[1])
        assert.are.equal(case[3] and "the server answered 200, but " .. case[3], message)
      end
    end)

    it("for a read, what the core takes and lua-cjson does not", function()
      for _, op in ipairs { "get", "list" } do
        local made = evidences.new(op, { body = "{" })
        made.proof = true
        local message = outcome.judge(op, made, same, ITEM).message
        assert.matches("its body is not JSON", message, 1, true)
      end
    end)

    it("for a get, what the rule for changes refuses, and nothing more", function()
      for more, expected in pairs {
        [',"status":"error"'] = "unconfirmed",
        [',"message":"m"'] = "unconfirmed",
        [',"error":"x"'] = "unconfirmed",
        [',"detail":null,"success":true'] = "confirmed",
        [',"share_options":[{"error":"x"}]'] = "confirmed",
      } do
        local body = RESOURCE:format(more)
        assert.are.equal(expected, judge({ body = body }, "get").outcome, body)
      end
    end)
  end)

  -- status, outcome, kind, action
  local by_status = {
    { 201, "unconfirmed", "untrusted_response", "none" },
    { 204, "unconfirmed", "untrusted_response", "none" },
    { 101, "unconfirmed", "untrusted_response", "none" },
    { 300, "unconfirmed", "untrusted_response", "none" },
    { 301, "unconfirmed", "untrusted_response", "stop" },
    { 302, "unconfirmed", "untrusted_response", "stop" },
    { 303, "unconfirmed", "untrusted_response", "stop" },
    { 304, "unconfirmed", "untrusted_response", "none" },
    { 307, "unconfirmed", "untrusted_response", "stop" },
    { 308, "unconfirmed", "untrusted_response", "stop" },
    { 400, "refused", "invalid_request", "none" },
    { 401, "refused", "authentication", "probe" },
    { 402, "refused", "payment_required", "stop" },
    { 403, "refused", "permission", "none" },
    { 404, "refused", "not_found", "none" },
    { 405, "refused", "invalid_request", "none" },
    { 408, "refused", "timeout", "pause" },
    { 409, "refused", "conflict", "retry" },
    { 410, "refused", "invalid_request", "none" },
    { 413, "refused", "invalid_request", "none" },
    { 418, "refused", "invalid_request", "none" },
    { 422, "refused", "unprocessable", "none" },
    { 425, "refused", "rate_limited", "pause" },
    { 429, "refused", "rate_limited", "pause" },
    { 500, "unconfirmed", "server", "resend" },
    { 502, "unconfirmed", "server", "resend" },
    { 503, "unconfirmed", "server", "retry" },
    { 504, "unconfirmed", "server", "resend" },
    { 600, "unconfirmed", "untrusted_response", "none" },
    { 999, "unconfirmed", "untrusted_response", "none" },
  }
  for _, row in ipairs(by_status) do
    it(("says %s, %s, %s of %d"):format(row[2], row[3], row[4], row[1]), function()
      for _, body in ipairs { "", "<html>", '{"status":"ok"}' } do
        local verdict = judge { status = row[1], body = body }
        assert.are.same(
          { row[2], row[3], row[4], row[1] },
          { verdict.outcome, verdict.kind, verdict.action, verdict.status }
        )
      end
    end)
  end

  -- curl_code, outcome when nothing was sent, kind, action
  local unsent = {
    { 6, "network", "retry" },
    { 7, "network", "retry" },
    { 28, "timeout", "retry" },
    { 35, "tls", "retry" },
    { 56, "network", "retry" },
    { 60, "tls", "stop" },
    { 77, "tls", "stop" },
    { 27, "out_of_memory", "none" },
  }
  it("tells of a proxy in its own words: libcurl's may quote its password", function()
    local verdict = judge { sent = false, curl_code = 5, status = 0, message = "http://u:p@h" }
    assert.matches("the proxy cannot be used", verdict.message)
    verdict = judge { sent = false, curl_code = 56, proxy_status = 407, status = 0, message = "x" }
    assert.are.same({ "not_sent", "network", "stop" },
      { verdict.outcome, verdict.kind, verdict.action })
    assert.matches("the proxy cannot be used", verdict.message)
  end)

  it("calls a refusal ambiguous that answers a repetition", function()
    assert.is_true(judge({ status = 404, resent = true }).ambiguous)
    assert.is_nil(judge({ status = 404, resent = false }).ambiguous)
    assert.is_nil(judge({ status = 500, resent = true }).ambiguous)
  end)

  it("cuts no secret in two", function()
    local mask = secrets.masker { "sk_secret" }
    local message = ("x"):rep(497) .. "sk_secret"
    local verdict =
      judge({ status = 400, body = cjson.encode { detail = { message = message } } }, nil, mask)
    assert.are.equal(("x"):rep(497) .. "[se", verdict.message)
  end)

  it("finds a secret that the body hides in an escape", function()
    local mask = secrets.masker { "sk_secret" }
    local body = '{"detail":{"message":"sk_\\u0073ecret","sk_\\u0073ecret":1}}'
    local verdict = judge({ status = 400, body = body }, nil, mask)
    assert.are.equal("[secret]", verdict.message)
    assert.are.equal(1, verdict.details["[secret]"])
    verdict = judge({ body = '{"sk_secr\\u0065t":"sk_secret"}' }, nil, mask)
    assert.are.same({ ["[secret]"] = "[secret]" }, verdict.body)
  end)

  it("judges what the server said, not what a secret leaves of it", function()
    for _, key in ipairs { "t", "detail" } do
      local mask = secrets.masker { key }
      assert.are.equal("unconfirmed", judge({ body = '{"detail":"no"}' }, nil, mask).outcome)
    end
    local mask = secrets.masker { "invalid" }
    local body = '{"detail":{"status":"invalid_api_key","message":"m"}}'
    local verdict = judge({ status = 400, body = body }, nil, mask)
    assert.are.same({ "authentication", "[secret]_api_key" }, { verdict.kind, verdict.code })
  end)

  it("cuts no character in two", function()
    local message = ("x"):rep(499) .. "\195\164"
    local verdict = judge { status = 400, body = cjson.encode { detail = { message = message } } }
    assert.are.equal(("x"):rep(499), verdict.message)
  end)

  for _, row in ipairs(unsent) do
    it(("says not_sent, %s, %s of error %d"):format(row[2], row[3], row[1]), function()
      local verdict = judge { sent = false, curl_code = row[1], status = 0, message = "why" }
      assert.are.same(
        { "not_sent", row[2], row[3], "why" },
        { verdict.outcome, verdict.kind, verdict.action, verdict.message }
      )
    end)
  end

  it("case 45: says what is known if libcurl gave up repeating", function()
    local verdict = judge {
      curl_code = 55,
      status = 0,
      body = "",
      message = "Connection died, tried 5 times before giving up",
    }
    assert.are.same({ "unconfirmed", "network" }, { verdict.outcome, verdict.kind })
    assert.are.equal(
      "the server closed each connection, or refused each request, without an answer"
        .. " (libcurl tried 5 times): the request may have been received",
      verdict.message
    )
  end)

  it("calls what we ended ourselves by its reason", function()
    local aborted = { curl_code = 42, status = 0, stopped = "cancelled", message = "cancelled" }
    assert.are.equal("cancelled", judge(aborted).kind)
    assert.are.equal("unconfirmed", judge(aborted).outcome)
    aborted.sent = false
    assert.are.equal("not_sent", judge(aborted).outcome)
    assert.are.equal("confirmed", judge({ stopped = "cancelled" }).outcome)
    assert.are.equal("not_found", judge({ stopped = "cancelled", status = 404 }).kind)
  end)

  describe("reads the error body", function()
    it("of today", function()
      local verdict = judge {
        status = 403,
        body = cjson.encode {
          detail = {
            type = "authorization_error",
            code = "no_admin",
            message = "You need admin access",
            status = "older_name",
            request_id = "from-body",
            param = "resource_id",
          },
        },
      }
      assert.are.equal("no_admin", verdict.code)
      assert.are.equal("You need admin access", verdict.message)
      assert.are.equal("from-body", verdict.request_id)
      assert.are.equal("resource_id", verdict.field)
      assert.are.equal("authorization_error", verdict.details.type)
    end)

    it("of older servers, with status for code", function()
      local verdict = judge {
        status = 401,
        body = '{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}',
      }
      assert.are.equal("invalid_api_key", verdict.code)
      assert.are.equal("Invalid API key", verdict.message)
    end)

    it("of a 422, with every field", function()
      local verdict = judge {
        status = 422,
        body = cjson.encode {
          detail = {
            { loc = { "body", "user_email" }, msg = "field required", type = "missing" },
            { loc = { "body", "group_id", 0 }, msg = "not a string", type = "string_type" },
          },
        },
      }
      assert.are.equal("user_email", verdict.field)
      assert.are.equal("user_email: field required; group_id: not a string", verdict.message)
      assert.are.equal(2, #verdict.details)
    end)

    it("that is a text", function()
      local verdict = judge { status = 404, body = '{"detail":"Not Found"}' }
      assert.are.equal("Not Found", verdict.message)
      assert.are.equal("Not Found", verdict.details)
    end)

    it("that is empty", function()
      local verdict = judge { status = 502, body = "" }
      assert.are.equal("the server answered 502", verdict.message)
      assert.is_nil(verdict.details)
      assert.is_nil(verdict.code)
    end)

    it("of another service", function()
      local body = '{"error":{"message":"no","code":"c"}}'
      local verdict = judge { status = 400, body = body }
      assert.are.same({ "no", "c", nil }, { verdict.message, verdict.code, verdict.from_service })
      assert.are.same({ message = "no", code = "c" }, verdict.details)
      verdict = judge { body = '{"error":"no"}' }
      assert.are.equal("the server answered 200, but its body is an error: no", verdict.message)
    end)

    it("of another service, whose code decides nothing", function()
      local body = '{"error":{"message":"no","code":"invalid_api_key"}}'
      assert.are.equal("unconfirmed", judge({ status = 500, body = body }).outcome)
      assert.are.equal("invalid_request", judge({ status = 400, body = body }).kind)
    end)

    it("with a byte order mark", function()
      local body = '\239\187\191{"detail":{"status":"invalid_api_key","message":"m"}}'
      local verdict = judge { status = 400, body = body }
      assert.are.same({ "authentication", "m", "invalid_api_key" },
        { verdict.kind, verdict.message, verdict.code })
      assert.are.equal("unconfirmed", judge({ body = "\239\187\191{}" }).outcome)
      assert.are.equal("unconfirmed", judge({ body = "\239\187\191{}" }, "get").outcome)
    end)

    it("that is text, with its beginning", function()
      local verdict = judge { status = 503, body = "no healthy upstream" }
      assert.are.equal("the server answered 503: no healthy upstream", verdict.message)
      assert.is_nil(verdict.from_service)
      verdict = judge { status = 400, body = "no\27[2J" }
      assert.are.equal("the server answered 400: no\\x1B[2J", verdict.message)
      verdict = judge { status = 400, body = '{"detail":"\255"}' }
      assert.are.equal('the server answered 400: {"detail":"\\xFF"}', verdict.message)
    end)

    it("that is a web page, which is not the service's", function()
      local body = "<html><title>Access denied</title>"
      local message = "the answer is a web page, not the service's: \"Access denied\""
      for status, kind in pairs {
        [401] = "authentication", [403] = "permission", [404] = "not_found", [502] = "server",
      } do
        local verdict = judge { status = status, body = body }
        assert.are.same({ kind, message, false, nil },
          { verdict.kind, verdict.message, verdict.from_service, verdict.details })
      end
      for _, op in ipairs { "unshare", "get" } do
        local verdict = judge({ body = body }, op)
        assert.are.equal("the server answered 200, but " .. message, verdict.message)
        assert.is_false(verdict.from_service)
      end
    end)

    it("but of no redirect, and not of a part", function()
      local verdict = judge { status = 302, body = "<html>Moved" }
      assert.are.equal("the server answered with a redirect, which is never followed",
        verdict.message)
      assert.is_nil(verdict.from_service)
      verdict = judge { status = 403, body = "<html>x", curl_code = 18, message = "cut" }
      assert.are.equal("cut", verdict.message)
      verdict = judge { status = 403, body = "<html>x", head_ended = false }
      assert.are.equal("the answer ended inside its headers", verdict.message)
    end)

    it("of shapes that nobody published, without failing", function()
      for _, body in ipairs {
        '{"detail":[]}',
        '{"detail":[1,null,"x",{"loc":"x","msg":3}]}',
        '{"detail":{"message":{"a":1},"code":[1],"status":true}}',
        '{"detail":7}',
        '{"detail":[[[]]]}',
        "[]",
        "7",
      } do
        local verdict = judge { status = 400, body = body }
        assert.are.equal("refused", verdict.outcome, body)
        assert.is_string(verdict.message)
      end
    end)

    it("and prefers the request-id header", function()
      local verdict = judge {
        status = 404,
        headers = { ["request-id"] = "from-header" },
        body = '{"detail":{"request_id":"from-body"}}',
      }
      assert.are.equal("from-header", verdict.request_id)
    end)
  end)

  describe("classifies by the body's code first:", function()
    local function by_code(status, code, type_)
      return judge {
        status = status,
        body = cjson.encode { detail = { code = code, type = type_, message = "m" } },
      }
    end

    it("a wrong key, also as 400 or 500", function()
      for _, status in ipairs { 400, 401, 403, 500 } do
        local verdict = by_code(status, "invalid_api_key")
        assert.are.same({ "refused", "authentication" }, { verdict.outcome, verdict.kind })
      end
    end)

    it("a key without the permission, also as 401", function()
      assert.are.equal("permission", by_code(401, "missing_permissions").kind)
    end)

    it("throttling, but not of a failing server", function()
      assert.are.equal("rate_limited", by_code(400, "concurrent_limit_exceeded").kind)
      assert.are.equal("rate_limited", by_code(400, "too_many_concurrent_requests").kind)
      assert.are.equal("server", by_code(503, "system_busy").kind)
    end)

    it("then the status, then the type", function()
      assert.are.equal("not_found", by_code(404, "x", "authorization_error").kind)
      assert.are.equal("permission", by_code(400, "x", "authorization_error").kind)
    end)
  end)

  it("takes any answer to connect for a connection", function()
    assert.are.equal("confirmed", judge({ status = 404 }, "connect").outcome)
    assert.are.equal("confirmed", judge({ status = 500, whole = false }, "connect").outcome)
    local cut = judge({ curl_code = 42, stopped = "cancelled" }, "connect")
    assert.are.same({ "confirmed", "done", nil }, { cut.outcome, cut.action, cut.kind })
    local refused = judge({ status = 0, sent = false, curl_code = 7 }, "connect")
    assert.are.equal("not_sent", refused.outcome)
  end)

  it("would never send a share again that may have been applied", function()
    assert.is_true(outcome.may_retry("unshare", "resend"))
    assert.is_true(outcome.may_retry("get", "resend"))
    assert.is_false(outcome.may_retry("share", "resend"))
    assert.is_true(outcome.may_retry("share", "retry"))
    assert.is_false(outcome.may_retry("unshare", "none"))
    assert.is_false(outcome.may_retry("unshare", "stop"))
  end)
end)
