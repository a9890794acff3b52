local subjects = require "elevenlabs.workspace.offboard.subject"

--- Principals as the lists tell them. `change` may change them.
local function principals(change)
  local found = {
    owner = { user_id = "user_ada" },
    members = {
      { user_id = "user_ada", email = "ada@example.com" },
      { user_id = "user_mia", email = "Mia@Example.com" },
      { user_id = "user_boss", email = "boss@example.com", is_owner = true },
      { user_id = "user_root", email = "root@example.com", seat_type = "workspace_admin" },
    },
    groups = {
      { id = "group_a", name = "A", members = { user_mia = true } },
      { id = "group_b", name = "B", members = { ["mia@example.com"] = true } },
      { id = "group_c", name = "C", members = { user_ada = true } },
    },
    service_accounts = {
      { user_id = "service_1", name = "One", key_ids = { "key_1", "key_2" } },
      { user_id = "service_2", name = "Two", key_ids = {} },
    },
    unread = {},
    unread_errors = {},
  }
  if change then
    change(found)
  end
  return found
end

local function find(key, value, change)
  return subjects.find(principals(change), key, value)
end

describe("offboard subject", function()
  describe("as an option", function()
    it("is exactly one", function()
      assert.are.equal("group_id", subjects.key_of { group_id = "g", note = "x" })
      local key, err = subjects.key_of { group_id = "g", user_id = "u" }
      assert.is_nil(key)
      assert.are.equal("user_id and group_id do not go together", err.message)
      key, err = subjects.key_of {}
      assert.is_nil(key)
      assert.matches("^name one of user_email, user_id, group_id, service", err.message)
    end)

    it("is a text that is not empty", function()
      for _, value in ipairs { "", 7, false } do
        local key, err = subjects.key_of { user_email = value }
        assert.is_nil(key)
        assert.are.equal("user_email must be a text", err.message)
      end
    end)

    it("may be every member only if the caller says so", function()
      local key, err = subjects.key_of { group_id = "default" }
      assert.is_nil(key)
      assert.matches("every member", err.message)
      assert.are.equal("group_id", subjects.key_of { group_id = "default", everyone = true })
    end)
  end)

  it("is a member by address, whatever the case, and is removed as the list has it", function()
    local subject = find("user_email", "mIA@example.COM")
    assert.are.same({
      kind = "user",
      id = "user_mia",
      label = "Mia@Example.com",
      email = "Mia@Example.com",
      is_admin = false,
      target = { field = "user_email", value = "Mia@Example.com" },
      groups = { { id = "group_a", name = "A" }, { id = "group_b", name = "B" } },
      key = "user_email",
      value = "mIA@example.COM",
    }, subject)
  end)

  it("is an admin by its seat, or as the owner of the workspace", function()
    assert.is_true(find("user_email", "root@example.com").is_admin)
    assert.is_true(find("user_email", "boss@example.com").is_admin)
    assert.is_falsy(find("user_email", "mia@example.com").is_admin)
  end)

  it("is nobody if the address is unknown, or that of two members", function()
    local subject, err = find("user_email", "nobody@example.com")
    assert.is_nil(subject)
    assert.are.equal("no member has the address nobody@example.com", err.message)
    subject, err = find("user_email", "mia@example.com", function(found)
      table.insert(found.members, { user_id = "user_mia2", email = "MIA@example.com" })
    end)
    assert.is_nil(subject)
    assert.are.same({ "invalid_argument", "user_email" }, { err.kind, err.field })
    assert.matches(
      "Mia@Example.com %(user_mia%), MIA@example.com %(user_mia2%)$",
      err.message
    )
  end)

  it("may not be the owner of the key, by address or by id", function()
    for key, value in pairs { user_email = "ADA@example.com", user_id = "user_ada" } do
      local subject, err = find(key, value)
      assert.is_nil(subject)
      assert.matches("is the owner of this API key", err.message)
    end
  end)

  it("by a user's id has no target, also if the user left", function()
    local subject = find("user_id", "user_gone")
    assert.are.same({ "user", "user_gone", "user_gone" }, {
      subject.kind,
      subject.id,
      subject.label,
    })
    assert.is_nil(subject.target)
    subject = find("user_id", "user_mia")
    assert.are.equal("Mia@Example.com", subject.label)
    assert.is_nil(subject.target)
  end)

  it("is a group by its id, and every member by the id default", function()
    local group = find("group_id", "group_a")
    assert.are.same({ "group", "A", { field = "group_id", value = "group_a" } }, {
      group.kind,
      group.label,
      group.target,
    })
    local everyone = find("group_id", "default", function(found)
      found.groups = nil -- the list of groups is not needed
    end)
    assert.are.same({ field = "group_id", value = "default" }, everyone.target)
    local none, err = find("group_id", "group_z")
    assert.is_nil(none)
    assert.are.equal("no group has the id group_z", err.message)
    none, err = find("group_id", "a")
    assert.is_nil(none)
    assert.are.equal("no group has the id a; the group A has the id group_a", err.message)
  end)

  it("is a service account, which is removed by its first key", function()
    local account = find("service_account_id", "service_1")
    assert.are.same(
      { 2, { field = "workspace_api_key_id", value = "key_1" } },
      { account.keys, account.target }
    )
    assert.is_nil(find("service_account_id", "service_2").target)
    local none, err = find("service_account_id", "service_9")
    assert.is_nil(none)
    assert.are.equal("no service account has the id service_9", err.message)
  end)

  it("cannot be looked for in a list that could not be read", function()
    local subject, err = find("user_email", "mia@example.com", function(found)
      found.members, found.unread.members = nil, "no permission"
      found.unread_errors.members = { kind = "permission", retryable = false }
    end)
    assert.is_nil(subject)
    assert.are.same(
      { "permission", "the list of members could not be read: no permission", false },
      { err.kind, err.message, err.retryable }
    )
    subject, err = find("user_email", "mia@example.com", function(found)
      found.members, found.unread.members = nil, "down"
      found.unread_errors.members = { kind = "network", retryable = true }
    end)
    assert.is_nil(subject)
    assert.are.same({ "network", true }, { err.kind, err.retryable })
    subject, err = find("group_id", "group_a", function(found)
      found.owner, found.unread.owner = nil, "its answer has no user_id"
    end)
    assert.is_nil(subject)
    assert.are.same({ "untrusted_response", false }, { err.kind, err.retryable })
  end)

  describe("of a plan", function()
    local header

    before_each(function()
      header = {
        owner = { user_id = "user_ada" },
        subject = find("user_email", "mia@example.com"),
      }
    end)

    local function again(change, may_have_left)
      return subjects.find_again(principals(change), header, may_have_left or false)
    end

    it("is found again", function()
      assert.are.equal("user_mia", again().id)
    end)

    it("is refused with the key of another owner", function()
      local subject, err = again(function(found)
        found.owner.user_id = "user_zoe"
      end, true)
      assert.is_nil(subject)
      assert.are.equal("api_key", err.field)
      assert.matches("use a key of the first, in the same workspace", err.message)
    end)

    it("is refused if the address is another person's now, also for a reading", function()
      local subject, err = again(function(found)
        found.members[2].user_id = "user_mia_the_second"
      end, true)
      assert.is_nil(subject)
      assert.matches("belongs to user_mia_the_second now, and the plan is", err.message)
    end)

    it("that left is found by id for a reading, and not for a change", function()
      local function leave(found)
        table.remove(found.members, 2)
      end
      local subject = again(leave, true)
      assert.are.same({ "user_mia", "Mia@Example.com", true }, {
        subject.id,
        subject.label,
        subject.has_left,
      })
      assert.is_nil(subject.target)
      local none, err = again(leave, false)
      assert.is_nil(none)
      assert.are.equal("user_email", err.field)
    end)

    it("whose address changed is refused, and is not one who left", function()
      local subject, err = again(function(found)
        found.members[2].email = "mia.married@example.com"
      end, true)
      assert.is_nil(subject)
      assert.matches("no member has the address", err.message)
    end)
  end)
end)
