--- A source: a bulk run, or a loop of the user's, reads its items one by one.

-- luacheck: no unused args (these methods do nothing: a kind of source defines its own)

local M = {}

--- Why a row, a line or an entry is not an item.
---@class elevenlabs.workspace.ItemProblem
---@field message string one line that names the place
---@field field string|nil

--- A stream of items. The source of a file keeps one row in memory. `for item in source do` reads
--- the items too. If a row, a line or an entry is no item, the loop raises an error that names the
--- place: nothing is skipped. A source is for one run, or for one loop to its end: a second one is
--- told so. The loop does not check what a call checks.
---@class elevenlabs.workspace.Source
---@operator call: elevenlabs.workspace.Item|nil
---@field count integer|nil how many items there are, as soon as that is known
---@field at_least integer|nil how many items are known so far, if there may be more
---@field is_file boolean|nil a person may have written it: a run checks it first
---@field taken_by "run"|"loop"|nil who reads it
local Source = { __name = "elevenlabs.workspace.source" }

--- The next item. nil alone at the end. nil and a problem if something is not an item: reading may
--- go on.
---@return elevenlabs.workspace.Item|nil
---@return elevenlabs.workspace.ItemProblem|nil
function Source:next()
  return nil
end

--- The place of the item that `next` gave last, as people count: "leavers.csv, line 17, column 3
--- (resource_type)". nil if the source has no places.
---@param field string|nil
---@return string|nil
function Source:place(field)
  return nil
end

--- Go back to the first item. false if that is not possible, as for a pipe or an iterator.
---@return boolean
function Source:rewind()
  return false
end

--- True if `next` returns at once. A pipe that an event loop reads may have no item yet.
---@return boolean
function Source:is_ready()
  return true
end

--- Leave this field out of all items. Arrays, iterators and products keep it.
---@param field string
function Source:ignore(field) end

--- The ignored fields that a row had so far; nil if there are none.
---@return string[]|nil
function Source:ignored()
  return nil
end

--- Close the file, if there is one. `next` gives nothing from then on. May be called twice.
function Source:close() end

--- Take the source for a run. nil and why not, if somebody has read it: the run would find fewer
--- items, or none, and report success.
---@return true|nil
---@return string|nil
function M.take(self)
  if self.taken_by then
    local what = "these items were given to a %s before: make them anew"
    return nil, what:format(self.taken_by)
  end
  self.taken_by = "run"
  return true
end

--- One turn of a user's loop. nil would end the loop, so a problem is raised, as text: in some hosts
--- an error that is no text is not shown.
function Source:__call()
  if self.taken_by == "run" then
    error("these items were given to a run: make them anew", 2)
  elseif self.is_used_up then
    error("these items are used up: make them anew", 2)
  end
  self.taken_by = "loop"
  local item, problem = self:next()
  if problem then
    error(problem.message, 2)
  elseif not item then
    self.is_used_up = true
    self:close()
  end
  return item
end

--- A new kind of source, with the methods of all sources or of another kind.
---@param parent table|nil
---@return table
function M.kind(parent)
  local kind = {}
  for name, value in pairs(parent or Source) do
    kind[name] = value
  end
  kind.__index = kind
  return kind
end

--- The caller's own entry as an item; nil and a problem if it is not a table.
---@param number integer from 1
---@return elevenlabs.workspace.Item|nil
---@return elevenlabs.workspace.ItemProblem|nil
function M.entry(number, value)
  if type(value) == "table" then
    return value
  end
  local what = value == nil and "nil" or "a " .. type(value)
  return nil, { message = ("item %d is %s, not a table"):format(number, what) }
end

--- An error's message after the place of the source's last item.
---@return string
function M.at_place(source, err)
  local place = source:place(err.field)
  return (place and place .. ": " or "") .. err.message
end

---@return boolean
function M.is(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") == Source.__name
end

return M
