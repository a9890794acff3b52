--- Shows people how a bulk run goes: a line that is redrawn on a terminal, or a line every 10 s.

local terminal = require "elevenlabs.workspace.cli.terminal"

local M = {}

local BAR_WIDTH = 24
local REDRAW_MS, PLAIN_MS = 100, 10000
local RATE_MS = 5000 -- the time over which the rate is measured

local on_screen -- the display that drew the line on the terminal

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
    samples = {}, -- { elapsed_ms, sent } of the last RATE_MS, oldest first
    drawn = false,
  }, Display)
end

--- A display on standard error.
---@param has_lines boolean|nil the command prints lines meanwhile. If a terminal shows both, no bar
--- is drawn among the lines
---@return elevenlabs.workspace.ProgressDisplay
function M.on_stderr(has_lines)
  local is_drawn = terminal.is_terminal(2)
    and not (has_lines and terminal.is_terminal(1))
    and os.getenv "TERM" ~= "dumb"
  return M.new {
    terminal = is_drawn,
    color = is_drawn and (os.getenv "NO_COLOR" or "") == "",
    width = terminal.width,
    write = function(text)
      io.stderr:write(text)
    end,
  }
end

-- ---- the figures

--- Items a second that an earlier run had not confirmed: lately, or over the whole run at its end and
--- at the first figure.
local function rate(self, progress)
  local samples, sent = self.samples, progress.total - progress.already_confirmed
  samples[#samples + 1] = { progress.elapsed_ms, sent }
  while #samples > 2 and samples[2][1] <= progress.elapsed_ms - RATE_MS do
    table.remove(samples, 1)
  end
  local first = samples[1]
  local ms = progress.elapsed_ms - first[1]
  if progress.over or ms <= 0 then
    return sent * 1000 / math.max(1, progress.elapsed_ms)
  end
  return (sent - first[2]) * 1000 / ms
end

---@param seconds number
---@return string "15 ms", "41 s", "3:07 min", "2:05 h"
function M.duration(seconds)
  if seconds < 1 then
    return ("%d ms"):format(math.ceil(seconds * 1000))
  end
  seconds = math.ceil(seconds)
  if seconds < 60 then
    return ("%d s"):format(seconds)
  elseif seconds < 3600 then
    return ("%d:%02d min"):format(math.floor(seconds / 60), seconds % 60)
  end
  local minutes = math.ceil(seconds / 60)
  return ("%d:%02d h"):format(math.floor(minutes / 60), minutes % 60)
end

--- A time to come in whole seconds. Milliseconds would change faster than people read.
local function whole_duration(seconds)
  return M.duration(math.max(1, seconds))
end

local function bar(share)
  local full = math.floor(share * BAR_WIDTH)
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR_WIDTH - full) .. "]"
end

local function share_of(progress)
  if not progress.count or progress.count == 0 then
    return nil
  end
  return math.min(1, (progress.total + progress.duplicates) / progress.count)
end

local function position(progress)
  local share = share_of(progress)
  if not progress.count and progress.at_least and not progress.over then
    return ("%d of at least %d"):format(progress.total, progress.at_least)
  elseif not share then
    return ("%d items"):format(progress.total)
  end
  local done = progress.total + progress.duplicates
  return ("%d/%d %d%%"):format(done, progress.count, math.floor(share * 100))
end

local function remaining(progress, per_second)
  if not progress.count or per_second == 0 or progress.over then
    return nil
  end
  local left = progress.count - progress.total - progress.duplicates
  return whole_duration(left / per_second) .. " left"
end

--- The counts of failures; nil if there are none.
local function failures(progress)
  local parts = {}
  for _, name in ipairs { "refused", "unconfirmed", "not_sent" } do
    if progress[name] > 0 then
      parts[#parts + 1] = ("%s %d"):format(name, progress[name])
    end
  end
  return parts[1] and table.concat(parts, " ")
end

local function pause(progress)
  return progress.paused_ms > 0
    and not progress.over
    and "pausing " .. whole_duration(progress.paused_ms / 1000)
end

--- The parts of the line in the order in which they are shown. If the terminal is narrow, the part
--- with the highest rank is left out first.
local function parts_of(self, progress, last_error)
  local per_second = rate(self, progress)
  local share = self.terminal and share_of(progress)
  return {
    { rank = 8, text = share and bar(share), tight = true },
    { rank = 2, text = position(progress) },
    { rank = 1, text = failures(progress), is_bad = true },
    { rank = 7, text = ("%.0f/s"):format(per_second) },
    { rank = 6, text = remaining(progress, per_second) },
    { rank = 5, text = pause(progress) },
    { rank = 3, text = not progress.over and progress.why or nil, may_be_cut = true },
    { rank = 10, text = ("window %d"):format(progress.window) },
    { rank = 9, text = ("retries %d"):format(progress.retries) },
    { rank = 4, text = last_error or nil, is_bad = true, may_be_cut = true },
  }
end

-- ---- showing them

local MIN_CUT = 12 -- characters of an error that still say something

--- Choose the parts that fit into the columns, in the order of their ranks. An error may be cut.
local function choose(parts, columns)
  local by_rank = {}
  for _, part in ipairs(parts) do
    if part.text then
      by_rank[#by_rank + 1] = part
    end
  end
  table.sort(by_rank, function(a, b)
    return a.rank < b.rank
  end)
  local left = columns
  for i, part in ipairs(by_rank) do
    local gap = i > 1 and 2 or 0
    local room = left - gap
    if #part.text > room and (part.may_be_cut and room >= MIN_CUT or i == 1) then
      part.text = part.text:sub(1, math.max(0, room)):gsub("[\192-\247][\128-\191]*$", "")
    end
    part.is_shown = #part.text <= room
    left = part.is_shown and room - #part.text or left
  end
end

local function line_of(self, parts)
  local line = ""
  for _, part in ipairs(parts) do
    if part.text and part.is_shown then
      local text = part.is_bad and self.color and "\27[31m" .. part.text .. "\27[0m" or part.text
      line = line .. text .. (part.tight and " " or "  ")
    end
  end
  return (line:gsub(" +$", ""))
end

--- Show the progress, if it is time.
---@param progress elevenlabs.workspace.Progress
---@param last_error string|nil why the last request failed, if none succeeded since
function Display:update(progress, last_error)
  if progress.elapsed_ms < self.next_ms and not progress.over then
    return
  end
  self.next_ms = progress.elapsed_ms + (self.terminal and REDRAW_MS or PLAIN_MS)
  local parts = parts_of(self, progress, last_error)
  choose(parts, self.terminal and self.width() - 1 or math.huge)
  local line = line_of(self, parts)
  if self.terminal then
    self.write("\r" .. line .. "\27[K")
    self.drawn, on_screen = true, self
  else
    self.write(line .. "\n")
  end
end

--- End the drawn line, so that other text can be written.
function Display:finish()
  if self.drawn then
    self.write "\n"
    self.drawn = false
  end
end

--- End the line that any display drew.
function M.end_line()
  if on_screen then
    on_screen:finish()
  end
end

return M
