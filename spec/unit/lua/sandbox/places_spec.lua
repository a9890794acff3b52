local places = require "elevenlabs.workspace.sandbox.places"

--- Entries that count how often somebody looks at one.
---@return table[] list, fun(): integer looks so far
local function counted(count)
  local list, looks = {}, 0
  for i = 1, count do
    list[i] = setmetatable({}, {
      __index = function(_, name)
        looks = looks + 1
        return name == "id" and "id " .. i or name == "type" and "voice" or nil
      end,
    })
  end
  return list, function()
    return looks
  end
end

local function ids(list)
  local found = {}
  for i, entry in ipairs(list) do
    found[i] = entry.id
  end
  return table.concat(found, " ")
end

describe("sandbox.places", function()
  it("finds an entry among many without a look at each", function()
    local list, looks = counted(2000)
    assert.are.equal(list[1], places.find(list, "id", "id 1")) -- may look at each
    local before = looks()
    for i = 1, 2000, 100 do
      assert.are.equal(list[i], places.find(list, "id", "id " .. i))
    end
    assert.is_true(looks() - before < 2000, looks() - before)
  end)

  it("names the resources of a type without a look at each", function()
    local list, looks = counted(2000)
    assert.are.equal(2000, #places.of_type(list, "voice"))
    local before = looks()
    assert.are.same({}, places.of_type(list, "dubbing"))
    assert.are.same({}, places.of_type(list, "voice", "agent_1"))
    assert.are.equal(before, looks())
  end)

  it("names them in the order of the list, of all parents or of one", function()
    local list = {
      { id = "b1", type = "branch", parent = "a1" },
      { id = "a1", type = "agent" },
      { id = "b2", type = "branch", parent = "a2" },
      { id = "d1", type = "deployment", parent = "a1" },
      { id = "b3", type = "branch", parent = "a1" },
    }
    assert.are.equal("b1 b2 b3", ids(places.of_type(list, "branch")))
    assert.are.equal("b1 b3", ids(places.of_type(list, "branch", "a1")))
    assert.are.equal("d1", ids(places.of_type(list, "deployment", "a1")))
    list[1].parent, list[2] = "a2", { id = "b4", type = "branch", parent = "a1" }
    places.forget(list)
    assert.are.equal("b4 b3", ids(places.of_type(list, "branch", "a1")))
    assert.are.equal("", ids(places.of_type(list, "agent")))
  end)
end)
