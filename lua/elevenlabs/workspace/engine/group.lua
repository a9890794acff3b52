--- A call group: rules for sending its calls again, and what their owner is told. The calls of a
--- bulk run are one group. The single calls of a client are another.

local receipts = require "elevenlabs.workspace.receipt"

local M = {}

--- The ending of a confirmed call without a receipt of its own. All share it, so no user may get it.
M.CONFIRMED = receipts.new(200)

---@class elevenlabs.workspace.CallGroup
---@field max_attempts integer of each call
---@field counts_unsent boolean attempts that reached nobody count too
--- True: while the circuit is open, calls wait for a probe's success. False: calls that fail then
--- are not sent again.
---@field waits_out_outages boolean
---@field probes_key boolean a call whose key was refused is sent once more
---@field started integer how many calls it has
---@field finished integer how many of its calls are done
---@field backing_off integer how many of its calls back off
---@field attempts integer of all its calls
---@field retries integer attempts that were followed by another of the same call
---@field ended nil|elevenlabs.workspace.List calls that are done, until their owner takes them
---@field unlisted integer confirmed calls that are only counted
---@field stopped table|false { reason, message }: its calls are sent no more
---@field rules nil|elevenlabs.workspace.StopRules told of each attempt's end; may stop the group
--- Of confirmed calls: a receipt of each; or each with the ending CONFIRMED and its `request_id`; or
--- their number alone.
---@field keeps "receipts"|"calls"|"counts"

---@param fields table of elevenlabs.workspace.CallGroup
---@return elevenlabs.workspace.CallGroup
function M.new(fields)
  fields.started, fields.finished, fields.backing_off = 0, 0, 0
  fields.attempts, fields.retries, fields.unlisted = 0, 0, 0
  fields.stopped = false
  return fields
end

--- An attempt of a call ended.
---@param group elevenlabs.workspace.CallGroup
---@param verdict table
function M.see(group, verdict)
  if group.rules then
    group.stopped = group.stopped or group.rules:see(verdict) or false
  end
end

--- How many of its calls are not done.
---@param group elevenlabs.workspace.CallGroup
---@return integer
function M.count_open(group)
  return group.started - group.finished
end

--- True if all its calls are done, and its owner has taken them.
---@param group elevenlabs.workspace.CallGroup
---@return boolean
function M.is_empty(group)
  return group.started == group.finished and not group.ended.first
end

return M
