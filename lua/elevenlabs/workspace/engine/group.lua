--- A call group: rules for sending its calls again, and what their owner is told. The calls of a
--- bulk run are one group. The single calls of a client are another.

local receipts = require "elevenlabs.workspace.receipt"

local M = {}

--- The ending of a confirmed call of which nobody wants the receipt. It is shared: nobody may get it.
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
--- Calls that are done, until their owner takes them. Confirmed calls of which nobody wants the
--- receipt are counted instead.
---@field ended nil|elevenlabs.workspace.List
---@field counted integer calls whose ending is CONFIRMED
---@field stopped table|false { reason, message }: its calls are sent no more
---@field rules nil|elevenlabs.workspace.StopRules told of each attempt's end; may stop the group
---@field keeps_receipts boolean false: nobody looks at the receipts of confirmed calls

---@param fields table of elevenlabs.workspace.CallGroup
---@return elevenlabs.workspace.CallGroup
function M.new(fields)
  fields.started, fields.finished, fields.backing_off = 0, 0, 0
  fields.attempts, fields.retries, fields.counted = 0, 0, 0
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
