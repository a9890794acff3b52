--- The deadlines of single calls, in a list whose soonest is first. Each call may have another
--- length.

local lists = require "elevenlabs.workspace.engine.list"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- A call's deadline. A deadline holds its own links, so to add it and to drop it cannot raise.
---@class elevenlabs.workspace.Deadline
---@field call elevenlabs.workspace.Call
---@field due_ms number by the engine's clock
---@field length_ms number as the user gave it
---@field is_listed boolean
---@field next elevenlabs.workspace.Deadline|false
---@field previous elevenlabs.workspace.Deadline|false

---@param call elevenlabs.workspace.Call
---@param length_ms number
---@return elevenlabs.workspace.Deadline
function M.new(call, length_ms)
  return {
    call = call,
    due_ms = call.started_ms + length_ms,
    length_ms = length_ms,
    is_listed = false,
    next = false,
    previous = false,
  }
end

--- Most calls have one length. So the place is looked for from the back.
---@param list elevenlabs.workspace.List
---@param deadline elevenlabs.workspace.Deadline
function M.add(list, deadline)
  if not deadline.is_listed then
    lists.insert_after(list, deadline, lists.last_due(list, deadline.due_ms))
    deadline.is_listed = true
  end
end

---@param list elevenlabs.workspace.List
---@param deadline elevenlabs.workspace.Deadline
function M.drop(list, deadline)
  if deadline.is_listed then
    lists.remove(list, deadline)
    deadline.is_listed = false
  end
end

--- "deadline_ms (300)", as messages name it.
---@param deadline elevenlabs.workspace.Deadline
---@return string
function M.describe(deadline)
  return ("deadline_ms (%s)"):format(texts.number(deadline.length_ms))
end

return M
