local progress = require "elevenlabs.workspace.cli.progress"

local function seen(changes)
  local all = {
    count = 1000,
    total = 500,
    already_confirmed = 0,
    duplicates = 0,
    refused = 0,
    unconfirmed = 0,
    not_sent = 0,
    retries = 0,
    window = 12,
    elapsed_ms = 10000,
    paused_ms = 0,
    over = false,
  }
  for name, value in pairs(changes or {}) do
    all[name] = value
  end
  return all
end

--- What is written for these, joined.
local function show(options, ...)
  local written = {}
  local display = progress.new {
    write = function(text)
      written[#written + 1] = text
    end,
    terminal = options.terminal ~= false,
    color = options.color or false,
    width = function()
      return options.width or 200
    end,
  }
  for _, changes in ipairs { ... } do
    display:update(seen(changes))
  end
  if options.finish then
    display:finish()
  end
  return table.concat(written)
end

describe("progress", function()
  it("draws one line anew on a terminal", function()
    assert.are.equal(
      "\r[............] 0/4 0%  0/s  window 12  retries 0\27[K"
        .. "\r[######......] 2/4 50%  2/s  1 s left  window 12  retries 3\27[K\n",
      (show(
        { finish = true },
        { count = 4, total = 0, elapsed_ms = 0 },
        { count = 4, total = 2, elapsed_ms = 1000, retries = 3 }
      ):gsub("%[([#.]+)%]", function(bar)
        return "[" .. bar:gsub("(.).", "%1") .. "]"
      end))
    )
  end)

  it("is a line every ten seconds elsewhere, and at the end", function()
    local text = show(
      { terminal = false },
      { elapsed_ms = 100 },
      { elapsed_ms = 10000 },
      { elapsed_ms = 10100 },
      { elapsed_ms = 12000, over = true, total = 1000 }
    )
    local lines = {}
    for line in text:gmatch "([^\n]*)\n" do
      lines[#lines + 1] = line:match "%d+/1000"
    end
    assert.are.same({ "500/1000", "1000/1000" }, lines)
  end)

  it("counts items if it is not known how many there are", function()
    assert.matches("\r500 items  ", show({}, { count = false }))
  end)

  it("says how many are known, until it is known how many there are", function()
    local text = show(
      {},
      { count = false, at_least = 700 },
      { elapsed_ms = 11000, at_least = 1000 },
      { elapsed_ms = 12000, count = false, at_least = 700, over = true }
    )
    assert.matches("^\r500 of at least 700  50/s  window", text)
    assert.matches("\r%[[^\r]*500/1000 50%%[^\r]*\r500 items", text)
  end)

  it("measures the last seconds, without what was known before", function()
    local text = show(
      {},
      { elapsed_ms = 0, total = 300, already_confirmed = 300 },
      { elapsed_ms = 1000, total = 400, already_confirmed = 300 },
      { elapsed_ms = 7000, total = 1000, already_confirmed = 300 }
    )
    assert.matches("  100/s  ", text, 1, true)
    assert.matches("1000/1000 100%%  100/s", text)
  end)

  it("tells of failures, in red if there are colours", function()
    local failures = { refused = 2, not_sent = 1 }
    assert.matches("50%%  refused 2 not_sent 1  ", show({}, failures))
    assert.matches("\27[31mrefused 2 not_sent 1\27[0m", show({ color = true }, failures), 1, true)
  end)

  it("tells of a pause", function()
    assert.matches("pausing 13 s", show({}, { paused_ms = 12100 }))
    assert.is_nil(show({}, { paused_ms = 0 }):find "paus")
  end)

  it("says why a limit lets nothing through, but at the end", function()
    local why = { why = "the limit's store is out of reach: no route" }
    assert.matches("out of reach: no route", show({}, why), 1, true)
    assert.matches("500/1000 50%%  the limit's store is out\27", show({ width = 40 }, why))
    why.over = true
    assert.is_nil(show({}, why):find("reach", 1, true))
  end)

  it("ends the line that is on the screen for other text", function()
    local shown = ""
    local display = progress.new {
      write = function(text)
        shown = shown .. text
      end,
      terminal = true,
      width = function()
        return 80
      end,
    }
    progress.end_line()
    assert.are.equal("", shown)
    display:update(seen())
    progress.end_line()
    progress.end_line()
    assert.matches("\27%[K\n$", shown)
  end)

  it("case 24: leaves out the least important first, and failures last", function()
    local failures = { refused = 2, not_sent = 1, paused_ms = 1200 }
    for width, line in pairs {
      [10] = "refused 2",
      [20] = "refused 2 not_sent",
      [30] = "refused 2 not_sent 1  50/s",
      [40] = "500/1000 50%  refused 2 not_sent 1",
      [60] = "500/1000 50%  refused 2 not_sent 1  10 s left  pausing 2 s",
      [100] = "[############............] 500/1000 50%  refused 2 not_sent 1  50/s  10 s left"
        .. "  pausing 2 s",
      [200] = "[############............] 500/1000 50%  refused 2 not_sent 1  50/s  10 s left"
        .. "  pausing 2 s  window 12  retries 0",
    } do
      local shown = show({ width = width }, failures):match "\r(.*)\27%[K"
      assert.is_true(#shown < width, width)
      assert.are.equal(line, shown, width)
    end
  end)

  it("case 25: shows the last error", function()
    local written = {}
    local display = progress.new {
      write = function(text)
        written[#written + 1] = text
      end,
      terminal = true,
      width = function()
        return 60
      end,
    }
    display:update(seen { confirmed = 0 }, "could not connect to the server")
    assert.matches("500/1000 50%%  [^\n]*could not connect to the server", written[1])
  end)

  it("writes durations as people do", function()
    local texts = {}
    for i, seconds in ipairs { 0, 0.015, 1, 59, 60, 187, 3599.5, 3600, 7500 } do
      texts[i] = progress.duration(seconds)
    end
    assert.are.same(
      { "0 ms", "15 ms", "1 s", "59 s", "1:00 min", "3:07 min", "1:00 h", "1:00 h", "2:05 h" },
      texts
    )
  end)
end)
