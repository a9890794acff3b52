local reading = require "elevenlabs.workspace.offboard.reading"

local function covered(name, fields)
  local row = { name = name, listed = 1, complete = true }
  row.read, row.forbidden, row.not_found, row.failed = 1, 0, 0, 0
  for key, value in pairs(fields or {}) do
    row[key] = value
  end
  return row
end

local function found(coverage, unread)
  return { coverage = coverage, unread = unread or {}, without_list = { "avatars" }, report = {} }
end

--- What is known of a reading after its records were written and read.
local function through(...)
  local taken = reading.new { by = "plan", at = "now" }
  for _, record in ipairs(reading.records(...)) do
    taken:take(record)
  end
  return taken
end

describe("offboard reading", function()
  it("comes back from its records", function()
    local coverage = { covered("voice", { read = 3 }), covered("dubbing", { read = 4 }) }
    local residual = { kind = "creator", text = "creator of 1 resource" }
    local taken = through(found(coverage), { residual }, { { id = "zoe", count = 2 } })
    assert.are.same(coverage, { taken.coverage[1], taken.coverage[2] })
    assert.are.same({ 7, true }, { taken.read, taken.is_complete })
    assert.are.same({ "avatars" }, { taken.without_list[1] })
    assert.are.same({ residual }, { taken.residuals[1] })
    assert.are.same({ id = "zoe", count = 2 }, taken.unknown[1])
    assert.are.same({ "plan", "now" }, { taken.by, taken.at })
  end)

  it("is incomplete if a list or a resource could not be read, or its end is missing", function()
    local failed = covered("voice", { complete = false, why = "no permission" })
    assert.is_false(through(found { failed }, {}, {}).is_complete)
    assert.is_false(through(found { covered("voice", { failed = 1 }) }, {}, {}).is_complete)
    local taken = through(found({ covered "voice" }, { members = "no permission" }), {}, {})
    assert.are.same({ false, "no permission" }, { taken.is_complete, taken.unread.members })
    assert.is_false(reading.new({ by = "plan" }).is_complete)
  end)

  it("tells of a list that never names all like of a residual", function()
    local cut = covered("convai_crawl_jobs", {
      complete = false,
      by_nature = true,
      why = "recent jobs alone",
    })
    local taken = through(found { cut }, {}, {})
    assert.is_true(taken.is_complete)
    assert.are.same({
      kind = "unlisted",
      is_access = false,
      text = "the list convai_crawl_jobs is never complete (recent jobs alone)",
      next_step = "look for such resources in the web app, and plan again with --ids FILE",
    }, taken.residuals[1])
  end)
end)
