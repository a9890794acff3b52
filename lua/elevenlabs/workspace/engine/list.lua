--- A list whose values hold their own links, `next` and `previous`. A value is in one list at most.
--- No function here allocates, so a value is never lost between two lists.

local M = {}

---@class elevenlabs.workspace.List
---@field first table|false
---@field last table|false

---@return elevenlabs.workspace.List
function M.new()
  return { first = false, last = false }
end

---@param after table|false a value of the list; false: put it first
function M.insert_after(list, value, after)
  local following = list.first
  if after then
    following = after.next
    after.next = value
  else
    list.first = value
  end
  if following then
    following.previous = value
  else
    list.last = value
  end
  value.previous, value.next = after, following
end

function M.append(list, value)
  M.insert_after(list, value, list.last)
end

--- The last value that is due then or before, in a list whose soonest is first; false: there is none.
---@return table|false
function M.last_due(list, due_ms)
  local value = list.last
  while value and value.due_ms > due_ms do
    value = value.previous
  end
  return value
end

function M.remove(list, value)
  local previous, following = value.previous, value.next
  if previous then
    previous.next = following
  else
    list.first = following
  end
  if following then
    following.previous = previous
  else
    list.last = previous
  end
  value.previous, value.next = false, false
end

--- Take all values.
---@return table|false first the others follow by `next`
function M.take_all(list)
  local first = list.first
  list.first, list.last = false, false
  return first
end

return M
