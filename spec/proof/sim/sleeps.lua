--- How the client spends time: it neither spins nor sleeps while there is work. Methods of the
--- simulator's watch.

local completes = require "elevenlabs.workspace.engine.complete"

local M = {}

-- The longest backoff. A fifth of the longest Retry-After, which may be added to a pause, is no
-- longer.
local LONGEST_IDLE_MS = 60000
local LONGEST_PAUSE_MS = 300000
local GROUP_MS = 100 -- for so long a run collects records for one sync
local LONGEST_LIFE_MS = 24 * 3600 * 1000
local MOST_STEPS = 3000 -- while time stands still
local SOON_MS = 0.001
local TURN_MS = 1 -- of the host, which long work of ours waits for
local RESCUE_MS = 100 -- the engine's: for a step that was cut short

--- The engine steps. A client that spins, or lives without an end, is stopped.
---@param self spec.proof.sim.Watch
function M.step(self)
  local now = self.world.now
  self.steps = now > self.stepped_ms and 0 or self.steps + 1
  self.stepped_ms = now
  if self.steps > MOST_STEPS then
    self:fail("broken", "steps again and again while no time passes")
    self.world:die "it spins"
  elseif now - self.born_ms > LONGEST_LIFE_MS + self.world.leap_to then
    self:fail("lost", "does not end")
    self.world:die "it does not end"
  end
end

--- True if a function of the user's is running, perhaps inside a step.
local function is_in_callback(self)
  for _, task in ipairs(self.tasks) do
    for _, done in ipairs(task.waits) do
      if not done then
        return true
      end
    end
  end
  return false
end

local function check_told(self, task)
  local done = task.waits[#task.waits]
  if done and not task.sleeps_till and done() and not self.said_late then
    self.said_late = true
    self:fail("broken", "%s waits on for what is done", task.name)
  end
end

local function may_be_sent(engine, call, now)
  local state = call and call.state
  return (state == "queued" or (state == "backing_off" and call.due_ms <= now))
    and not call.group.stopped
    and engine.slots.count < engine.throttle:places(now)
    and engine.throttle:circuit_allows(call.group.waits_out_outages, now)
end

local function check_work(self, now)
  local engine = self.engine
  for _, list in ipairs { engine.queued, engine.backing_off } do
    local call = list.first
    while call do
      if may_be_sent(engine, call, now) then
        return self:fail("broken", "sleeps while a call that is %s may be sent", call.state)
      end
      call = call.next
    end
  end
end

--- While there is work: no longer than a server asked for, or than a backoff.
local function check_length(self, till)
  local since = math.max(self.active_ms, self.pause_ends_ms, self.world.leap_to)
  local pause_ms = till - math.max(self.active_ms, self.world.leap_to)
  if till - since > LONGEST_IDLE_MS + SOON_MS then
    self:fail("broken", "sleeps for too long: %.0f ms", till - since)
  elseif pause_ms > LONGEST_PAUSE_MS + (self.plan.frame_ms or 0) + SOON_MS then
    self:fail("broken", "pauses for too long: %.0f ms", pause_ms)
  end
end

local function check_run(self, run, now, till)
  if run.deadline_ms <= now then
    self:fail("broken", "a run lives on after its deadline")
  end
  local frame_ms = self.plan.frame_ms or 0
  if run.commit then
    if till > run.commit.look_at_ms + frame_ms + SOON_MS then
      self:fail("broken", "a run does not look whether its journal has synced")
    end
  elseif #run.unsynced > 0 and till > run.unsynced_since_ms + GROUP_MS + frame_ms + SOON_MS then
    self:fail("broken", "a run does not tell of what has ended")
  end
end

local function check_deadlines(self, now, till)
  for _, entry in ipairs(self.single_calls) do
    if entry.due_ms <= now and not entry.call:done() then
      self:fail("broken", "the call of %s lives on after its deadline", entry.key)
    end
  end
  for _, run in ipairs(self.runs) do
    if not run.over and not run.is_outside and run.started_ms then
      check_run(self, run, now, till)
    end
  end
end

--- True if long work of ours waits while the host has a turn.
local function is_in_turn(self, now)
  local is_of_run = {}
  for _, run in ipairs(self.runs) do
    is_of_run[run] = true
  end
  for owner, at_ms in pairs(self.engine.timers) do
    if not is_of_run[owner] and at_ms - now <= TURN_MS then
      return true
    end
  end
  return false
end

--- The process is about to do nothing until then.
---@param is_driven boolean somebody waits for the client, and so steps when it has work
function M.sleep(self, till, is_driven)
  local now, engine = self.world.now, self.engine
  local soon_ms = self.plan.frame_ms
    or is_in_callback(self) and RESCUE_MS
    or is_in_turn(self, now) and TURN_MS
    or 0
  if till - now <= soon_ms + SOON_MS then
    return -- whatever happens, the host looks soon enough
  elseif self.current then
    check_told(self, self.current) -- with the others it is not the client who keeps them waiting
  else
    for _, task in ipairs(self.tasks) do
      check_told(self, task)
    end
  end
  if is_driven and not is_in_callback(self) then
    check_deadlines(self, now, till)
  end
  if is_driven and completes.is_behind(engine) then
    self:fail("broken", "sleeps while completions were left behind")
  end
  local has_work = is_driven and (engine.queued.first or engine.backing_off.first)
  if engine.slots.count > 0 or not has_work then
    self.active_ms = now
  elseif not is_in_callback(self) then
    check_work(self, now)
    check_length(self, till)
  end
end

return M
