local cjson = require "cjson"
local items = require "elevenlabs.workspace.items.item"

describe("an item", function()
  it("has fields of one type each", function()
    assert.is_true(items.is_field "role")
    assert.is_false(items.is_field "user_mail")
    assert.is_nil(items.misfit("resource_id", "a"))
    assert.is_nil(items.misfit("allow_unknown_resource_type", false))
    assert.are.equal("role must be a string, got number", items.misfit("role", 7))
    assert.are.equal('unknown field "user_mail": did you mean user_email?',
      items.misfit("user_mail", "a"))
  end)

  it("may have null for no value", function()
    assert.is_nil(items.misfit("role", cjson.null))
    assert.is_true(items.is_absent(cjson.null))
    assert.is_true(items.is_absent(nil))
    assert.is_false(items.is_absent(false))
  end)

  it("has notes for people, whose names begin with _", function()
    assert.is_true(items.is_note "_reason")
    assert.is_false(items.is_note "reason_")
    assert.is_false(items.is_note "")
  end)

  it("gets the fields that it lacks", function()
    local fields = { user_email = "all@y.z", role = "viewer", allow_unknown_resource_type = true }
    local own = { user_email = "ALL@y.z", allow_unknown_resource_type = false }
    assert.are.same(
      { user_email = "ALL@y.z", allow_unknown_resource_type = false, role = "viewer" },
      items.complete(own, fields)
    )
    assert.are.same(fields, items.complete({}, fields))
  end)

  it("gets no second target, and stands for no other", function()
    for _, own in ipairs { { group_id = "all@y.z" }, { user_email = "x@y.z" } } do
      local item, what, field = items.complete(own, { user_email = "all@y.z" })
      assert.is_nil(item)
      assert.matches("leave one of the two out", what)
      assert.are.equal(next(own), field)
    end
    assert.are.same({ group_id = "g" }, items.complete({ group_id = "g" }, { group_id = "g" }))
  end)
end)
