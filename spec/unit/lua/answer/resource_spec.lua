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

  it("shows no control character of the server's", function()
    local evil = resources.new {
      resource_type = "voice",
      resource_id = "v\27[2J\226\128\174",
      role_to_group_ids = { ["r\27"] = { "\27[2J" } },
    }
    assert.are.equal("voice v [2J\\u{202E}: r  [ [2J]", tostring(evil))
  end)

  describe("is doubted", function()
    local asked = { resource_id = "v", resource_type = "voice" }

    local function doubt(roles, id, type_)
      local body = '{"resource_id":"%s","resource_type":"%s","role_to_group_ids":%s}'
      body = body:format(id or "v", type_ or "voice", roles)
      return resources.doubt(cjson.decode(body), asked, body)
    end

    it("if the answer is of another resource, or of none", function()
      local why = "its body is not of this resource"
      assert.are.equal(why, doubt("{}", "w"))
      assert.are.equal(why, doubt("{}", "v", "songs"))
      assert.are.equal(why, resources.doubt({}, asked))
      assert.are.equal(why, resources.doubt({ error = "no" }, asked))
    end)

    it("if the answer does not say who has which role", function()
      local why = "its body does not say who has which role"
      assert.are.equal(why, resources.doubt(asked, asked))
      for _, roles in ipairs {
        "[]",
        " [ ] ",
        '{"admin":{}}',
        '{"admin":["a"],"editor":[],"viewer":{ }}',
        "null",
        "1",
        '"none"',
        '[["a"]]',
        '{"admin":null}',
        '{"admin":"user_mia"}',
        '{"admin":[{"id":"user_mia"}]}',
        '{"admin":["user_ada",7]}',
        '{"admin":["user_ada",null]}',
        '{"admin":{"id":"user_mia"}}',
      } do
        assert.are.equal(why, doubt(roles), roles)
      end
    end)

    it("in no other case: any role may have anybody, or nobody", function()
      for _, roles in ipairs { "{}", '{"admin":[]}', '{"role_night":["a","b"],"admin":["c"]}' } do
        assert.is_nil(doubt(roles), roles)
      end
    end)
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
