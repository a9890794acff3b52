--- A call under way: what the engine keeps of it, and what its owner may ask.

local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local resources = require "elevenlabs.workspace.answer.resource"
local stops = require "elevenlabs.workspace.engine.stop"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- A call under way, from `client:start`. `tostring` of it is one line.
---@class elevenlabs.workspace.Call
local Call = {}
Call.__index = Call
Call.__name = "elevenlabs.workspace.call"
Call.__concat = texts.concat
-- What most calls never are; read through the metatable. A call that has one of these for itself
-- may need memory for it, so that whoever sets it does so before anything that cannot be undone.
Call.counted = 0 -- attempts, as the policy counts them
Call.mask = false -- its key's, where a function gives the keys; else the engine's
Call.verdict = false -- on the last attempt, where there will be another
Call.confirming = false -- asks once more where the key was refused
Call.perhaps_applied = false -- by an earlier attempt, or an earlier run
Call.is_parents = false -- this process is a child of the one that began it
Call.stopped = false

--- A call that stands nowhere yet, with all fields that no later line may need memory for.
function M.new(self, op, args, policy, now)
  return setmetatable({
    engine = self,
    number = self.counts.calls + 1,
    op = op,
    args = args,
    policy = policy,
    started_ms = now,
    state = "new",
    attempts = 0,
    id = false,
    mark = false, -- the pace's, of the attempt in flight
    probe = false, -- of the attempt in flight: is it one that tries whether an outage is over?
    ending = false, -- its receipt or error
    next_ended = false,
    place = false, -- its run's
    deadline_ms = nil,
    warning = nil,
  }, Call)
end

--- Has it ended? Its result is there then.
---@return boolean
function Call:done()
  names.check_self(self, "call:done()")
  return self.state == "done"
end

--- Ask the call to end. It is done after one of the next steps, and says what is
--- then true: what was answered before stands.
function Call:cancel()
  names.check_self(self, "call:cancel()")
  stops.stop(self.engine, self, "cancelled")
end

local STATES = {
  waiting = "waits to be sent",
  starting = "is being sent",
  flying = "in flight",
  resting = "waits to be sent again",
}

function Call.__tostring(self)
  local args = self.args
  local what = events.describe_call(self.number, self.op, args.resource_type, args.resource_id)
  local state = self.state == "done" and tostring(self.ending) or STATES[self.state]
  return texts.one_line(("%s: %s"):format(what, state))
end

--- The call's result; where it is not done, the client's driver waits for it. Of a "get" it is
--- the resource.
---@return elevenlabs.workspace.Receipt|elevenlabs.workspace.Resource|nil
---@return elevenlabs.workspace.Error|nil
function Call:result()
  names.check_self(self, "call:result()")
  local why = self.state ~= "done" and self.engine.wait(function()
    return self.state == "done"
  end)
  if self.state ~= "done" then
    return nil, errors.new {
      kind = "invalid_argument",
      outcome = "unconfirmed",
      message = why or "the driver returned before the call was done",
      attempts = self.attempts,
    }
  elseif self.ending.outcome == "confirmed" then
    local is_resource = operations[self.op].answer == "resource"
    return is_resource and resources.new(self.ending.body) or self.ending
  end
  return nil, self.ending
end

return M
