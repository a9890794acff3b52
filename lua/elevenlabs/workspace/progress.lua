--- How a bulk run goes, for people: one line that is drawn anew on a terminal, a line now and
--- then elsewhere.

local M = {}

local BAR_WIDTH = 24
local REDRAW_MS, PLAIN_MS = 100, 10000
local RATE_MS = 5000 -- the rate is that of so long

---@class elevenlabs.workspace.ProgressDisplay
local Display = {}
Display.__index = Display

---@param parts table { write = function(text), terminal = boolean, color = boolean,
--- width = function() -> columns of the terminal }
---@return elevenlabs.workspace.ProgressDisplay
function M.new(parts)
  return setmetatable({
    write = parts.write,
    terminal = parts.terminal,
    color = parts.color,
    width = parts.width,
    next_ms = parts.terminal and 0 or PLAIN_MS,
    samples = {}, -- { elapsed_ms, sent } of the last seconds, oldest first
    drawn = false,
  }, Display)
end

-- ---- the figures

--- Items a second, of those that were not known before: lately, or at the end in all.
local function rate(self, progress)
  if progress.over then
    local sent = progress.total - progress.already_confirmed
    return sent * 1000 / math.max(1, progress.elapsed_ms)
  end
  local samples = self.samples
  samples[#samples + 1] = { progress.elapsed_ms, progress.total - progress.already_confirmed }
  while #samples > 2 and samples[2][1] <= progress.elapsed_ms - RATE_MS do
    table.remove(samples, 1)
  end
  local first, last = samples[1], samples[#samples]
  local ms = last[1] - first[1]
  return ms > 0 and (last[2] - first[2]) * 1000 / ms or 0
end

---@param seconds number
---@return string "41 s", "3:07 min", "2:05 h"
function M.duration(seconds)
  seconds = math.ceil(seconds)
  if seconds < 60 then
    return ("%d s"):format(seconds)
  elseif seconds < 3600 then
    return ("%d:%02d min"):format(math.floor(seconds / 60), seconds % 60)
  end
  local minutes = math.ceil(seconds / 60)
  return ("%d:%02d h"):format(math.floor(minutes / 60), minutes % 60)
end

local function bar(share)
  local full = math.floor(share * BAR_WIDTH)
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR_WIDTH - full) .. "]"
end

local function position(self, progress)
  local count = progress.count
  if not count or count == 0 then
    return ("%d items"):format(progress.total)
  end
  local done = progress.total + progress.duplicates
  local share = math.min(1, done / count)
  local text = ("%d/%d %d%%"):format(done, count, math.floor(share * 100))
  return self.terminal and bar(share) .. " " .. text or text
end

local function remaining(progress, per_second)
  if not progress.count or per_second == 0 or progress.over then
    return nil
  end
  local left = progress.count - progress.total - progress.duplicates
  return M.duration(left / per_second) .. " left"
end

--- What went wrong so far, in red where there are colours.
local function failures(self, progress)
  local parts = {}
  for _, name in ipairs { "refused", "unconfirmed", "not_sent" } do
    if progress[name] > 0 then
      parts[#parts + 1] = ("%s %d"):format(name, progress[name])
    end
  end
  local text = table.concat(parts, " ")
  return text ~= "" and (self.color and "\27[31m" .. text .. "\27[0m" or text) or nil
end

local function describe(self, progress)
  local per_second = rate(self, progress)
  local parts = { position(self, progress), ("%.0f/s"):format(per_second) }
  parts[#parts + 1] = remaining(progress, per_second)
  parts[#parts + 1] = ("window %d"):format(progress.window)
  parts[#parts + 1] = ("retries %d"):format(progress.retries)
  parts[#parts + 1] = failures(self, progress)
  if progress.paused_ms > 0 and not progress.over then
    parts[#parts + 1] = "pausing " .. M.duration(progress.paused_ms / 1000)
  end
  return table.concat(parts, "  ")
end

-- ---- showing them

--- Cut to the terminal's width: a line that wraps cannot be drawn anew.
local function fit(text, width)
  local shown = text:gsub("\27%[%d*m", "")
  return #shown < width and text or shown:sub(1, width - 1)
end

--- For a run's `on_progress`.
---@param progress elevenlabs.workspace.Progress
function Display:update(progress)
  if progress.elapsed_ms < self.next_ms and not progress.over then
    return
  end
  self.next_ms = progress.elapsed_ms + (self.terminal and REDRAW_MS or PLAIN_MS)
  local line = describe(self, progress)
  if self.terminal then
    self.write("\r" .. fit(line, self.width()) .. "\27[K")
    self.drawn = true
  else
    self.write(line .. "\n")
  end
end

--- Leave the line, so that something else can be written.
function Display:finish()
  if self.drawn then
    self.write "\n"
    self.drawn = false
  end
end

return M
