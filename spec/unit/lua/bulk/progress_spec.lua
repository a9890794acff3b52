local fake = require "elevenlabs.workspace.sandbox.fake"
local progresses = require "elevenlabs.workspace.bulk.progress"
local reports = require "elevenlabs.workspace.bulk.report"

local function many(count)
  local list = {}
  for i = 1, count do
    list[i] = { resource_id = "id" .. i, resource_type = "voice", user_email = "a@example.com" }
  end
  return list
end

describe("progress", function()
  it("reads while the run goes, and at its end as the report", function()
    local seen = {}
    local report = fake.new():unshare_many(many(3), {
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
end)
