--- The driver for libuv's loop: luv's, or Neovim's. A coroutine yields, and the loop resumes it.
--- The main thread runs the loop itself.
---
--- luv 1.44 crashes if a program ends while a handle is closing. So polls are closed in the loop's
--- poll phase. Timers are never closed: `uv.run "once"` may leave a timer closing.

local coroutines = require "elevenlabs.workspace.driver.coroutines"

local vim = rawget(_G, "vim")
local nvim = type(vim) == "table" and vim.loop and vim or nil
local uv = nvim and (nvim.uv or nvim.loop) or require "luv"

---@type elevenlabs.workspace.Driver
local M = { io = "thread" }

-- By client: { poll = of its descriptor, if watched, ready = entries to be resumed, is_polling = the
-- poll's callback runs, which resumes them, timer }.
local states = setmetatable({}, { __mode = "k" })

local function state_of(client)
  local state = states[client] or { poll = nil, ready = {}, is_polling = false, timer = nil }
  states[client] = state
  return state
end

local function unwatch(state)
  if state.poll then
    state.poll:close()
    state.poll = nil
  end
end

--- Resume all that are ready. An error of one stops no other.
---@param raised string|nil an earlier error, to be joined to the errors here
local function resume_ready(client, state, raised)
  local ready = state.ready
  state.ready = {}
  for _, entry in ipairs(ready) do
    entry.woken = true
    local ok, why = pcall(entry.resume)
    if not ok then
      raised = (raised and raised .. "\n" or "") .. tostring(why)
    end
  end
  if client.engine.waiters:is_empty() then
    unwatch(state) -- so that uv.run may end
  end
  if raised then
    error(raised, 0)
  end
end

--- In Neovim, resume later: a callback of the loop must not call the editor's functions.
local serve = nvim and nvim.schedule_wrap(resume_ready) or resume_ready

--- -> nil, or why the client cannot be watched
local function watch(client, state)
  local fd = client:pollfd()
  if state.poll or not fd then
    return not fd and "the client is closed" or nil
  end
  local poll, why = uv.new_poll(fd)
  state.poll = poll
  if not poll then
    return why
  end
  poll:start("r", function()
    state.is_polling = true
    local ok, raised = pcall(client.step, client, 0)
    state.is_polling = false
    serve(client, state, not ok and tostring(raised) or nil)
  end)
end

--- Let `resume` be called once the waiter is satisfied.
local function enlist(state, waiter, resume)
  local entry = { resume = resume, woken = false, is_ready = false }
  function waiter.wake()
    if not entry.is_ready then
      entry.is_ready = true
      state.ready[#state.ready + 1] = entry
    end
    return state.is_polling
  end
  return entry
end

local yield

--- Yield until woken. If other code resumes the coroutine, yield again.
function yield(state, waiter)
  local thread = coroutine.running()
  local entry = enlist(state, waiter, function()
    -- The coroutine is elsewhere if it was killed, or if Lua 5.1 could not yield.
    local frame = coroutine.status(thread) == "suspended" and debug.getinfo(thread, 1, "f")
    local ok, why = true, nil
    if frame and frame.func == yield then
      ok, why = coroutine.resume(thread)
    end
    if not ok then
      error(debug.traceback(thread, tostring(why)), 0)
    end
  end)
  repeat
    coroutine.yield()
  until entry.woken
end

--- Wait in the main thread. -> nil, or why it ended early
local function run_loop(state, waiter)
  local entry = enlist(state, waiter, function() end)
  local function is_woken()
    return entry.woken
  end
  while not entry.woken do
    local code = nvim and select(2, nvim.wait(100, is_woken)) or not nvim and uv.run "once"
    if code == -2 then -- Ctrl-C; Neovim 0.7 tells of it when the time is up
      return "it was interrupted"
    end
  end
end

function M.wait(client, done, waiter)
  local may_yield = coroutines.can_yield()
  local is_in_callback = nvim and nvim.in_fast_event() or not nvim and uv.loop_mode()
  if is_in_callback and not may_yield then
    return "a callback of the loop cannot wait: call from a coroutine"
  end
  client:step(0)
  local state, why = state_of(client), nil
  while not why and not done() do
    why = watch(client, state) or (may_yield and yield or run_loop)(state, waiter)
  end
  return why
end

function M.close(client)
  local state = state_of(client)
  unwatch(state)
  if not client.engine.waiters:is_empty() then
    state.timer = uv.new_timer() -- the reference keeps it until it goes off
    state.timer:start(0, 0, function()
      state.timer = nil
      client.engine.waiters:wake_all()
      serve(client, state)
    end)
  end
end

return M
