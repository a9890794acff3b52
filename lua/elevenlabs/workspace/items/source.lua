--- A source: a bulk run, or a loop of the user's, reads its items one by one.

-- luacheck: no unused args (these methods do nothing: a kind of source defines its own)

local M = {}

--- Why a row, a line or an entry is not an item.
---@class elevenlabs.workspace.ItemProblem
---@field message string One line that names the place.
---@field field string|nil The field at fault.

--- A stream of items, from a function of `items`, for one run or one loop. The source of a file keeps
--- one row in memory. `for item in source do` reads the items. If a row, a line or an entry is no item,
--- the loop raises an error that names the place: nothing is skipped. The loop does not check what a
--- call checks.
---@class elevenlabs.workspace.Source
---@operator call: elevenlabs.workspace.Item|nil
---@field count integer|nil How many items there are, as soon as that is known.
---@field at_least integer|nil How many items are known so far, if there may be more.
--- True if a person may have written the source: a run checks all of it first.
---@field is_file boolean|nil
---@field taken_by "run"|"loop"|nil Who reads the source.
local Source = { __name = "elevenlabs.workspace.source" }

--- Read the next item.
---@return elevenlabs.workspace.Item|nil # nil at the end
---@return elevenlabs.workspace.ItemProblem|nil # why a row is not an item; reading may go on
function Source:next()
  return nil
end

--- The place of the item that `next` gave last, as people count: "leavers.csv, line 17, column 3
--- (resource_type)".
---@param field string|nil The field whose column is meant.
---@return string|nil # nil if the source has no places
function Source:place(field)
  return nil
end

--- Go back to the first item.
---@return boolean # false if that is not possible, as for a pipe or a function
function Source:rewind()
  return false
end

--- Say whether `next` returns at once. A pipe that an event loop reads may have no item yet.
---@return boolean
function Source:is_ready()
  return true
end

--- Leave a field out of all items. Arrays, functions and products keep the field.
---@param field string The name of the field.
function Source:ignore(field) end

--- The ignored fields that a row had so far.
---@return string[]|nil # nil if there are none
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
