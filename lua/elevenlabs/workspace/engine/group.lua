--- A call group: rules for sending its calls again, and what their owner is told. The calls of a
--- bulk run are one group. The single calls of a client are another.

local M = {}

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
--- Calls that are done, until their owner takes them: { first, last }, linked by `next_ended`. A
--- list of links needs no memory when a call ends.
---@field ended nil|table
---@field retries integer attempts that were followed by another of the same call
---@field stopped table|false { reason, message }: its calls are sent no more
---@field on_verdict nil|fun(verdict: table) told of each attempt's end

---@param fields table of elevenlabs.workspace.CallGroup
---@return elevenlabs.workspace.CallGroup
function M.new(fields)
  fields.started, fields.finished, fields.backing_off, fields.retries = 0, 0, 0, 0
  fields.stopped = false
  return fields
end

--- The group counts its calls that back off, so each change of that state is made here.
---@param call elevenlabs.workspace.Call
function M.start_backoff(call)
  call.state, call.group.backing_off = "backing_off", call.group.backing_off + 1
end

--- The caller sets the next state.
---@param call elevenlabs.workspace.Call
function M.end_backoff(call)
  call.group.backing_off = call.group.backing_off - 1
end

--- Add a call that is done. Needs no memory.
---@param ended table of a group
---@param call elevenlabs.workspace.Call
function M.put_ended(ended, call)
  if ended.last then
    ended.last.next_ended = call
  else
    ended.first = call
  end
  ended.last = call
end

return M
