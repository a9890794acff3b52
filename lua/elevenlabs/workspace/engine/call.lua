--- A call: what the engine keeps of it, and what its owner may ask.

local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local resources = require "elevenlabs.workspace.answer.resource"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- A call under way, from `client:start`. `print` shows a call on one line.
---@class elevenlabs.workspace.Call
local Call = {}
Call.__index = Call
Call.__name = "elevenlabs.workspace.call"
Call.__concat = texts.concat
-- Most calls never differ from these, and read them through the metatable. To set one in a call may
-- allocate, and so may raise: set it before any change that cannot be undone.
Call.max_attempts = false -- if its group's is not right
Call.due_ms = 0 -- when it may be sent; 0: at once
Call.counted = 0 -- attempts, as its group counts them
Call.verdict = false -- on the last attempt, while the call backs off
Call.key_probed = false -- its key was refused, and the call was sent once more
Call.perhaps_applied = false -- by an earlier attempt, or in an earlier run
Call.is_parents = false -- the process that began it has forked, and this is the child
Call.stopped = false -- why the client ends it, while its attempt is in flight

--- A call that is in no list yet. Its fields are allocated here, because to set them later must not
--- raise.
---@param engine elevenlabs.workspace.Engine
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@param request any what the core sends
---@param group elevenlabs.workspace.CallGroup
---@param now number ms
---@return elevenlabs.workspace.Call
function M.new(engine, op, args, request, group, now)
  return setmetatable({
    engine = engine,
    number = 0, -- within the client, once it is queued
    op = op,
    args = args,
    request = request,
    group = group,
    started_ms = now,
    state = "new",
    attempts = 0,
    slot = false, -- of the attempt in flight
    ending = false, -- the receipt or error
    next = false, -- in the list that its state stands for
    previous = false,
    deadline = nil, -- of a single call
    warning = nil,
  }, Call)
end

--- Say whether the call has ended.
---@return boolean
function Call:done()
  names.check_self(self, "call:done()")
  return self.state == "done"
end

--- Ask the call to end. The call is done after one of the next steps. An answer that came before
--- stands.
function Call:cancel()
  names.check_self(self, "call:cancel()")
  self.engine:cancel(self)
end

local STATES = {
  new = "waits to be queued",
  queued = "waits to be sent",
  in_flight = "in flight",
  backing_off = "waits to be sent again",
}

function Call.__tostring(self)
  local args = self.args
  local what = events.describe_call(self.number, self.op, args.resource_type, args.resource_id)
  local state = self.state == "done" and tostring(self.ending) or STATES[self.state]
  return texts.one_line(("%s: %s"):format(what, state))
end

--- The result of the call. If the call is not done, the client's driver waits for it.
---@return elevenlabs.workspace.Receipt|elevenlabs.workspace.Resource|nil # of "get" a resource
---@return elevenlabs.workspace.Error|nil
function Call:result()
  names.check_self(self, "call:result()")
  local why = self.state ~= "done" and self.engine:wait(function()
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
