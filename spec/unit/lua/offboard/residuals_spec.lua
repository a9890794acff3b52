local residuals = require "elevenlabs.workspace.offboard.residuals"

local MIA = { kind = "user", id = "mia", groups = { { id = "g", name = "Studio" } } }

--- The residuals of a subject after these resources: { creator, anonymous, holder... } each.
local function list(subject, ...)
  local counts = residuals.new(subject)
  for _, resource in ipairs { ... } do
    local holders = {}
    for _, id in ipairs(resource) do
      holders[id] = true
    end
    counts:add({
      creator_user_id = resource.creator,
      anonymous_access_level_override = resource.anonymous,
    }, holders)
  end
  local by_kind, kinds = {}, {}
  for i, residual in ipairs(counts:list()) do
    by_kind[residual.kind], kinds[i] = residual, residual.kind
  end
  return by_kind, kinds
end

describe("offboard residuals", function()
  it("count what no removal ends, the widest access first", function()
    local by_kind, kinds = list(
      { kind = "user", id = "mia", is_admin = true, groups = MIA.groups },
      { creator = "mia", "mia" },
      { creator = "mia", "mia", "g" },
      { creator = "ada", "default", "mia", anonymous = "viewer" }
    )
    assert.are.same({
      "admin_seat",
      "creator",
      "group",
      "everyone",
      "anonymous",
      "api_keys",
      "invitations",
    }, kinds)
    assert.are.same({
      "creator of 2 resources",
      "group Studio (1 resource)",
      "a role that every member has (1 resource)",
      "anonymous access for anybody (1 resource)",
      2,
      1,
      1,
      1,
    }, {
      by_kind.creator.text,
      by_kind.group.text,
      by_kind.everyone.text,
      by_kind.anonymous.text,
      by_kind.creator.count,
      by_kind.group.count,
      by_kind.everyone.count,
      by_kind.anonymous.count,
    })
  end)

  it("say how each is ended", function()
    local by_kind = list(MIA, { creator = "mia", "g", "default", anonymous = "viewer" })
    for _, residual in pairs(by_kind) do
      assert.is_true(#residual.next_step > 20, residual.kind)
    end
  end)

  it("are no access if a group has no role, and if nobody can look for them", function()
    local by_kind, kinds = list(MIA, { creator = "ada", "mia" })
    assert.are.same({ "group", "api_keys", "invitations" }, kinds)
    assert.are.equal("group Studio (0 resources)", by_kind.group.text)
    assert.are.same(
      { false, false, false },
      { by_kind.group.is_access, by_kind.api_keys.is_access, by_kind.invitations.is_access }
    )
    assert.is_true(list(MIA, { creator = "ada", "g" }).group.is_access)
  end)

  it("take null for no anonymous access", function()
    local cjson = require "cjson"
    assert.is_nil(list(MIA, { creator = "ada", anonymous = cjson.null }).anonymous)
  end)

  it("of a service account are its keys", function()
    local by_kind, kinds = list({ kind = "service_account", id = "s", keys = 2 }, { "default" })
    assert.are.same({ "keys" }, kinds)
    assert.are.equal("2 API keys of the account", by_kind.keys.text)
  end)

  it("of every member do not hold the role of every member", function()
    local _, kinds = list({ kind = "group", id = "default" }, { "default" })
    assert.are.same({}, kinds)
  end)
end)
