-- Input that no request may come of. Every case is refused before anything is sent,
-- and says which field is at fault.

local cjson = require "cjson"
local raw = require "spec.support.servers.raw"
local workspace = require "elevenlabs.workspace"

local LONG = ("x"):rep(10 * 1024 * 1024)

local raising = setmetatable({}, {
  __index = function()
    error "__index ran"
  end,
  __newindex = function()
    error "__newindex ran"
  end,
  __pairs = function()
    error "__pairs ran"
  end,
  __len = function()
    error "__len ran"
  end,
  __tostring = function()
    error "__tostring ran"
  end,
})

--- Unshare arguments with changes; a change to `nil` is written ABSENT.
local ABSENT = {}
local function args(changes)
  local all = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
  for name, value in pairs(changes) do
    all[name] = value
    if value == ABSENT then
      all[name] = nil
    end
  end
  return all
end

--- A file with this text.
local function file_of(text)
  local file = assert(io.tmpfile())
  file:write(text)
  file:seek "set"
  return file
end

local FIELDS = { "resource_id", "resource_type", "user_email" }

-- name, field, changes
local cases = {
  { "no resource_id", "resource_id", { resource_id = ABSENT } },
  { "a null resource_id", "resource_id", { resource_id = cjson.null } },
  { "no resource_type", "resource_type", { resource_type = ABSENT } },
  { "no target", "user_email", { user_email = ABSENT } },
  { "a null target alone", "user_email", { user_email = cjson.null } },
  { "two targets", "group_id", { group_id = "g" } },
  { "two other targets", "workspace_api_key_id", { user_email = ABSENT, group_id = "g",
    workspace_api_key_id = "k" } },
  { "a current folder", "resource_id", { resource_id = "." } },
  { "a parent folder", "resource_id", { resource_id = ".." } },
  { "a slash", "resource_id", { resource_id = "a/b" } },
  { "a percent sign", "resource_id", { resource_id = "a%2Fb" } },
  { "an unknown type", "resource_type", { resource_type = "voise" } },
  { "a type in capitals", "resource_type", { resource_type = "VOICE" } },
  { "a type but for its last letter", "resource_type", { resource_type = "voicf" } },
  { "a role", "role", { role = "viewer" } },
  { "an unknown field", "user_mail", { user_mail = "a@example.com" } },
  { "the field of another client", "email", { email = "a@example.com" } },
  { "the field of one more client", "group_email", { group_email = "a@example.com" } },
  { "a flag that is no boolean", "allow_unknown_resource_type",
    { allow_unknown_resource_type = 1 } },
}
for _, field in ipairs(FIELDS) do
  local bad = {
    ["a number"] = 7,
    ["a fraction"] = 1.5,
    ["a boolean"] = true,
    ["false"] = false,
    ["a table"] = {},
    ["a table that raises"] = raising,
    ["a function"] = print,
    ["a coroutine"] = coroutine.create(function() end),
    ["a file"] = io.stdout,
    ["an empty string"] = "",
    ["NUL"] = "a\0b",
    ["CRLF"] = "a\r\nxi-api-key: b",
    ["a line feed"] = "a\n",
    ["an escape"] = "a\27[2J",
    ["DEL"] = "a\127",
    ["invalid UTF-8"] = "a\255",
    ["an overlong form"] = "a\192\128",
    ["513 bytes"] = ("x"):rep(513),
    ["10 MB"] = LONG,
  }
  for name, value in pairs(bad) do
    cases[#cases + 1] = { name, field, { [field] = value } }
  end
end

describe("bad input", function()
  local server, client

  setup(function()
    server = raw.start { { raw.read, raw.answer(200, "{}"), raw.hold } }
    client = server:client()
  end)

  teardown(function()
    client:close()
    assert.are.same({}, server:stop()) -- no connection was ever made
  end)

  for _, case in ipairs(cases) do
    it(("is refused: %s in %s"):format(case[1], case[2]), function()
      local receipt, err = client:unshare(args(case[3]))
      assert.is_nil(receipt)
      assert.are.equal("invalid_argument", err.kind)
      assert.are.equal("not_sent", err.outcome)
      assert.are.equal(case[2], err.field)
      assert.matches(case[2], err.message, 1, true)
      assert.is_true(#err.message < 400)
      assert.are.equal(0, err.attempts)
    end)
  end

  it("case 10: is refused with the character named, before any request", function()
    local _, err = client:unshare(args { user_email = "mia@example.com\194\160" })
    assert.are.equal("user_email holds U+00A0 NO-BREAK SPACE (character 16)", err.message)
    _, err = client:get { resource_id = "\226\128\139id", resource_type = "voice" }
    assert.are.equal("resource_id holds U+200B ZERO WIDTH SPACE (character 1)", err.message)
    _, err = client:share(args { user_email = ABSENT, group_id = "default ", role = "viewer" })
    assert.are.equal("group_id holds a space (character 8)", err.message)
    _, err = client:start("unshare", args { user_email = "mailto:mia@example.com" })
    assert.matches("user_email begins with mailto: ", err.message)
  end)

  it("is refused: a field name that is no string", function()
    for _, key in ipairs { 1, true, raising } do
      local _, err = client:unshare(args { [key] = "x" })
      assert.matches("field names must be strings", err.message)
      assert.are.equal("not_sent", err.outcome)
    end
  end)

  it("is refused: an unknown field of 10 MB", function()
    local _, err = client:unshare(args { [LONG] = "x" })
    assert.are.equal("unknown field ...", err.message)
  end)

  it("is refused for share and get by the same rules", function()
    local _, err = client:share(args {})
    assert.are.equal("role", err.field)
    _, err = client:share(args { role = "owner" })
    assert.are.equal("role", err.field)
    _, err = client:share(args { role = 3 })
    assert.are.equal("role", err.field)
    _, err = client:get(args {})
    assert.are.equal("user_email", err.field)
    _, err = client:get { resource_id = "..", resource_type = "voice" }
    assert.are.equal("resource_id", err.field)
    _, err = client:get { resource_id = "a", resource_type = "voice", role = "viewer" }
    assert.are.equal("role", err.field)
  end)

  it("runs no metamethod of the arguments", function()
    local receipt, err = client:unshare(raising)
    assert.is_nil(receipt)
    assert.are.equal("resource_id", err.field)
    local _, failure = client:unshare(setmetatable(args { user_email = ABSENT }, {
      __index = { user_email = "inherited@example.com" },
    }))
    assert.are.equal("user_email", failure.field)
  end)

  it("names the nearest field and type", function()
    local _, err = client:unshare(args { user_mail = "x" })
    assert.are.equal("unknown field user_mail: did you mean user_email?", err.message)
    _, err = client:unshare(args { resource_type = "agents" })
    assert.matches('did you mean "convai_agents"', err.message)
  end)

  it("quotes no key that was given in the wrong place", function()
    local secret = raw.KEY
    for _, changes in ipairs {
      { resource_type = secret },
      { [secret] = "x" },
      { resource_type = secret .. secret .. secret },
      { resource_id = secret },
    } do
      local _, err = client:start("unshare", args(changes))
      if err then
        assert.is_nil(tostring(err):find(secret:sub(1, 8), 1, true))
        assert.is_nil((err.field or ""):find(secret:sub(1, 8), 1, true))
      end
    end
  end)

  it("quotes no key that was given for the name of an option or a field", function()
    local secret = raw.KEY
    local _, option = workspace.new { [secret] = "x" }
    local _, region = workspace.new { api_key = secret, region = secret }
    local _, argument = workspace.items.product { [secret] = "x" }
    local _, list = client:unshare_many { [secret] = "x" }
    local _, columns = workspace.items.from_csv (file_of(secret .. ",resource_id\n"))
    local _, fields = workspace.items.from_csv(file_of "a", { [secret] = "x" })
    local lines = workspace.items.from_jsonl (file_of(('{"%s":1}\n'):format(secret)))
    local _, line = lines:next()
    for _, err in ipairs { option, region, argument, list, columns, fields, line } do
      assert.is_nil((err.message .. (err.field or "")):find(secret:sub(1, 8), 1, true))
      assert.matches("...", err.message, 1, true)
    end
  end)

  it("takes JSON's null for no option", function()
    local options = { api_key = raw.KEY, base_url = server.base_url, ca_file = server.ca_file }
    for _, name in ipairs { "region", "driver", "io", "deadline_ms", "max_attempts", "proxy",
      "max_concurrency", "user_agent", "on_event", "connect_timeout_ms" } do
      options[name] = cjson.null
    end
    local other = assert(workspace.new(options))
    local report = other:unshare_many({ {} }, { journal = cjson.null, deadline_ms = cjson.null })
    assert.are.equal(1, report.invalid)
    other:close()
  end)

  it("runs no metamethod of a list's keys", function()
    local _, err = client:unshare_many { [raising] = "x" }
    assert.are.equal("items must be an array without holes, but has a table for a key", err.message)
  end)

  it("raises where the arguments are no table", function()
    for _, wrong in ipairs { "x", 7, true, print } do
      assert.has_error(function()
        client:unshare(wrong)
      end)
    end
    assert.has_error(function()
      client:unshare()
    end)
  end)
end)
