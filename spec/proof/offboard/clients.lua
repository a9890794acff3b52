--- A client of the library over the worlds' server. Waiting passes the machine's time at once, and
--- each request may be the last that the process makes.

local M = {}

local TOO_LARGE = "the answer is larger than 16 MiB"
local WRITE_ERROR, SEND_ERROR = 23, 56 -- of libcurl
local STEP_MS = 20
local MOST_IDLE_STEPS = 10000 -- while no time passes

--- The evidence of an attempt to which this is the answer.
local function evidence_of(evidences, attempt, answer)
  local fields = { slot = attempt.slot, status = answer.status, body = answer.body }
  if answer.lost then
    fields = {
      slot = attempt.slot,
      curl_code = SEND_ERROR,
      status = 0,
      head_ended = false,
      whole = false,
      body = "",
      message = "the connection was lost",
    }
  elseif answer.too_large then
    fields = { slot = attempt.slot, curl_code = WRITE_ERROR, body = "", message = TOO_LARGE }
  end
  return evidences.new(attempt.request.op, fields, attempt.key)
end

--- Nothing is in flight: go on to the time for which the engine waits.
local function idle(self, machine, timeout_ms)
  local at = math.min(self.wake_ms or math.huge, machine.now + (timeout_ms or 0))
  self.idle_steps = at > machine.now and 0 or self.idle_steps + 1
  assert(self.idle_steps < MOST_IDLE_STEPS, "the client steps again and again, and no time passes")
  machine:advance(at)
end

--- Answer some of what is in flight.
local function serve(self, world)
  local machine, evidences = world.machine, world.product.evidences
  local completions, left = {}, {}
  if world.weather.shuffles then
    world.random:shuffle(self.pending)
  end
  for i, attempt in ipairs(self.pending) do
    if i > 1 and world.weather.shuffles and world.random:chance(0.3) then
      left[#left + 1] = attempt
    elseif attempt.cancelled then
      completions[#completions + 1] = evidences.cancelled(attempt.request.op, attempt.slot)
    else
      local answer = world:answer(attempt.request)
      completions[#completions + 1] = evidence_of(evidences, attempt, answer)
    end
  end
  self.pending, self.idle_steps = left, 0
  machine:advance(machine.now + STEP_MS)
  return self.divide(completions)
end

--- Make a client.
---@param world table of world.lua
---@param options table { driver = nil, base_url = nil }
---@return elevenlabs.workspace.Client
function M.new(world, options)
  local client = world.product.fakes.new { api_key = "sk_sandbox_ada" }
  local core, machine = client.core, world.machine
  client.base_url = options.base_url or client.base_url
  core.idle_steps = 0
  function core:wake_at(ms)
    self.wake_ms = ms
  end
  function core:step(timeout_ms)
    if #self.pending == 0 then
      idle(self, machine, timeout_ms)
      return self.divide {}
    end
    return serve(self, world)
  end
  return client
end

return M
