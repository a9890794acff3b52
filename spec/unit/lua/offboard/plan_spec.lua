local plans = require "elevenlabs.workspace.offboard.plan"
local support = require "spec.support.offboard"

local function seen(id, fields)
  local row = {
    resource_id = id,
    resource_type = "voice",
    roles = { "viewer" },
    map = { viewer = { "mia" } },
    is_creator = false,
  }
  for name, value in pairs(fields or {}) do
    row[name] = value
  end
  return row
end

local WATCH = {
  residuals = function()
    return {}
  end,
  unknown = function()
    return {}
  end,
}
local FOUND = { coverage = {}, unread = {}, without_list = {}, report = {} }

describe("offboard plan", function()
  local path

  before_each(function()
    support.begin()
    path = support.path "plan.jsonl"
  end)
  after_each(support.finish)

  local function draft(header, put_away)
    local place = { path = path, put_away = put_away }
    return assert(plans.draft(place, header or { server = "s", subject = { id = "mia" } }))
  end

  --- Make a plan of two rows.
  local function make()
    local made = draft()
    assert(made:add(seen "a", false))
    assert(made:add(seen "b", false))
    assert(made:finish(FOUND, WATCH))
  end

  --- A plan that was changed by hand.
  local function change(pattern, by)
    make()
    local text, count = support.read(path):gsub(pattern, by)
    assert.are.equal(1, count)
    support.write(path, text)
    local plan, err = plans.read(path)
    assert.is_nil(plan)
    assert.are.same({ "invalid_argument", "folder" }, { err.kind, err.field })
    assert.matches("make it anew with plan %-%-again$", err.message)
    return err.message
  end

  it("is whole, or absent", function()
    local plan, err = plans.read(path)
    assert.are.same({}, { plan, err })
    local made = draft()
    assert(made:add(seen "a", false))
    assert.are.same({}, { plans.read(path) }) -- a kill here leaves the temporary alone
    assert(made:finish(FOUND, WATCH))
    assert.are.equal(1, #plans.read(path).rows)
    assert.is_nil(io.open(path .. ".new"))
    assert.are.equal("600", support.mode(path))
  end)

  it("begins anew after a plan that was killed", function()
    local killed = draft()
    assert(killed:add(seen "a", false))
    assert(killed.file:sync())
    killed.file:close()
    make()
    assert.are.equal(2, #plans.read(path).rows)
  end)

  it("drops what was written, if it cannot be finished", function()
    draft():discard()
    assert.is_nil(io.open(path .. ".new"))
  end)

  it("keeps an older one under another name", function()
    make()
    local made = draft(nil, support.path "older.jsonl")
    assert(made:finish(FOUND, WATCH))
    assert.are.equal(0, #plans.read(path).rows)
    assert.are.equal(2, #plans.read(support.path "older.jsonl").rows)
  end)

  it("that cannot be put in its place is an error of the file, and is dropped", function()
    os.execute(("mkdir -p '%s/full'"):format(path))
    local made = draft()
    local ok, err = made:finish(FOUND, WATCH)
    assert.is_nil(ok)
    assert.are.same({ "journal", "folder" }, { err.kind, err.field })
  end)

  it("with a damaged line is refused", function()
    assert.matches("is damaged %(.*line 2", change('"resource_id":"a"', '"resource_id":"x"'))
  end)

  it("with a dropped line is refused", function()
    local text = change('{"action":"remove","resource_id":"a"[^\n]*\n', "")
    assert.matches("says that it has %d+ lines, and has %d+:", text)
  end)

  it("with a dropped end is refused", function()
    assert.matches("has no end:", change('{"end":true[^\n]*\n', ""))
  end)

  it("of another program is refused", function()
    support.write(path, "hello\n")
    local plan, err = plans.read(path)
    assert.is_nil(plan)
    assert.is_truthy(err)
    assert.are.equal("hello\n", support.read(path))
  end)

  it("removes all roles of a row at once, and keeps what is created or protected", function()
    local made = draft()
    made:add(seen("a", { roles = { "role_night", "viewer" } }), false)
    made:add(seen("b", { is_creator = true }), true)
    made:add(seen "c", true)
    assert(made:finish(FOUND, WATCH))
    local rows = plans.read(path).rows
    local actions = { rows[1].action, rows[2].action, rows[3].action }
    assert.are.same({ "remove", "keep", "keep" }, actions)
    assert.are.same({ "role_night", "viewer" }, rows[1].roles)
    assert.are.same({ "creator", "protected" }, { rows[2].reason, rows[3].reason })
  end)

  it("names what the successor gets, or why they cannot", function()
    local made = draft { server = "s", subject = { id = "mia" }, successor = { id = "tom" } }
    made:add(seen "a", false)
    made:add(seen("b", { roles = { "role_night" }, map = { role_night = { "mia" } } }), false)
    made:add(seen("c", { is_creator = true }), false)
    assert(made:finish(FOUND, WATCH))
    local rows = plans.read(path).rows
    assert.are.same({ "viewer" }, { rows[1].grant, rows[1].problem })
    assert.is_nil(rows[2].grant)
    assert.matches("the API cannot grant the custom role", rows[2].problem)
    assert.are.same({}, { rows[3].grant, rows[3].problem })
  end)
end)
