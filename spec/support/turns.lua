--- A host that resumes a coroutine of ours and counts its own turns, and an engine whose driver yields
--- to such a host.

local worlds = require "spec.support.world"

local M = {}

--- As `world.new`, with a driver that yields.
---@param options table|nil parts of the engine to replace
---@return elevenlabs.workspace.Engine, table core, fun(ms: number) pass
function M.engine(options)
  local engine, core, pass
  local parts = {
    gives_turns = true,
    wait = function(done)
      engine:step(0)
      while not done() do
        coroutine.yield()
        engine:step(0)
      end
    end,
  }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  engine, core, pass = worlds.new(parts)
  return engine, core, pass
end

--- Run a function in a coroutine.
---@param f function
---@param in_turn nil|fun(turns: integer) what the host does in each of its turns
---@return integer turns of the host, ... two values that the function returned
function M.host(f, in_turn)
  local thread, turns = coroutine.create(f), 0
  local results = { coroutine.resume(thread) }
  while coroutine.status(thread) ~= "dead" do
    turns = turns + 1
    if in_turn then
      in_turn(turns)
    end
    results = { coroutine.resume(thread) }
  end
  assert(results[1], results[2])
  return turns, results[2], results[3]
end

return M
