local cjson = require "cjson"
local bulk = require "elevenlabs.workspace.bulk"
local errors = require "elevenlabs.workspace.error"
local fake = require "elevenlabs.workspace.sandbox.fake"
local json = require "elevenlabs.workspace.json"
local reports = require "elevenlabs.workspace.bulk.report"
local world = require "spec.support.world"

local function item(number)
  return { resource_id = "id" .. number, resource_type = "voice", user_email = "a@example.com" }
end

local function many(count)
  local list = {}
  for i = 1, count do
    list[i] = item(i)
  end
  return list
end

local function iterate(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

--- Run over a world in which each attempt gets `answer(attempt)`.
local function run(answer, source, opts)
  local engine = world.running(answer)
  return assert(assert(bulk.start(engine, "https://x", "unshare", source, opts or {})):result())
end

local function no()
  return { status = 401, body = '{"detail":{"status":"invalid_api_key","message":"wrong."}}' }
end

local function yes()
  return {}
end

local function refusal(changes)
  local all = { kind = "permission", outcome = "refused", message = "no", status = 403 }
  for name, value in pairs(changes or {}) do
    all[name] = value
  end
  return errors.new(all)
end

local function counts(report)
  local list = {}
  for i, reason in ipairs(report.reasons) do
    list[i] = reason.message .. " " .. reason.count
  end
  return table.concat(list, ", ")
end

describe("a report", function()
  it("says which part of how many items it is of", function()
    local list = many(100)
    for name, source in pairs { array = list, iterator = iterate(list) } do
      local report = run(yes, source, { part = "1/2" })
      assert.are.same({ name = "1/2", all = 100 }, report.part)
      assert.are.equal(name == "array" and report.total or nil, report.count)
      local text = ("total %d .* not_sent 0; part 1/2: %d of 100 items$")
      assert.matches(text:format(report.total, report.total), tostring(report))
    end
    local stopped = run(no, many(100), { part = "1/2" })
    assert.are.same({ "authentication", 100 }, { stopped.stopped, stopped.part.all })
    assert.matches("; part 1/2: %d+ of 100 items; stopped: ", tostring(stopped))
    stopped = run(no, iterate(many(100)), { part = "1/2" })
    assert.is_nil(stopped.part.all)
    assert.matches("; part 1/2; stopped: ", tostring(stopped))
  end)

  it("case 35: says why its run stopped, and what is left", function()
    local report = run(no, many(400))
    local text = tostring(report)
    local left = 400 - report.total
    assert.is_true(left > 0)
    assert.matches("^total %d+ confirmed 0 refused %d+ unconfirmed 0 not_sent %d+; stopped: ", text)
    assert.matches(report.stop_message .. ", the source", text, 1, true)
    assert.matches(("wrong, the source has more (%d of 400)"):format(left), text, 1, true)
    assert.are.equal("r: " .. text, "r: " .. report)
  end)

  it("case 35: says so also if nobody knows how many there are", function()
    local text = tostring(run(no, iterate(many(400))))
    assert.matches("wrong, the source has more$", text)
  end)

  it("case 35: says so if a function raises, or the source", function()
    local report = run(yes, many(400), {
      on_result = function()
        error "what a bug"
      end,
    })
    assert.matches("; stopped: a function of the run's owner raised: ", tostring(report), 1, true)
    assert.matches("what a bug, the source has more %(%d+ of 400%)$", tostring(report))
    local i = 0
    report = run(yes, function()
      i = i + 1
      return i < 4 and item(i) or error "torn"
    end)
    assert.matches("^total 3 .*; stopped: .*torn, the source has more$", tostring(report))
  end)

  it("says that all is confirmed only if every item was taken and confirmed", function()
    local function half(attempt)
      local is_gone = attempt.args.resource_id == "id3"
      return is_gone and { status = 404, body = '{"detail":"no"}' } or yes()
    end
    local function tear()
      local next_item, i = iterate(many(3)), 0
      return function()
        i = i + 1
        return i < 4 and next_item() or error "torn"
      end
    end
    local of, left = {}, {}
    for name, report in pairs {
      all = run(yes, many(9)),
      part = run(yes, many(9), { part = "1/2" }),
      dry = run(yes, many(9), { dry_run = true }),
      refused = run(half, many(9)),
      stopped = run(no, many(9)),
      torn = run(yes, tear()),
    } do
      of[name] = report.all_confirmed
      left[name] = report.left
    end
    assert.are.same(
      { all = true, part = true, dry = false, refused = false, stopped = false, torn = false },
      of
    )
    assert.are.same({ all = 0, part = 0, dry = 9, refused = 1, stopped = 9 }, left)
  end)

  it("says how many items came twice, and why items were not confirmed", function()
    local list = many(3)
    list[4] = item(2)
    local path = os.tmpname()
    os.remove(path)
    local report = run(yes, list, { journal = path })
    os.remove(path)
    assert.matches("not_sent 0; 1 came twice$", tostring(report))
    report = run(function()
      local body = '{"detail":{"status":"voice_not_found","message":"no\\nvoice"}}'
      return { status = 404, body = body }
    end, many(2))
    assert.are.equal(
      "2  refused (not_found, HTTP 404, voice_not_found): no voice",
      tostring(report.reasons[1])
    )
  end)

  it("says of no more if all were taken", function()
    local report = run(no, many(2))
    assert.matches("; stopped: ", tostring(report), 1, true)
    assert.is_nil(tostring(report):find("more", 1, true))
    report = run(yes, many(2))
    assert.are.equal("total 2 confirmed 2 refused 0 unconfirmed 0 not_sent 0", tostring(report))
  end)

  it("of a dry run says that nothing was sent", function()
    local list = many(3)
    list[4] = { resource_id = "x" }
    local report = fake.new():unshare_many(list, { dry_run = true })
    assert.matches("; dry run: 3 valid, 1 invalid, nothing was sent$", tostring(report))
    assert.are.equal(1, #report.reasons)
    assert.are.equal("invalid_argument", report.reasons[1].kind)
  end)

  describe("case 35: counts failures by their reason", function()
    it("of a run", function()
      local report = run(function(attempt)
        local id = attempt.args.resource_id
        if id == "id3" then
          return { status = 404, body = '{"detail":{"code":"gone","message":"none"}}' }
        elseif id:find "[4567]" then
          return { status = 400, body = '{"detail":"bad"}' }
        end
        return {}
      end, many(8))
      assert.are.same({
        { count = 4, outcome = "refused", kind = "invalid_request", status = 400, message = "bad" },
        {
          count = 1,
          outcome = "refused",
          kind = "not_found",
          status = 404,
          code = "gone",
          message = "none",
        },
      }, report.reasons)
      assert.are.equal(0, report.others)
    end)

    it("without the place of each item, and as JSON", function()
      local report = fake.new():unshare_many { {}, {}, { resource_id = "x" }, item(1), item(1) }
      assert.are.equal(5, report.total)
      local sum = 0
      for _, reason in ipairs(report.reasons) do
        sum = sum + reason.count
        assert.is_nil(reason.message:find "item %d")
      end
      assert.are.same({ 5, 2 }, { sum, report.reasons[1].count })
      local encoded = cjson.decode(json.encode(report))
      assert.are.equal(report.reasons[1].message, encoded.reasons[1].message)
      report = fake.new():unshare_many {}
      assert.matches('"reasons":[]', json.encode(report), 1, true)
    end)

    it("most first, the older first if two are even", function()
      local report = reports.new({}, nil)
      for _, message in ipairs { "a", "b", "c", "c", "b", "d", "c" } do
        reports.count_reason(report, refusal(), message)
      end
      assert.are.equal("c 3, b 2, a 1, d 1", counts(report))
    end)

    it("apart by outcome, kind, status and code", function()
      local report = reports.new({}, nil)
      local all = {
        {},
        { outcome = "unconfirmed" },
        { kind = "conflict" },
        { status = 400 },
        { code = "c" },
        {},
      }
      for _, changes in ipairs(all) do
        reports.count_reason(report, refusal(changes), "no")
      end
      assert.are.equal("no 2, no 1, no 1, no 1, no 1", counts(report))
    end)

    it("in memory that does not grow: ten kinds, and the others", function()
      local report = reports.new({}, nil)
      for i = 1, 1000 do
        reports.count_reason(report, refusal(), "kind " .. i % 100)
      end
      assert.are.same({ 10, 900 }, { #report.reasons, report.others })
      assert.are.equal("kind 1 10", counts(report):match "^[^,]+")
    end)
  end)
end)
