--- An engine in a world that the spec controls: no network, and time that stands still.

local engines = require "elevenlabs.workspace.engine"
local evidences = require "elevenlabs.workspace.answer.evidence"
local groups = require "elevenlabs.workspace.engine.group"
local secrets = require "elevenlabs.workspace.secrets"

local M = {}

--- The body of an answer to a get.
---@param roles string|nil JSON of a map
---@return string
function M.resource(resource_type, id, roles)
  local form = '{"resource_id":"%s","resource_type":"%s","role_to_group_ids":%s}'
  return form:format(id, resource_type, roles or "{}")
end

--- A core that answers when the spec says so, and a clock that moves when it says so.
---@param options table|nil parts of the engine to replace
---@return elevenlabs.workspace.Engine, table core, fun(ms: number) pass
function M.new(options)
  local now, divide = 1000, evidences.divider()
  local core = { attempts = {}, slots = {}, due = {} } -- slots: the attempt in each
  function core.validate(_, _, args)
    if args.bad then
      return nil, { kind = "invalid_argument", field = "bad", message = "bad" }
    end
    return true
  end
  function core:prepare(op, args)
    local ok, failure = self:validate(op, args)
    if not ok then
      return nil, failure
    end
    return { op = op, args = args }
  end
  function core:send(request, key, slot)
    assert(not self.slots[slot], "the slot is taken")
    self.attempts[#self.attempts + 1] = {
      op = request.op,
      args = request.args,
      key = key,
      slot = slot,
    }
    self.slots[slot] = #self.attempts
    return true
  end
  core.forks = 0
  function core:counts()
    return #self.attempts, 0, self.forks
  end
  function core:answer(id, changes)
    local attempt = self.attempts[id]
    local evidence = { slot = attempt.slot, body = "{}" }
    for name, value in pairs(changes or {}) do
      evidence[name] = value
    end
    table.insert(self.due, evidences.new(attempt.op, evidence, attempt.key))
  end
  --- Answer with a plain confirmation.
  function core:confirm(id, request_id, body)
    self:answer(id, {
      body = body or '{"status":"ok"}',
      headers = { ["request-id"] = request_id },
      elapsed_ms = 5,
    })
  end
  function core:step()
    local due = self.due
    self.due = {}
    for _, evidence in ipairs(due) do
      self.slots[evidence.slot] = nil
    end
    return divide(due)
  end
  function core:cancel(slot)
    self:cancel_attempt(self.slots[slot])
  end
  function core:cancel_attempt(id)
    self:answer(id, { curl_code = 42, status = 0, sent = self.attempts[id].left or false })
  end
  function core:wake_at(at)
    self.wake = not self.closed and at or nil
  end
  function core:close() -- a closed core wakes nobody
    self.closed, self.wake = true, nil
    return self:step()
  end
  local parts = {
    core = core,
    now = function()
      return now
    end,
    wait = function()
      return "this world cannot wait"
    end,
    api_key = "key",
    mask = secrets.masker {},
    random = function()
      return 0.5
    end,
    max_concurrency = 2,
    max_attempts = 1,
  }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  return engines.new(parts), core, function(ms)
    now = now + ms
  end
end

--- A group of calls that wait out an outage, as those of a bulk run do.
---@param fields table|nil what to change
---@return elevenlabs.workspace.CallGroup
function M.patient(fields)
  local group = {
    max_attempts = 2,
    counts_unsent = false,
    waits_out_outages = true,
    probes_key = true,
    keeps = "receipts",
  }
  for name, value in pairs(fields or {}) do
    group[name] = value
  end
  return groups.new(group)
end

--- A world that runs by itself: every attempt is answered in the next step, and if nothing happens
--- the clock moves on to the next event.
---@param answer fun(attempt: table, now: number): table|nil what to change of a 200; nil:
--- no answer yet
---@param options table|nil as for `new`
---@return elevenlabs.workspace.Engine, table core
function M.running(answer, options)
  local engine, core, pass
  local answered = {}
  local function answer_all()
    local some = false
    for id, attempt in ipairs(core.attempts) do
      local changes = not answered[id] and answer(attempt, engine.now())
      if changes then
        answered[id], some = true, true
        core:answer(id, changes)
      end
    end
    return some
  end
  local parts = { max_attempts = false, max_concurrency = 32 }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  function parts.wait(done)
    while not done() do
      local before = #core.attempts
      local idle = engine:step() == 0 and #core.attempts == before
      if not answer_all() and idle and not done() then
        local soon = engine.slots.count > 0 and engine.now() + 10 -- an answer, perhaps
        local at = math.min(soon or math.huge, core.wake or math.huge)
        assert(at < math.huge, "nothing will ever happen")
        pass(math.max(0, at - engine.now()))
      end
    end
  end
  engine, core, pass = M.new(parts)
  engine.max_attempts = parts.max_attempts or nil
  local cancel = core.cancel_attempt
  function core:cancel_attempt(id)
    if not answered[id] then
      answered[id] = true
      self.attempts[id].left = true
      cancel(self, id)
    end
  end
  return engine, core
end

return M
