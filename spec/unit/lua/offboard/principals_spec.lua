local cjson = require "cjson"
local principals = require "elevenlabs.workspace.offboard.principals"

local MIA = {
  user_id = "user_mia",
  email = "Mia@example.com",
  first_name = "Mia",
  is_owner = false,
}

describe("offboard principals", function()
  it("are the key's owner", function()
    assert.are.same(
      { user_id = "user_ada", seat_type = "workspace_admin" },
      principals.owner { user_id = "user_ada", seat_type = "workspace_admin", xi_api_key = "x" }
    )
    assert.are.same({ nil, "its answer has no user_id" }, { principals.owner { user_id = "" } })
    assert.are.same({ nil, "its answer has no user_id" }, { principals.owner(cjson.null) })
  end)

  it("are members, locked ones too", function()
    local members = assert(principals.members {
      MIA,
      {
        user_id = "user_tom",
        email = "tom@example.com",
        first_name = cjson.null,
        seat_type = cjson.null,
        is_owner = true,
        is_locked = true,
      },
    })
    assert.are.same({
      {
        user_id = "user_mia",
        email = "Mia@example.com",
        name = "Mia",
        is_owner = false,
        is_locked = false,
      },
      { user_id = "user_tom", email = "tom@example.com", is_owner = true, is_locked = true },
    }, members)
    assert.are.same(
      { nil, "one of its members has no id" },
      { principals.members { { user_id = "user_x" } } }
    )
    assert.are.same(
      { nil, "its answer has no array of members" },
      { principals.members { members = {} } }
    )
  end)

  it("are groups, by their own ids and not by the map's keys", function()
    local groups = assert(principals.groups {
      ["Key of something"] = { id = "g2", name = "Studio", members = { "user_mia" } },
      g2 = { id = "g1", name = "Voice", members = { "MIA@example.com" } },
    })
    assert.are.same({ "g1", "g2" }, { groups[1].id, groups[2].id })
    local mia = principals.members({ MIA })[1]
    assert.is_true(principals.is_in(groups[1], mia))
    assert.is_true(principals.is_in(groups[2], mia))
    assert.is_false(principals.is_in({ members = {} }, mia))
    assert.are.same({}, principals.groups {})
  end)

  it("fail if a group has no id or no members, or the answer no map", function()
    for _, body in ipairs {
      { a = { name = "Studio", members = {} } },
      { a = { id = "g1", members = cjson.null } },
      { a = "secret" },
    } do
      assert.are.same(
        { nil, "one of its groups has no id or no members" },
        { principals.groups(body) }
      )
    end
    assert.are.same(
      { nil, "its answer has no map of groups" },
      { principals.groups { { id = "g1" } } }
    )
  end)

  it("are service accounts, with the ids of their keys and nothing else of those", function()
    local accounts = assert(principals.service_accounts {
      ["service-accounts"] = {
        {
          service_account_user_id = "user_ci",
          name = "CI",
          ["api-keys"] = { { key_id = "k1", hashed_xi_api_key = "secret" }, { key_id = "k2" } },
        },
        { service_account_user_id = "user_none", name = cjson.null, ["api-keys"] = {} },
      },
    })
    assert.are.same({
      { user_id = "user_ci", name = "CI", key_ids = { "k1", "k2" } },
      { user_id = "user_none", name = "user_none", key_ids = {} },
    }, accounts)
    assert.are.same(
      { nil, "its answer has no array of service accounts" },
      { principals.service_accounts { service_accounts = {} } }
    )
    assert.are.same(
      { nil, "one of its service accounts has no id" },
      { principals.service_accounts { ["service-accounts"] = { { name = "x" } } } }
    )
  end)

  it("fail if a group's member is no id, and never pass over it", function()
    for _, member in ipairs { { user_id = "user_mia" }, 7, "", cjson.null, true } do
      local group = { id = "g1", name = "Studio", members = { "user_ada", member } }
      assert.are.same(
        { nil, "one of its groups has a member that is no id" },
        { principals.groups { a = group } }
      )
    end
  end)

  it("fail if what a seat is has another type", function()
    for field, value in pairs {
      seat_type = { type = "workspace_admin" },
      is_owner = "true",
      is_locked = 1,
    } do
      local row = { user_id = "user_mia", email = "mia@example.com", [field] = value }
      assert.are.same(
        { nil, "one of its members has a seat_type, is_owner or is_locked of another type" },
        { principals.members { MIA, row } }
      )
    end
    assert.are.same(
      { nil, "its seat_type is no text" },
      { principals.owner { user_id = "user_ada", seat_type = { "workspace_admin" } } }
    )
    assert.is_truthy(principals.owner { user_id = "user_ada", seat_type = cjson.null })
  end)

  it("fail if a key has no id, or the list of accounts goes on", function()
    local function accounts(more)
      more["service-accounts"] = {
        { service_account_user_id = "user_ci", name = "CI", ["api-keys"] = more.keys or {} },
      }
      return principals.service_accounts(more)
    end
    assert.is_truthy(accounts { has_more = false })
    for why, more in pairs {
      ["one of its service accounts has no id"] = { keys = { { key_id = 7 } } },
      ["it says that there is more, and not where"] = { has_more = true },
      ["it goes on at a next_cursor, which its pages do not take"] = { next_cursor = "c" },
      ["it says 2 rows and named 1"] = { total_count = 2 },
    } do
      assert.are.same({ nil, why }, { accounts(more) })
    end
  end)

  it("are members who cannot be all if the key's owner is missing", function()
    local members, ada = { { user_id = "user_mia" } }, { user_id = "user_ada" }
    assert.is_nil(principals.doubt_members(members, { user_id = "user_mia" }, {}))
    assert.is_nil(principals.doubt_members(members, ada, { { user_id = "user_ada" } }))
    local why = "it does not name the owner of the API key, user_ada"
    assert.are.equal(why, principals.doubt_members(members, ada, {}))
    assert.are.equal(why, principals.doubt_members({}, ada, nil))
  end)

  it("are found by an address in any case, and only if one has it", function()
    local members = {
      { user_id = "u1", email = "Mia@example.com" },
      { user_id = "u2", email = "tom@example.com" },
      { user_id = "u3", email = "TOM@example.com" },
    }
    assert.are.equal("u1", principals.by_address(members, "mia@EXAMPLE.com").user_id)
    assert.are.same(
      { nil, "no member has the address eve@example.com" },
      { principals.by_address(members, "eve@example.com") }
    )
    for typed, hint in pairs {
      ["mai@example.com"] = ": did you mean mia@example.com?",
      ["lia@example.com"] = "", -- is another person
      ["mai@example.org"] = "",
      ["mai"] = "",
    } do
      local _, text = principals.by_address({ { user_id = "u", email = "mia@example.com" } }, typed)
      assert.are.equal(("no member has the address %s%s"):format(typed, hint), text)
    end
    local _, why = principals.by_address(members, "tom@example.com")
    assert.are.equal(
      "several members have the address tom@example.com: "
        .. "tom@example.com (u2), TOM@example.com (u3)",
      why
    )
  end)
end)
