-- How a program that uses this library tests itself: no server, no sockets.

local fake = require "elevenlabs.workspace.sandbox.fake"

local MIA = {
  resource_id = "voice_narrator",
  resource_type = "voice",
  user_email = "mia@example.com",
}

--- The program under test.
local function take_away(client, ids)
  local failed = {}
  for _, id in ipairs(ids) do
    local args = { resource_id = id, resource_type = "voice", user_email = "mia@example.com" }
    local receipt, err = client:unshare(args)
    if not receipt then
      failed[#failed + 1] = id .. ": " .. err.kind
    end
  end
  return failed
end

describe("sandbox.fake", function()
  it("serves a program's own specs, and shows the roles afterwards", function()
    local client, model = fake.new()
    assert.are.same(
      { "voice_draft: permission", "voice_none: not_found" },
      take_away(client, { "voice_narrator", "voice_draft", "voice_none" })
    )
    assert.is_nil(model.state.resources[1].roles.user_mia)
  end)

  it("takes a state and a key", function()
    local client = fake.new {
      api_key = "sk_mine",
      state = {
        users = { { id = "u1", email = "mia@example.com" } },
        groups = {},
        service_accounts = {},
        api_keys = { sk_mine = "u2" },
        resources = {
          { id = "v", type = "voice", name = "V", creator = "u2",
            roles = { u1 = "viewer", u2 = "admin" } },
        },
      },
    }
    assert.are.same({}, take_away(client, { "v" }))
    assert.are.equal("authentication", select(2, fake.new({ api_key = "x" }):get {
      resource_id = "voice_narrator",
      resource_type = "voice",
    }).kind)
    assert.are.equal("authentication", select(2, fake.new({ api_key = false }):unshare(MIA)).kind)
  end)

  it("lists what the state holds at each step", function()
    local client, model = fake.new()
    local function voices()
      local receipt = assert(client.engine:start("list", { path = { "v2", "voices" } }):result())
      return #receipt.body.voices
    end
    assert.are.equal(3, voices())
    model.state.resources[1].type = "dubbing"
    assert.are.equal(2, voices())
  end)

  it("refuses what the real client refuses", function()
    local client = fake.new()
    local _, err = client:unshare { resource_id = "..", resource_type = "voice", group_id = "g" }
    assert.are.same({ "not_sent", "resource_id" }, { err.outcome, err.field })
    assert.has_error(function()
      fake.new { api_key = "a b" }
    end)
  end)

  it("shares, connects, cancels and closes like the real one", function()
    local client, model = fake.new()
    assert.is_true(client:connect())
    assert(client:share {
      resource_id = "voice_narrator",
      resource_type = "voice",
      group_id = "default",
      role = "viewer",
    })
    assert.are.equal("viewer", model.state.resources[1].roles.default)
    local call = client:start("unshare", MIA)
    call:cancel()
    client:step()
    assert.are.equal("not_sent", select(2, call:result()).outcome)
    assert.are.equal("editor", model.state.resources[1].roles.user_mia)
    client:close()
    assert.are.equal("closed", select(2, client:unshare(MIA)).kind)
  end)
end)
