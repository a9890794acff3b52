local roles = require "elevenlabs.workspace.offboard.roles"

local MAP = {
  viewer = { "user_mia", "user_tom" },
  role_night_shift = { "user_mia" },
  editor = { "user_mia", "group_studio" },
  admin = {},
}

describe("offboard roles", function()
  it("are all those of a principal, under any name, sorted", function()
    assert.are.same({ "editor", "role_night_shift", "viewer" }, roles.of(MAP, "user_mia"))
    assert.are.same({}, roles.of(MAP, "user_eve"))
  end)

  it("have ranks, and one of the workspace's own has none", function()
    assert.are.equal("editor", roles.highest { "commenter", "role_owner", "editor", "viewer" })
    assert.is_nil(roles.highest { "role_owner" })
    assert.is_true(roles.rank "admin" > roles.rank "editor")
    assert.is_true(roles.rank "editor" > roles.rank "commenter")
    assert.is_true(roles.rank "commenter" > roles.rank "viewer")
    assert.are.same({ 0, 0 }, { roles.rank "role_owner", roles.rank(nil) })
    assert.are.same({ true, false }, { roles.is_preset "viewer", roles.is_preset "role_owner" })
  end)

  it("have each principal once", function()
    local set, count = roles.principals(MAP)
    assert.are.same({ user_mia = true, user_tom = true, group_studio = true }, set)
    assert.are.equal(3, count)
  end)

  it("are the same if all are", function()
    assert.is_true(roles.are_same({ "editor", "viewer" }, { "editor", "viewer" }))
    assert.is_false(roles.are_same({ "editor" }, { "editor", "viewer" }))
    assert.is_false(roles.are_same({}, { "editor" }))
  end)
end)
