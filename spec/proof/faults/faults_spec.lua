-- The table of faults, and what it cannot say in a row.

local faults = require "spec.proof.faults.table"
local h2 = require "spec.support.servers.h2"
local raw = require "spec.support.servers.raw"

local SHARE = {
  resource_id = "id1",
  resource_type = "voice",
  user_email = "a@example.com",
  role = "viewer",
}
local GOOD = raw.answer(200, '{"status":"ok"}')

describe("fault", function()
  for _, fault in ipairs(faults.list) do
    it(("%d %s, %s: %s"):format(fault.number, fault.by.name, fault.name, fault.expected), function()
      local seen, kind = fault.run(fault.by)
      assert.is_true(faults.holds(fault, seen, kind), seen .. " " .. tostring(kind))
    end)
  end
end)

describe("a refusal", function()
  it("is ambiguous where libcurl had sent the request before", function()
    local args = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
    local server = raw.start {
      { raw.read, GOOD, raw.read, raw.fin },
      { raw.read, raw.answer(404, '{"detail":"Not Found"}'), raw.hold },
    }
    local client = server:client()
    assert.are.equal("confirmed", client:unshare(args).outcome)
    local _, err = client:unshare(args)
    assert.are.same({ "refused", true }, { err.outcome, err.ambiguous })
    client:close()
    server:stop()
  end)
end)

describe("an error", function()
  local ARGS = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }

  it("says what is known if libcurl gave up repeating", function()
    local server = h2.start { { { h2.rst(h2.REFUSED_STREAM) } } }
    local client = server:client()
    local _, err = client:unshare(ARGS)
    assert.are.same({ "unconfirmed", "network" }, { err.outcome, err.kind })
    assert.matches("the request may have been received", err.message, 1, true)
    client:close()
    server:stop()
  end)

  it("of a firewall is marked, and never shows the key", function()
    local page = ("<title>Denied %s</title>"):format(raw.KEY:gsub("_", "&#95;"))
    local server = raw.start { { raw.read, raw.answer(403, page), raw.hold } }
    local client = server:client()
    local _, err = client:unshare(ARGS)
    assert.are.same({ "refused", "permission", false },
      { err.outcome, err.kind, err.from_service })
    assert.are.equal(
      "the answer is a web page, not the service's: \"Denied [secret]\"",
      err.message
    )
    client:close()
    server:stop()
  end)
end)

describe("a get", function()
  it("is unconfirmed if the body is no text", function()
    local server = raw.start { { raw.read, raw.answer(200, '{"a":"\255"}'), raw.hold } }
    local client = server:client()
    local _, err = client:get { resource_id = "id1", resource_type = "voice" }
    assert.are.same({ "unconfirmed", "untrusted_response" }, { err.outcome, err.kind })
    client:close()
    server:stop()
  end)
end)

describe("a share", function()
  it("uses no connection that may have died: over HTTP/1.1 one of its own", function()
    local server = raw.start {
      { raw.read, GOOD, raw.read, raw.fin },
      { raw.read, GOOD, raw.hold },
    }
    local client = server:client()
    assert.are.equal("confirmed", client:share(SHARE).outcome)
    assert.are.equal("confirmed", client:share(SHARE).outcome)
    assert.are.equal(2, client:stats().connections)
    client:close()
    server:stop()
  end)

  for name, steps in pairs {
    ["whose stream is refused"] = { h2.rst(h2.REFUSED_STREAM) },
    ["whose reused connection ends"] = { h2.fin },
  } do
    it("is never sent twice: one " .. name .. " is unconfirmed", function()
      local good = { h2.answer(200, "{}") }
      local server = h2.start { { good, steps }, { good } }
      local client = server:client()
      assert.are.equal("confirmed", client:share(SHARE).outcome)
      local _, err = client:share(SHARE)
      assert.are.same({ "unconfirmed", false }, { err.outcome, err.retryable })
      client:close()
      assert.are.equal(2, #server:stop())
    end)
  end
end)
