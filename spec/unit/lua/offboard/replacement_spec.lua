local replacement = require "elevenlabs.workspace.offboard.replacement"

local function needed(map, own)
  return replacement.needed(map, own, "tom")
end

local function full(extra)
  local ids = {}
  for i = 1, 99 do
    ids[i] = "user_" .. i
  end
  ids[100] = extra
  return { viewer = ids, editor = { "mia" } }
end

describe("offboard replacement", function()
  it("needs the highest preset role, if the successor has less", function()
    assert.are.equal("editor", (needed({ viewer = { "tom" } }, { "editor", "viewer" })))
    assert.are.equal("viewer", (needed({}, { "role_night_shift", "viewer" })))
  end)

  it("needs nothing if the successor has the same, or more", function()
    for _, map in ipairs { { editor = { "tom" } }, { admin = { "tom" } } } do
      local role, problem = needed(map, { "editor" })
      assert.are.same({}, { role, problem })
    end
    local role, problem = needed({ role_night_shift = { "tom" } }, { "role_night_shift" })
    assert.are.same({}, { role, problem })
  end)

  it("cannot grant a role of the workspace's own", function()
    local role, problem = needed({}, { "role_night_shift" })
    assert.is_nil(role)
    assert.matches("the custom role role_night_shift", problem)
  end)

  it("grants the preset role beside a custom one, and says what is lost", function()
    local role, problem = needed({}, { "editor", "role_night_shift" })
    assert.are.equal("editor", role)
    assert.matches("the custom role role_night_shift", problem)
    role, problem = needed({ admin = { "tom" } }, { "editor", "role_night_shift" })
    assert.is_nil(role)
    assert.matches("the custom role role_night_shift", problem)
  end)

  it("does not replace a role of the workspace's own that the successor has", function()
    for _, own in ipairs { { "editor" }, { "editor", "role_night_shift" } } do
      local role, problem = needed({ role_night_shift = { "tom" } }, own)
      assert.is_nil(role)
      assert.matches("would take the custom role role_night_shift from them", problem)
    end
    assert.are.equal("editor", (needed({ viewer = { "tom" } }, { "editor" })))
  end)

  it("cannot add a principal to 100, but can raise the role of one of them", function()
    local role, problem = needed(full(), { "editor" })
    assert.is_nil(role)
    assert.matches("100 principals already", problem)
    assert.are.equal("editor", (needed(full "tom", { "editor" })))
  end)

  it("says whether the successor has at least a role", function()
    local map = { editor = { "tom" } }
    assert.is_true(replacement.has(map, "tom", "viewer"))
    assert.is_true(replacement.has(map, "tom", "editor"))
    assert.is_false(replacement.has(map, "tom", "admin"))
    assert.is_false(replacement.has(map, "eve", "viewer"))
  end)
end)
