local lists = require "elevenlabs.workspace.engine.list"
local raising = require "spec.support.raising"
local stop_rules = require "elevenlabs.workspace.bulk.stop_rules"
local worlds = require "spec.support.world"

-- By call: what the server answers to its attempts. The others are cancelled or not sent.
local ANSWERS = {
  plain = { "plain" },
  read = { {} },
  refused = { { status = 403, headers = { ["maximum-concurrent-requests"] = "4" } } },
  again = { { status = 500 }, { status = 429 }, "plain" },
  key = { { status = 401 }, { status = 401 } },
  counted = { "plain" },
  key_of_run = { { status = 401 }, { status = 401 } },
  late = { { status = 500 }, { status = 500 } },
  late_start = { "plain" },
}

local function count_of(table_)
  local count = 0
  for _ in pairs(table_) do
    count = count + 1
  end
  return count
end

--- Repeat what an error cut short, as a host does.
local function insist(f, ...)
  local ok, result = pcall(f, ...)
  while not ok do
    assert.are.equal(raising.MESSAGE, result)
    ok, result = pcall(f, ...)
  end
  return result
end

--- A world with a life of its own: it answers, and its finalizer runs inside a step.
---@param tells boolean on_event is told
local function new_life(options, tells)
  local life = { told = {}, calls = {}, sent = {}, answered = 0 }
  options.on_event = tells and function(event)
    local name = event.resource_id
    local last = life.told[name] and life.told[name] .. ", " or ""
    life.told[name] = last .. event.name .. " " .. (event.outcome or "-")
  end or nil
  life.engine, life.core, life.pass = worlds.new(options)
  life.engine.throttle.budget.tokens = 250
  life.group = worlds.patient { max_attempts = 3, ended = lists.new() }
  -- A run whose owner looks at no receipt, and that a refused key stops.
  life.run = worlds.patient {
    ended = lists.new(),
    keeps = "counts",
    rules = stop_rules.new(),
  }

  function life.start(name, group)
    local args = { resource_id = name, resource_type = "voice" }
    life.calls[name] = insist(life.engine.start, life.engine, "unshare", args, group)
  end

  local send, core = life.core.send, life.core
  function core.send(self, request, key, slot)
    local name = request.args.resource_id
    if name == "bad" then
      return nil, { kind = "invalid_argument", message = "bad" }
    elseif name == "plain" and not life.calls.late_start then
      life.start "late_start" -- as a finalizer may
      insist(life.engine.cancel, life.engine, life.calls.unsent)
      assert.are.equal(0, life.engine:step())
    end
    local is_sent = send(self, request, key, slot)
    life.sent[name] = (life.sent[name] or 0) + 1
    return is_sent
  end

  function core.close(self)
    for id = life.answered + 1, #self.attempts do
      self:cancel_attempt(id)
    end
    life.answered = #self.attempts
    return self:step()
  end
  return life
end

local function answer_all(life)
  local core, answered = life.core, life.answered
  life.answered = #core.attempts
  for id = answered + 1, life.answered do
    local name = core.attempts[id].args.resource_id
    local answer = ANSWERS[name] and ANSWERS[name][life.sent[name]]
    if answer == "plain" then
      core:confirm(id)
    elseif answer then
      core:answer(id, answer)
    end
  end
  return life.answered > answered
end

local function run(life)
  local engine = life.engine
  for _ = 1, 8 do
    insist(engine.step, engine)
    if not answer_all(life) and life.core.wake then
      life.pass(math.max(0, life.core.wake - engine.now()))
    end
  end
end

--- One life of a client from its first call to its close.
local function live(life)
  local engine, start = life.engine, life.start
  for _, name in ipairs { "plain", "bad", "read", "refused", "late" } do
    start(name)
  end
  start("again", life.group)
  start("key", life.group)
  start("counted", life.run)
  start("key_of_run", life.run)
  start "unsent"
  run(life)
  start("cancelled", life.group)
  insist(engine.step, engine)
  insist(engine.cancel_group, engine, life.group)
  run(life)
  start "in_flight"
  insist(engine.step, engine)
  start "queued"
  insist(engine.close, engine)
  insist(engine.step, engine) -- tells of the rest
end

local function names_of(list)
  local names, call = {}, list.first
  while call do
    names[#names + 1] = call.args.resource_id
    call = call.next
  end
  table.sort(names)
  return names
end

--- What a life came to, which an error must not change.
local function summary(life)
  local engine, group, of_run, ends = life.engine, life.group, life.run, {}
  for name, call in pairs(life.calls) do
    local ending = call.ending or {}
    ends[name] = ("%s %s, %s, %s attempts"):format(call.state, tostring(ending.outcome),
      tostring(ending.kind), tostring(ending.attempts))
  end
  return {
    told = life.told,
    sent = life.sent,
    ends = ends,
    ended = names_of(group.ended),
    run = { of_run.finished, of_run.unlisted, of_run.stopped and of_run.stopped.reason,
      of_run.rules.answers > 0, names_of(of_run.ended) },
    counts = engine.counts,
    finished = { engine.finished, group.started, group.finished, group.attempts, group.retries },
    in_flight = { engine.slots.count, group.backing_off, #life.core.attempts },
    tokens = engine.throttle.budget.tokens,
    probing = engine.throttle.budget.probing,
    left = { engine.queued.first, engine.backing_off.first, engine.inbox:peek() or false },
  }
end

local function count_free(slots)
  local count, slot = 0, slots.free
  while slot do
    count, slot = count + 1, slot.next_free
  end
  return count
end

describe("an error as of memory, at any place of a life,", function()
  local KEYS = {
    ["a key"] = "key",
    ["a function that gives the key"] = function()
      return "key"
    end,
  }

  local function options_of(api_key)
    return { api_key = api_key, max_concurrency = 4, max_attempts = 3, deadline_ms = 300 }
  end

  local function each(what, api_key, tells)
    it("loses and counts nothing, with " .. what .. (tells and " and on_event" or ""), function()
      local life
      local function begin()
        life = new_life(options_of(api_key), tells)
        return function()
          live(life)
        end
      end
      begin()()
      local expected = summary(life)
      assert.are.same({ "again", "cancelled", "key" }, expected.ended)
      local listed = tells and { "counted", "key_of_run" } or { "key_of_run" }
      assert.are.same({ 2, tells and 0 or 1, "authentication", true, listed }, expected.run)
      assert.are.equal(count_of(expected.ends), expected.counts.calls)
      local places = raising.places(begin())
      assert.is_true(#places > 300)
      for _, nth in ipairs(places) do
        raising.at(nth, begin())
        assert.are.same(expected, summary(life), "call " .. nth)
        assert.are.equal(4, count_free(life.engine.slots))
      end
    end)
  end

  it("tells of each refused call that is counted, and of no other", function()
    local engine, told
    local function begin()
      told = 0
      engine = worlds.new {
        on_event = function()
          told = told + 1
        end,
      }
      return function()
        local ok, call, err = pcall(engine.start, engine, "get", { bad = true })
        assert.are.equal(not ok and raising.MESSAGE or nil, call)
        assert.are.equal(ok and 1 or nil, err and err.call)
      end
    end
    for _, nth in ipairs(raising.places(begin())) do
      raising.at(nth, begin())
      local counts = engine.counts
      assert.is_true(told == counts.calls or engine.core.wake == 0) -- the next step tells
      engine:step()
      assert.are.same({ counts.calls, counts.calls }, { counts.not_sent, told }, "call " .. nth)
    end
  end)

  for what, api_key in pairs(KEYS) do
    each(what, api_key, true)
    each(what, api_key, false)
  end
end)
