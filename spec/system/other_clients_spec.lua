-- What other clients of this API get wrong, each as a behaviour that this one must not
-- have. The versions are those in which the defect was seen.

local raw = require "spec.support.servers.raw"

local ARGS = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }

local function with(changes)
  local all = {}
  for name, value in pairs(ARGS) do
    all[name] = value
  end
  for name, value in pairs(changes) do
    all[name] = value
  end
  return all
end

--- What becomes of a call where the server answers so; and what the server saw.
local function unshare(answer, options, args)
  local server = raw.start { { raw.read, answer, raw.hold } }
  local client = server:client(options)
  local receipt, err = client:unshare(args or ARGS)
  client:close()
  local seen = server:received(1)[1]
  server:stop()
  return receipt, err, seen
end

--- Refused here: the server never hears of it.
local function refused(args)
  local server = raw.start { { raw.read, raw.answer(200, "{}"), raw.hold } }
  local client = server:client()
  local receipt, err = client:unshare(args)
  client:close()
  assert.is_nil(receipt)
  assert.are.same({}, server:stop())
  return err
end

describe("unlike the Python SDK 2.59, this client", function()
  for status, outcome in pairs { [401] = "refused", [403] = "refused", [502] = "unconfirmed" } do
    it(("takes an empty %d for no removal"):format(status), function()
      local receipt, err = unshare(raw.answer(status, ""))
      assert.is_nil(receipt)
      assert.are.same({ outcome, status }, { err.outcome, err.status })
    end)
  end

  it("shows the key in no error and no event, though the server repeats it", function()
    local events = {}
    local body = ('{"detail":{"message":"bad key %s","code":"%s"}}'):format(raw.KEY, raw.KEY)
    local _, err = unshare(raw.answer(401, body), {
      on_event = function(event)
        for _, value in pairs(event) do
          events[#events + 1] = tostring(value)
        end
      end,
    })
    assert.are.equal("bad key [secret]", err.message)
    assert.is_nil((tostring(err) .. table.concat(events)):find(raw.KEY, 1, true))
  end)

  it("puts no resource id into the URL raw", function()
    local args = with { resource_id = "a?b#c\\d" }
    local _, _, seen = unshare(raw.answer(200, "{}"), nil, args)
    assert.matches("^POST /v1/workspace/resources/a%%3[Ff]b%%23c%%5[Cc]d/unshare HTTP", seen)
  end)

  it("is not upset by a Retry-After in whatever form", function()
    for _, header in ipairs { "retry-after-ms: soon", "retry-after: 1e400", "retry-after: -5" } do
      local _, err = unshare(raw.answer(429, "", header .. "\r\n"))
      assert.are.same({ "refused", "rate_limited", true }, { err.outcome, err.kind, err.retryable })
    end
  end)
end)

describe("unlike the JavaScript SDK 2.73, this client", function()
  for _, status in ipairs { 302, 307 } do
    it(("takes its key to no other origin by a %d"):format(status), function()
      local other = raw.start { { raw.read, raw.answer(200, "{}"), raw.hold } }
      local receipt, err = unshare(raw.redirect(status, other.base_url .. "/x"))
      assert.is_nil(receipt)
      assert.are.same({ "unconfirmed", status }, { err.outcome, err.status })
      assert.are.same({}, other:stop())
    end)
  end

  it("takes an HTML page with status 200 for no removal", function()
    local receipt, err = unshare(raw.answer(200, "<html>Welcome</html>"))
    assert.is_nil(receipt)
    assert.are.equal("unconfirmed", err.outcome)
  end)

  it("posts to no other path for the ids `..` and the empty string", function()
    assert.are.equal("resource_id", refused(with { resource_id = ".." }).field)
    assert.are.equal("resource_id", refused(with { resource_id = "" }).field)
  end)

  it("sends neither no target nor two", function()
    assert.are.equal("user_email", refused({ resource_id = "x", resource_type = "voice" }).field)
    assert.are.equal("group_id", refused(with { group_id = "default" }).field)
  end)

  it("says that a network error may be tried again", function()
    local _, err = unshare(raw.rst)
    assert.are.same({ "network", true }, { err.kind, err.retryable })
  end)
end)

describe("unlike other clients, this one", function()
  it("sends no group_email, as a Rust one does", function()
    local err = refused { resource_id = "x", resource_type = "voice", group_email = "g@x.org" }
    assert.are.equal("group_email", err.field)
  end)

  it("sends no email, as a Terraform provider does", function()
    local err = refused { resource_id = "x", resource_type = "voice", email = "a@example.com" }
    assert.are.equal("email", err.field)
    assert.matches("did you mean user_email", err.message)
  end)

  it("keeps an error body's parts apart, where a Ruby one dumps its text", function()
    local detail = '{"detail":{"type":"not_found","code":"c","message":"No such voice."}}'
    local _, err = unshare(raw.answer(404, detail))
    assert.are.same({ "No such voice.", "c" }, { err.message, err.code })
    _, err = unshare(raw.answer(404, "<html>" .. ("x"):rep(10000) .. "</html>"))
    assert.is_true(#err.message < 300 and err.from_service == false)
  end)
end)
