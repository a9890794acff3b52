local observer = require "elevenlabs.workspace.offboard.observer"

local MIA = { kind = "user", id = "mia", groups = {} }

local function found(change)
  local principals = {
    owner = { user_id = "ada" },
    members = { { user_id = "mia" } },
    groups = { { id = "studio" } },
    service_accounts = { { user_id = "deploy" } },
  }
  for name, value in pairs(change or {}) do
    principals[name] = value or nil
  end
  return principals
end

local function resource(fields)
  return {
    resource_name = fields.name,
    creator_user_id = fields.creator or "ada",
    role_to_group_ids = fields.roles or {},
  }
end

local ITEM = { resource_id = "v", resource_type = "voice" }

describe("offboard observer", function()
  it("sees all roles of the subject's own, and those of the others", function()
    local watch = observer.new(found(), MIA)
    local map = { viewer = { "mia", "tom" }, role_night = { "mia" }, admin = { "ada" } }
    local seen = watch:look(ITEM, resource { name = "Narrator", roles = map })
    assert.are.same({
      resource_id = "v",
      resource_type = "voice",
      name = "Narrator",
      creator = "ada",
      is_creator = false,
      roles = { "role_night", "viewer" },
      map = map,
    }, seen)
  end)

  it("sees nothing if the subject has no role of its own", function()
    local watch = observer.new(found(), MIA)
    assert.is_nil(watch:look(ITEM, resource { roles = { viewer = { "studio", "default" } } }))
  end)

  it("sees what the subject created, with a role or without", function()
    local seen = observer.new(found(), MIA):look(ITEM, resource { creator = "mia" })
    assert.are.same({ true, {} }, { seen.is_creator, seen.roles })
  end)

  it("takes no name and no creator that is no text", function()
    local roles = { viewer = { "mia" } }
    local seen = observer.new(found(), MIA):look(ITEM, {
      resource_name = {},
      creator_user_id = 7,
      role_to_group_ids = roles,
    })
    assert.are.same({}, { seen.name, seen.creator })
  end)

  it("lists ids with a role that no list of principals names", function()
    local watch = observer.new(found(), MIA)
    local roles = { viewer = { "zoe", "mia", "ada", "studio", "deploy", "default" } }
    watch:look(ITEM, resource { roles = roles })
    watch:look(ITEM, resource { roles = { editor = { "zoe", "bob" } } })
    assert.are.same({ { id = "bob", count = 1 }, { id = "zoe", count = 2 } }, watch:unknown())
  end)

  it("lists none if a list of principals could not be read: nobody knows then", function()
    for _, name in ipairs { "members", "groups", "service_accounts" } do
      local watch = observer.new(found { [name] = false }, MIA)
      watch:look(ITEM, resource { roles = { viewer = { "zoe" } } })
      assert.are.same({}, watch:unknown())
    end
  end)

  it("lists at most 1,000 of them, and counts these on", function()
    local watch, ids = observer.new(found(), MIA), {}
    for i = 1, 1200 do
      ids[i] = "id" .. i
    end
    watch:look(ITEM, resource { roles = { viewer = ids } })
    watch:look(ITEM, resource { roles = { viewer = ids } })
    local unknown = watch:unknown()
    assert.are.same({ 1000, 2 }, { #unknown, unknown[1].count })
  end)

  it("tells resources of two types with one id apart", function()
    local other = { resource_id = "v", resource_type = "dubbing" }
    assert.are_not.equal(observer.key_of(ITEM), observer.key_of(other))
  end)
end)
