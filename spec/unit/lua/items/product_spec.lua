local cjson = require "cjson"
local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local assert_invalid, read_all = support.assert_invalid, support.read_all

describe("a product of ids and targets", function()
  local function product(changes)
    local arguments = {
      resource_ids = { "a", "b" },
      resource_type = "voice",
      user_emails = { "x", "y", "z" },
    }
    for name, value in pairs(changes or {}) do
      arguments[name] = value
    end
    return items.product(arguments)
  end

  it("gives every id with every target, in order, and again after rewind", function()
    local source = product()
    assert.are.equal(6, source.count)
    local expected = {}
    for _, resource_id in ipairs { "a", "b" } do
      for _, email in ipairs { "x", "y", "z" } do
        expected[#expected + 1] =
          { resource_id = resource_id, resource_type = "voice", user_email = email }
      end
    end
    local found = read_all(source)
    assert.are.same(expected, found)
    assert.are_not.equal(found[1], found[2])
    assert.is_true(source:rewind())
    assert.are.same(expected, (read_all(source)))
    assert.is_nil(source:place "resource_id")
  end)

  it("has each kind of target, and a role", function()
    for _, field in ipairs { "group_id", "workspace_api_key_id" } do
      local source = assert(items.product {
        resource_ids = { "a" },
        resource_type = "voice",
        [field .. "s"] = { "t" },
        user_emails = cjson.null,
        role = "viewer",
      })
      assert.are.same({
        { resource_id = "a", resource_type = "voice", [field] = "t", role = "viewer" },
      }, (read_all(source)))
    end
  end)

  it("is empty if a list is", function()
    for _, name in ipairs { "resource_ids", "user_emails" } do
      local source = product { [name] = {} }
      assert.are.equal(0, source.count)
      assert.are.same({}, (read_all(source)))
    end
  end)

  it("is what its lists were when it was made", function()
    local ids = { "a" }
    local source = product { resource_ids = ids }
    ids[1], ids[2] = "c", "d"
    assert.are.equal(3, source.count)
    assert.are.equal("a", source:next().resource_id)
  end)

  it("gives nothing once closed", function()
    local source = product()
    source:close()
    assert.is_nil(source:next())
  end)

  local wrong = {
    { { user_mails = {} }, "user_mails", "did you mean user_emails?" },
    { { "a" }, "number", "argument names must be strings, got a number" },
    { { resource_ids = cjson.null }, "resource_ids", "resource_ids must be a list, got nil" },
    { { resource_ids = "a" }, "resource_ids", "resource_ids must be a list, got string" },
    { { resource_ids = { "a", 7 } }, "resource_ids", "resource_ids[2] must be a string, got num" },
    { { user_emails = { x = "y" } }, "user_emails", "without holes, but has a key x" },
    { { resource_type = cjson.null }, "resource_type", "resource_type must be a string" },
    { { resource_type = {} }, "resource_type", "resource_type must be a string, got table" },
    { { role = 7 }, "role", "role must be a string, got number" },
    { { group_ids = {} }, "group_ids", "user_emails and group_ids: pass exactly one" },
    { { user_emails = cjson.null }, "user_emails", "pass exactly one of user_emails, group" },
  }
  for _, case in ipairs(wrong) do
    it("refuses: " .. case[3], function()
      assert_invalid(case[2], case[3], product(case[1]))
    end)
  end
end)
