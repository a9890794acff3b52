local fake = require "elevenlabs.workspace.sandbox.fake"
local workspace = require "elevenlabs.workspace"

local function new(options)
  local all = { api_key = "sk_1" }
  for name, value in pairs(options) do
    all[name] = value
  end
  return workspace.new(all)
end

local ARGS = { resource_id = "voice_narrator", resource_type = "voice" }
local MIA = {
  resource_id = "voice_narrator",
  resource_type = "voice",
  user_email = "mia@example.com",
}

describe("client", function()
  it("raises where the options are no table", function()
    assert.has_error(function()
      workspace.new "key"
    end, "workspace.new takes a table of options, got string")
  end)

  it("raises on a wrong kind of argument", function()
    local client = fake.new()
    for _, op in ipairs { "unshare", "share", "get" } do
      assert.has_error(function()
        client[op](client, "voice")
      end, op .. " takes a table of arguments, got string")
      assert.has_error(function()
        client[op](client, MIA, 300)
      end, op .. " takes a table of options, got number")
    end
    assert.has_error(function()
      client:start("delete", {})
    end, "the operation must be unshare, share, get or connect")
  end)

  it("case 29: says that a method takes a colon", function()
    local client = fake.new()
    local function says(message, f, ...)
      local ok, why = pcall(f, ...)
      assert.is_false(ok)
      assert.matches("call it with a " .. message, why, 1, true)
      assert.matches("client_spec.lua:%d", why) -- the line that calls it
    end
    for _, op in ipairs { "unshare", "share", "get" } do
      says("colon: client:" .. op .. "{...}", function()
        client[op](MIA)
      end)
      says("dot: workspace." .. op .. "{...}", function()
        workspace[op](workspace, MIA)
      end)
    end
    says("dot: workspace.new{...}", function()
      workspace:new {}
    end)
    for _, name in ipairs { "start", "start_many", "unshare_many", "share_many", "step" } do
      says(("colon: client:%s(...)"):format(name), function()
        client[name]({}, {})
      end)
    end
    for _, name in ipairs { "connect", "pollfd", "timeout_ms", "stats", "close" } do
      says(("colon: client:%s()"):format(name), function()
        client[name]()
      end)
    end
    local call, run = client:start("get", ARGS), client:start_many("unshare", { MIA })
    for _, name in ipairs { "done", "result", "cancel" } do
      says(("colon: call:%s()"):format(name), function()
        call[name]()
      end)
      says(("colon: run:%s()"):format(name), function()
        run[name]()
      end)
    end
  end)

  it("shows its key nowhere in itself or its calls", function()
    local client = assert(new { api_key = "sk_hidden_key", base_url = "https://127.0.0.1:1" })
    local call = client:start("unshare", MIA)
    client:step(0)
    local seen = {}
    local function search(value)
      if type(value) == "string" then
        assert.is_nil(value:find("sk_hidden_key", 1, true))
      elseif type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in next, value do
          search(k)
          search(v)
        end
      end
    end
    search(client)
    search(call)
    search(tostring(client))
    client:close()
  end)

  it("counts", function()
    local client = fake.new()
    assert(client:unshare(MIA))
    client:get { resource_id = "nothing", resource_type = "voice" }
    client:unshare {}
    client:start("get", ARGS)
    local stats = client:stats()
    assert.are.same(
      { 4, 1, 0, 1, 1, 0, 1 }, -- refused arguments count as not_sent
      {
        stats.calls,
        stats.waiting,
        stats.in_flight,
        stats.confirmed,
        stats.refused,
        stats.unconfirmed,
        stats.not_sent,
      }
    )
  end)

  it("takes options for one call", function()
    local client = fake.new()
    assert(client:unshare(MIA, { deadline_ms = 1000, max_attempts = 1 }))
    assert(client:get(ARGS, {}))
    for _, op in ipairs { "unshare", "share", "get" } do
      local result, err = client[op](client, MIA, { deadline = 1000 })
      assert.is_nil(result)
      assert.are.same({ "not_sent", "deadline" }, { err.outcome, err.field })
      assert.matches("did you mean deadline_ms?", err.message, 1, true)
    end
    assert.are.equal(6, select(2, client:start("get", ARGS, { dry = 1 })).call)
    assert.are.same({ 2, 4 }, { client:stats().confirmed, client:stats().not_sent })
  end)

  it("hands the options on to the call", function()
    local client = fake.new()
    local call = client:start("get", ARGS, { deadline_ms = 1000, max_attempts = 7 })
    assert.are.same({ 1000, 7 }, { call.deadline.length_ms, call.max_attempts })
  end)

  it("checks a call in a dry run, sends nothing and makes no connection", function()
    local client = assert(new { base_url = "https://127.0.0.1:1" })
    local dry = { dry_run = true }
    assert.is_true(client:unshare(MIA, dry))
    assert.is_true(client:get(ARGS, dry))
    assert.is_true(client:start("get", ARGS, dry))
    local ok, err = client:share(MIA, dry)
    assert.are.same({ "nil", "role", "not_sent" }, { tostring(ok), err.field, err.outcome })
    assert.is_nil(err.call)
    assert.are.same({ 0, 0, 0 },
      { client:stats().calls, client:stats().attempts, client:stats().connections })
    client:close()
    assert.are.equal("closed", select(2, client:unshare(MIA, dry)).kind)
  end)

  it("refuses calls once closed, and closes twice", function()
    local client = assert(new { base_url = "https://127.0.0.1:1" })
    client:close()
    client:close()
    for _, op in ipairs { "unshare", "get" } do
      local _, err = client[op](client, op == "get" and ARGS or MIA)
      assert.are.same({ "closed", "not_sent" }, { err.kind, err.outcome })
    end
    assert.are.equal("closed", select(2, client:connect()).kind)
    assert.are.equal(0, client:step(0))
    assert.is_nil(client:pollfd())
    assert.is_nil(client:timeout_ms())
    assert.are.equal(0, client:stats().in_flight)
  end)

  it("warns of a target that looks like a secret key", function()
    local client = fake.new()
    local args = { resource_id = "x", resource_type = "voice", workspace_api_key_id = "sk_abc" }
    local _, err = client:unshare(args)
    assert.matches("looks like a secret key", err.warning)
    for _, id in ipairs { "key_deploy", "sk_" } do
      args.workspace_api_key_id = id
      assert.is_nil(select(2, client:unshare(args)).warning)
    end
  end)

  it("refuses a target that is its own key", function()
    local client = assert(new { api_key = "sk_abc", base_url = "https://127.0.0.1:1" })
    local args = { resource_id = "x", resource_type = "voice", workspace_api_key_id = "sk_abc" }
    local _, err = client:unshare(args)
    assert.are.same({ "workspace_api_key_id", "not_sent" }, { err.field, err.outcome })
    assert.is_nil(err.message:find("sk_abc", 1, true))
    client:close()
  end)
end)
