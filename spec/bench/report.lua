--- What a run found, for people and for programs: lines for the terminal, a Markdown table, a
--- chart and JSON.

local cjson = require "cjson"
local figures = require "spec.bench.figures"
local rows = require "spec.bench.rows"
local statistics = require "spec.bench.statistics"

local M = {}

--- 12,345
local function grouped(number)
  local text = ("%.0f"):format(number)
  local rest = text:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (rest:gsub("^,", ""))
end

--- Digits that mean something. Ratios have one more: 0.896 is not 0.90.
local function short(number)
  local size = math.abs(number)
  local form = size >= 100 and "%.0f" or size >= 10 and "%.1f" or size >= 2 and "%.2f" or "%.3f"
  return form:format(number)
end

local function describe_goal(goal)
  local sign, limit = "≥", goal.at_least
  if not limit then
    sign, limit = "≤", goal.at_most
  end
  return ("%s %g%s"):format(sign, limit, goal.unit and " " .. goal.unit or "")
end

--- Everything a report shows, as one table.
---@param results table[] of rounds.measure
---@param values table<string, number> of figures.measure
---@param header table { machine, versions, date, rounds }
---@return table
function M.gather(results, values, header)
  local report = { header = header, rows = {}, goals = {}, figures = values }
  local summaries = {}
  for i, result in ipairs(results) do
    local summary = statistics.summarise(result.samples)
    summaries[result.row.id] = summary
    report.rows[i] = {
      id = result.row.id,
      title = result.row.title,
      is_ours = result.row.program == "ours",
      note = result.failed and "failed: " .. result.failed or result.skipped,
      summary = summary,
      samples = result.samples,
    }
  end
  for i, goal in ipairs(rows.GOALS) do
    local value = statistics.value(goal, summaries, values)
    report.goals[i] = {
      title = goal.title,
      goal = describe_goal(goal),
      value = value,
      unit = goal.unit,
      verdict = statistics.verdict(goal, value),
    }
  end
  return report
end

-- ---- the terminal

--- One measurement's line.
function M.sample_line(result, sample)
  local told = result.skipped or result.failed
  if not told then
    local one = statistics.summarise { sample }
    told = ("%9s/s %8s us CPU %8s KiB"):format(
      grouped(one.rate),
      short(one.cpu_us),
      grouped(one.peak_kib)
    )
  end
  return ("  %-20s %s"):format(result.row.id, told)
end

-- ---- Markdown

local function add(lines, form, ...)
  lines[#lines + 1] = form:format(...)
end

local function add_header(lines, header)
  add(lines, "# Benchmark, %s", header.date)
  add(lines, "")
  for _, fact in ipairs(header.facts) do
    add(lines, "- %s", fact)
  end
end

local function add_goals(lines, goals)
  add(lines, "\n## Goals\n\n| ratio or figure | goal | measured | |\n|---|---|---:|---|")
  for _, goal in ipairs(goals) do
    local value = goal.value and short(goal.value) .. (goal.unit and " " .. goal.unit or "") or ""
    local verdict = goal.verdict == "missed" and "**missed**" or goal.verdict
    add(lines, "| %s | %s | %s | %s |", goal.title, goal.goal, value, verdict)
  end
end

local function add_rows(lines, list)
  add(lines, "\n## Rows\n\nMedians of the rounds.\n")
  add(lines, "| row | requests/s | slowest to fastest | CPU us/request | peak MiB |")
  add(lines, "|---|---:|---:|---:|---:|")
  for _, row in ipairs(list) do
    local s = row.summary
    if s and not row.note then
      local spread = grouped(s.slowest) .. " to " .. grouped(s.fastest)
      local rate, cpu, mib = grouped(s.rate), short(s.cpu_us), short(s.peak_kib / 1024)
      add(lines, "| %s | %s | %s | %s | %s |", row.title, rate, spread, cpu, mib)
    else
      add(lines, "| %s | %s | | | |", row.title, row.note or "not measured")
    end
  end
end

local function add_figures(lines, values)
  add(lines, "\n## Figures\n\n| | | |\n|---|---:|---|")
  for _, fields in ipairs(figures.TITLES) do
    local value = values[fields[1]]
    add(lines, "| %s | %s | %s |", fields[2], value and short(value) or "", fields[3])
  end
end

---@param report table of `gather`
---@return string
function M.markdown(report)
  local lines = {}
  add_header(lines, report.header)
  add_goals(lines, report.goals)
  add_rows(lines, report.rows)
  add_figures(lines, report.figures)
  return table.concat(lines, "\n") .. "\n"
end

-- ---- the chart: requests a second, one bar for each row that has a figure

local SVG = [[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img"
  aria-label="Requests a second, by client">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .fact { fill: #57606a }
  .ours { fill: #1f6feb }
  .other { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .fact { fill: #8d96a0 }
    .ours { fill: #4493f8 }
    .other { fill: #565f69 }
  }
</style>
<text class="title" x="16" y="28">Requests a second (medians; blue: elevenlabs-workspace)</text>
<text class="fact" x="16" y="50">%s</text>
%s
</svg>
]]

local WIDTH, LEFT, TOP, STEP, BAR, LONGEST = 1040, 560, 72, 24, 16, 380

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape(text)
  return (text:gsub('[&<>"]', ENTITIES))
end

local LABEL = '<text x="%d" y="%d" text-anchor="end">%s</text>'
local RECT = '<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>'
local FIGURE = '<text x="%.1f" y="%d">%s</text>'

local function bar(row, number, most)
  local y, rate = TOP + (number - 1) * STEP, row.summary.rate
  local length, lines = rate / most * LONGEST, {}
  add(lines, LABEL, LEFT - 10, y + 13, escape(row.title))
  add(lines, RECT, row.is_ours and "ours" or "other", LEFT, y, length, BAR)
  add(lines, FIGURE, LEFT + length + 6, y + 13, grouped(rate))
  return table.concat(lines, "\n")
end

---@param report table of `gather`
---@return string
function M.svg(report)
  local bars, shown, most = {}, {}, 1
  for _, row in ipairs(report.rows) do
    if row.summary then
      shown[#shown + 1], most = row, math.max(most, row.summary.rate)
    end
  end
  for i, row in ipairs(shown) do
    bars[i] = bar(row, i, most)
  end
  local height = TOP + #bars * STEP + 12
  local fact = escape(report.header.facts[1] .. "; " .. report.header.date)
  return SVG:format(WIDTH, height, WIDTH, height, fact, table.concat(bars, "\n"))
end

-- ---- files

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- Write bench.md, bench.svg and bench.json there.
---@param report table of `gather`
---@param folder string
function M.write(report, folder)
  write(folder .. "/bench.md", M.markdown(report))
  write(folder .. "/bench.svg", M.svg(report))
  write(folder .. "/bench.json", cjson.encode(report))
end

return M
