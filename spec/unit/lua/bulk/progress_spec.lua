local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local progresses = require "elevenlabs.workspace.bulk.progress"
local reports = require "elevenlabs.workspace.bulk.report"
local sources = require "elevenlabs.workspace.items.source"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item, many, run = support.always, support.item, support.many, support.run

describe("progress", function()
  it("reads while the run goes, and at its end as the report", function()
    local seen = {}
    local report = fake.new():unshare_many({ item(1), item(2), item(3) }, {
      on_progress = function(progress)
        seen[#seen + 1] = { tostring(progress), "p: " .. progress, progress }
      end,
    })
    assert.matches("^total %d of 3 confirmed 0 .*; %d in flight, 0 retries$", seen[1][1])
    assert.are.equal("p: " .. seen[1][1], seen[1][2])
    local last = seen[#seen]
    assert.are.same({ tostring(report), 3 }, { last[1], last[3].count })
  end)

  it("tells of a pause", function()
    local progress = progresses.new(reports.new({}, nil), {
      in_flight = 1,
      paused_ms = 1500,
      over = false,
    })
    assert.are.equal(
      "total 0 confirmed 0 refused 0 unconfirmed 0 not_sent 0; 1 in flight, 0 retries, "
        .. "paused for 1500 ms",
      tostring(progress)
    )
  end)

  it("says why a limit lets nothing through", function()
    local progress = progresses.new(reports.new({}, nil), {
      in_flight = 0,
      paused_ms = 0,
      why = "the limit's store is out of reach: no route",
    })
    assert.matches("0 retries; the limit's store is out of reach: no route$", tostring(progress))
  end)

  it("takes the source's count as soon as the source knows it", function()
    local source, given, seen = sources.kind(), 0, {}
    source.at_least = 1
    function source:next()
      given = given + 1
      self.at_least, self.count = 2, given == 2 and 2 or nil
      return given <= 2 and item(given) or nil
    end
    local engine = world.running(always {})
    local job = assert(bulk.start(engine, URL, "unshare", setmetatable({}, source), {
      max_concurrency = 1,
      on_result = function()
        engine.now = (function(now)
          return function()
            return now() + 200
          end
        end)(engine.now)
      end,
      on_progress = function(progress)
        seen[#seen + 1] = tostring(progress):match "^total [%d a-z]- confirmed"
      end,
    }))
    local report = assert(job:result())
    assert.are.same({ 2, 2 }, { report.count, job.count })
    assert.are.same({
      "total 0 of at least 2 confirmed",
      "total 1 of 2 confirmed",
      "total 2 confirmed",
    }, seen)
  end)

  it("tells its progress, ten times a second at most, and the end", function()
    local told = {}
    run(function(attempt, now)
      attempt.since = attempt.since or now
      return now - attempt.since >= 50 and {} or nil
    end, (many(1000)), {
      on_progress = function(progress)
        told[#told + 1] = progress
      end,
    })
    local last = told[#told]
    assert.are.same({ 1000, true, 0 }, { last.confirmed, last.over, last.held })
    assert.is_true(last.elapsed_ms / #told >= 90)
    assert.is_true(told[5].window >= 4 and told[5].held > 0)
  end)

  it("goes on if on_progress takes longer than the time between its calls", function()
    local engine = world.running(always {})
    local now, late, told = engine.now, 0, 0
    function engine.now()
      return now() + late
    end
    local report = bulk.start(engine, URL, "unshare", (many(10)), {
      on_progress = function()
        late, told = late + 150, told + 1
        assert(told < 100)
      end,
    }):result()
    assert.are.equal(10, report.confirmed)
  end)
end)
