--- Turns of the host. Long work of ours waits now and then, so that the host's other work goes on. If
--- the caller cannot wait, or waits by holding its host up, the work goes on without a turn.

local errors = require "elevenlabs.workspace.error"
local yieldable = require "elevenlabs.workspace.driver.yieldable"

local M = {}

local WORK_MS = 5 -- of ours between two turns
local LOOK_EVERY = 16 -- small pieces of work: then the clock is read
local PAUSE_MS = 1 -- the shortest wait in which every host has a turn

--- Wait for so long. The wait ends early if the client is closed. The time begins at the driver's first
--- look. Before this look the driver makes a step. A step may take long, and gives the host no turn.
---@param engine elevenlabs.workspace.Engine
---@param ms number
---@param is_woken nil|fun(): boolean the wait ends early; whoever changes this announces it to the engine
---@return string|nil why not
function M.pause(engine, ms, is_woken)
  local timer, at = {}, nil
  local why = engine:wait(function()
    if engine.closed or (is_woken and is_woken()) then
      return true
    elseif at then
      return engine.now() >= at
    end
    at = engine.now() + ms
    engine:set_timer(timer, at)
    return false
  end)
  engine:set_timer(timer, nil)
  return why
end

--- For work without a turn.
---@return true
function M.none()
  return true
end

--- True if the host is to have a turn now.
---@param engine elevenlabs.workspace.Engine|nil
---@return boolean
function M.is_due(engine)
  return engine ~= nil and engine.gives_turns and engine.now() - engine.waited_ms >= WORK_MS
end

--- Give the host a turn if a turn is due.
---@param engine elevenlabs.workspace.Engine|nil nil: there is nothing to wait with
---@return true|nil
---@return elevenlabs.workspace.Error|nil if the client was closed in the turn
function M.give(engine)
  if not M.is_due(engine) then
    return true
  end
  engine.waited_ms = engine.now() -- if there is no waiting here, ask again after as much work
  if engine.closed or not yieldable.here() then
    return true
  end
  M.pause(engine, PAUSE_MS)
  return not engine.closed or nil, engine.closed and errors.closed() or nil
end

--- A function to be called after each small piece of long work: `give` without the cost of reading the
--- clock each time.
---@param engine elevenlabs.workspace.Engine|nil
---@return fun(): true|nil, elevenlabs.workspace.Error|nil
function M.giver(engine)
  if not (engine and engine.gives_turns) then
    return M.none
  end
  local pieces = 0
  return function()
    pieces = pieces + 1
    if pieces % LOOK_EVERY ~= 0 then
      return true
    end
    return M.give(engine)
  end
end

return M
