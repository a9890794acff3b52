local cjson = require "cjson"
local fake = require "elevenlabs.workspace.sandbox.fake"
local json = require "elevenlabs.workspace.json"
local resources = require "elevenlabs.workspace.answer.resource"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }

describe("a resource", function()
  it("case 31: is what a person can read", function()
    local resource = assert(fake.new():get(VOICE))
    local text = tostring(resource)
    assert.matches('^voice voice_narrator "[^"]+", created by user_ada: ', text)
    assert.matches("admin [user_ada", text, 1, true)
    assert.matches("user_mia", text, 1, true)
    assert.are.equal("resource: " .. text, "resource: " .. resource)
    assert.are.equal(text .. "!", resource .. "!")
  end)

  it("case 31: names roles by their power, with [] for a list without anybody", function()
    local resource = resources.new {
      resource_type = "voice",
      resource_id = "v",
      resource_name = cjson.null,
      creator_user_id = cjson.null,
      anonymous_access_level_override = "viewer",
      role_to_group_ids = { viewer = {}, owner = { "o" }, admin = { "a", "b" }, editor = {} },
    }
    assert.are.equal(
      "voice v: admin [a, b], editor [], viewer [], owner [o], anybody is viewer",
      tostring(resource)
    )
  end)

  it("reads also where the server tells little, or nonsense", function()
    assert.are.equal("nil nil: no roles", tostring(resources.new {}))
    local odd = { resource_type = 1, resource_id = {}, role_to_group_ids = { admin = "x" } }
    assert.matches("^1 table: .*: admin %[%]$", tostring(resources.new(odd)))
    local evil = resources.new { resource_type = "voice", resource_id = "v\27[2J\226\128\174" }
    assert.are.equal("voice v [2J\\u{202E}: no roles", tostring(evil))
    odd = resources.new { resource_type = "voice", resource_id = "v", role_to_group_ids = { "a" } }
    assert.are.equal("voice v: 1 []", tostring(odd))
  end)

  it("keeps its fields, and is encoded as it was", function()
    local client = fake.new()
    local resource = assert(client:get(VOICE))
    local again = cjson.decode(cjson.encode(resource))
    assert.are.same(again.role_to_group_ids.admin, resource.role_to_group_ids.admin)
    assert.are.equal(VOICE.resource_id, again.resource_id)
    assert.matches('"resource_id":"voice_narrator"', json.encode(resource), 1, true)
    local names = {}
    for name in pairs(resource) do
      names[#names + 1] = name
    end
    assert.are.equal(#json.sorted_keys(again), #names)
  end)

  it("case 42: is the result of a call that gets it", function()
    local client = fake.new()
    local call = client:start("get", VOICE)
    local resource, err = call:result()
    assert.is_nil(err)
    assert.are.equal("voice_narrator", resource.resource_id)
    assert.are.equal(resource, (call:result()))
    assert.are.equal(tostring(client:get(VOICE)), tostring(resource))
    local _, failure = client:start("get", { resource_id = "no", resource_type = "voice" }):result()
    assert.are.equal("not_found", failure.kind)
    assert.are.equal("confirmed", client:start("connect"):result().outcome)
    local run = client:start_many("unshare", {})
    assert.are.equal(0, run:result().total)
  end)
end)
