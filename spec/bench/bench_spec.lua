-- `make bench` in a form so small that its figures mean nothing: that they are there.

local cjson = require "cjson"
local process = require "spec.support.process"
local report = require "spec.bench.report"
local rows = require "spec.bench.rows"
local statistics = require "spec.bench.statistics"

local ROUNDS, REQUESTS = 2, 200
-- One of ours and what it is compared with.
local ROWS = "[ny]%-h1%-16$"

local function read_file(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local function row_of(found, id)
  for _, row in ipairs(found.rows) do
    if row.id == id then
      return row
    end
  end
end

describe("the benchmark", function()
  local folder

  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "*l"
    pipe:close()
  end)

  after_each(function()
    process.run { "rm", "-r", folder }
  end)

  local function options(rows_pattern, requests)
    return {
      env = {
        ROUNDS = tostring(ROUNDS),
        ROWS = rows_pattern,
        REQUESTS = tostring(requests),
        BENCH_OUTPUT = folder,
        TMPDIR = folder,
      },
    }
  end

  local COMMAND = { os.getenv "SPEC_LUA", "spec/bench/main.lua" }

  --- The server's folder is gone, and so is the server, which would write there.
  local function check_left(names)
    local pipe = assert(io.popen(("ls '%s'"):format(folder)))
    local left = pipe:read "*a"
    pipe:close()
    assert.are.equal(names, left)
  end

  it("measures rows round by round and writes what it found", function()
    local code, out, err = process.run(COMMAND, options(ROWS, REQUESTS))
    assert.are.equal(0, code, out .. err)
    check_left "bench.json\nbench.md\nbench.svg\n"
    local found = cjson.decode(read_file(folder .. "/bench.json"))
    for _, id in ipairs { "many-h1-16", "plain-h1-16" } do
      local row = row_of(found, id)
      assert.are.equal(ROUNDS, #row.samples)
      for _, sample in ipairs(row.samples) do
        assert.are.equal(REQUESTS, sample.requests)
        assert.is_true(sample.seconds > 0 and sample.cpu_seconds > 0)
        assert.is_true(sample.peak_kib > 1000)
      end
      assert.is_true(row.summary.rate > 1)
      assert.is_true(row.summary.slowest <= row.summary.fastest)
    end
    local markdown = read_file(folder .. "/bench.md")
    assert.truthy(markdown:find("unshare_many, HTTP/1.1, 16 at once / plain C loop", 1, true))
    assert.truthy(read_file(folder .. "/bench.svg"):find("</svg>", 1, true))
  end)

  it("leaves nothing behind where it is interrupted", function()
    local child = process.start(COMMAND, options("^many%-h2%-1$", 1000000000))
    assert.are.equal("round 1 of 2", child:read_line())
    local code = child:stop "sigint"
    assert.are.equal(130, code)
    check_left ""
  end)

  it("says where a row cannot be measured", function()
    local code, out, err = process.run(COMMAND, options("^lcurl%-h1%-16$", REQUESTS))
    assert.are.equal(0, code, out .. err)
    local row = row_of(cjson.decode(read_file(folder .. "/bench.json")), "lcurl-h1-16")
    assert.truthy(row.summary or row.note == "Lua-cURL is not installed")
  end)
end)

describe("the benchmark's statistics", function()
  it("take the median", function()
    assert.is_nil(statistics.median {})
    assert.are.equal(7, statistics.median { 7 })
    assert.are.equal(2, statistics.median { 9, 1, 2 })
    assert.are.equal(2.5, statistics.median { 3, 9, 1, 2 })
  end)

  it("leave a list as it was", function()
    local list = { 3, 1, 2 }
    statistics.median(list)
    assert.are.same({ 3, 1, 2 }, list)
  end)

  it("summarise samples by what is derived from each", function()
    local summary = statistics.summarise {
      { requests = 100, seconds = 1, cpu_seconds = 0.001, peak_kib = 10 },
      { requests = 100, seconds = 4, cpu_seconds = 0.003, peak_kib = 30 },
      { requests = 100, seconds = 2, cpu_seconds = 0.002, peak_kib = 20 },
    }
    assert.are.equal(50, summary.rate)
    assert.are.equal(20, math.floor(summary.cpu_us + 0.5))
    assert.are.equal(20, summary.peak_kib)
    assert.are.same({ 25, 100 }, { summary.slowest, summary.fastest })
    assert.is_nil(statistics.summarise {})
  end)

  it("compare rows as a goal says", function()
    local summaries = {
      ours = { rounds = { { rate = 30, cpu_us = 5 }, { rate = 12, cpu_us = 7 } } },
      theirs = { rounds = { { rate = 20, cpu_us = 4 }, { rate = 16, cpu_us = 6 } } },
    }
    local figures = { some = 7 }
    local function value(goal)
      return statistics.value(goal, summaries, figures)
    end
    assert.are.equal((1.5 + 0.75) / 2, value { figure = "rate", of = "ours", over = "theirs" })
    assert.are.equal(1, value { figure = "cpu_us", of = "ours", less = "theirs" })
    assert.are.equal(7, value { of = "some" })
    assert.is_nil(value { figure = "rate", of = "ours", over = "absent" })
    assert.is_nil(value { figure = "rate", of = "absent", less = "ours" })
    assert.is_nil(value { of = "absent" })
  end)

  it("judge a goal at its limit as held", function()
    local verdict = statistics.verdict
    assert.are.equal("holds", verdict({ at_least = 1 }, 1))
    assert.are.equal("missed", verdict({ at_least = 1 }, 0.999))
    assert.are.equal("holds", verdict({ at_most = 3 }, 3))
    assert.are.equal("missed", verdict({ at_most = 3 }, 3.001))
    assert.are.equal("not measured", verdict({ at_most = 3 }, nil))
  end)
end)

describe("the benchmark's goals", function()
  it("name rows and figures that exist", function()
    local known = {}
    for _, row in ipairs(rows.list()) do
      assert.is_nil(known[row.id], row.id)
      known[row.id] = true
    end
    for _, fields in ipairs(require("spec.bench.figures").TITLES) do
      known[fields[1]] = true
    end
    for _, goal in ipairs(rows.GOALS) do
      local other = goal.over or goal.less
      assert.is_true(known[goal.of], goal.of)
      assert.is_true(other == nil or known[other], other)
      assert.is_true((goal.figure ~= nil) == (other ~= nil), goal.title)
      assert.is_true((goal.at_least or goal.at_most) ~= nil, goal.title)
    end
  end)

  it("are reported with their verdicts, and what was not measured as such", function()
    local row = rows.list("^many%-h2%-64$")[1]
    local sample = { requests = 10, seconds = 1, cpu_seconds = 1, peak_kib = 1024 }
    local found = report.gather(
      { { row = row, samples = { sample } } },
      { require_ms = 2 },
      { date = "today", facts = { "a machine" } }
    )
    local verdicts = {}
    for _, goal in ipairs(found.goals) do
      verdicts[goal.verdict] = (verdicts[goal.verdict] or 0) + 1
    end
    assert.are.same({ missed = 1, ["not measured"] = #rows.GOALS - 1 }, verdicts)
    assert.truthy(report.markdown(found):find("≤ 1 ms | 2.00 ms | **missed** |", 1, true))
  end)
end)
