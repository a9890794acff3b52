local access = require "elevenlabs.workspace.offboard.access"
local fake = require "elevenlabs.workspace.sandbox.fake"

local function read(change, options)
  local client, model = fake.new()
  change(model.state)
  local rows = {}
  options = options or {}
  function options.on_row(row)
    rows[#rows + 1] = row
  end
  return rows, access.read(client, options)
end

local function find(rows, id, principal)
  local found = {}
  for _, row in ipairs(rows) do
    if row.resource_id == id and row._principal == principal then
      found[#found + 1] = row
    end
  end
  return found
end

describe("offboard access", function()
  it("has a row for each role of each principal, with the target that unshare takes", function()
    local rows, found = read(function() end)
    assert.are.same({
      {
        resource_id = "voice_narrator",
        resource_type = "voice",
        user_email = "mia@example.com",
        role = "editor",
        _name = "Narrator",
        _principal = "user_mia",
        _creator = "user_ada",
      },
    }, find(rows, "voice_narrator", "user_mia"))
    assert.are.equal("group_studio", find(rows, "project_launch", "group_studio")[1].group_id)
    assert.are.equal("default", find(rows, "dict_names", "default")[1].group_id)
    local service = find(rows, "agent_support", "service_deploy")[1]
    assert.are.equal("key_deploy", service.workspace_api_key_id)
    assert.is_true(access.is_complete(found))
    assert.are.equal("user_ada", found.owner.user_id)
  end)

  it("shows a custom role, and a principal that no list names, without a target", function()
    local rows = read(function(state)
      state.resources[1].roles.user_gone = "viewer"
      state.resources[1].roles.user_mia = "role_night_shift"
    end)
    local gone = find(rows, "voice_narrator", "user_gone")[1]
    assert.is_nil(gone.user_email or gone.group_id or gone.workspace_api_key_id)
    local mia = find(rows, "voice_narrator", "user_mia")[1]
    assert.are.same({ nil, "role_night_shift" }, { mia.role, mia._custom_role })
    assert.are.equal("mia@example.com", mia.user_email)
  end)

  it("finds what a list of another resource names, and reads an id as each type", function()
    local rows, found = read(function(state)
      state.resources[#state.resources + 1] = {
        id = "branch_1",
        type = "convai_agent_branches",
        name = "Branch",
        parent = "agent_sales",
        creator = "user_ada",
        roles = { user_ada = "admin", user_mia = "viewer" },
      }
    end, { resource_types = { "convai_agent_branches", "project" } })
    assert.are.equal(1, #find(rows, "branch_1", "user_mia"))
    assert.are.equal(1, #find(rows, "project_launch", "user_mia"))
    assert.are.equal(0, #find(rows, "voice_narrator", "user_mia"))
    for _, covered in ipairs(found.coverage) do
      assert.are.equal(covered.listed, covered.read, covered.name)
    end
    assert.is_true(access.is_complete(found))
  end)

  it("is incomplete if a list or a resource could not be read, and says which", function()
    local client, model = fake.new { forbid_list = { "voice", "members" } }
    local rows = {}
    local found = assert(access.read(client, {
      on_row = function(row)
        rows[#rows + 1] = row
      end,
    }))
    assert.is_table(model)
    assert.is_false(access.is_complete(found))
    assert.matches("missing the permission", found.unread.members)
    assert.are.same({ "voice", false, "permission" }, {
      found.coverage[1].name,
      found.coverage[1].complete,
      found.coverage[1].kind,
    })
    assert.are.equal(0, #find(rows, "voice_narrator", "user_mia"))
    assert.is_nil(find(rows, "agent_sales", "user_mia")[1].user_email)
  end)
end)
