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

local function link(list, previous, value, following)
  value.previous, value.next = previous, following
  if previous then
    previous.next = value
  else
    list.first = value
  end
  if following then
    following.previous = value
  else
    list.last = value
  end
end

function M.append(list, value)
  local last = list.last
  value.previous, value.next = last, false
  if last then
    last.next = value
  else
    list.first = value
  end
  list.last = value
end

--- Add a value by its `due_ms`: the soonest is first. The value comes behind those of the same time.
function M.insert_by_due(list, value)
  local before = list.last
  while before and before.due_ms > value.due_ms do
    before = before.previous
  end
  local following = list.first
  if before then
    following = before.next
  end
  link(list, before, value, following)
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
