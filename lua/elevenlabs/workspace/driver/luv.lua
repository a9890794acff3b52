--- The driver for libuv's loop: luv's, or Neovim's. A coroutine yields, and the loop resumes it.
--- The main thread runs the loop itself.
---
--- luv 1.44 crashes if a program ends while a handle is closing. So polls are closed in the loop's
--- poll phase. Timers are never closed: `uv.run "once"` may leave a timer closing.

local waiters = require "elevenlabs.workspace.driver.waiters"

local vim = rawget(_G, "vim")
local nvim = type(vim) == "table" and vim.loop and vim or nil
local uv = nvim and (nvim.uv or nvim.loop) or require "luv"

---@type elevenlabs.workspace.Driver
local M = { io = "thread" }

local function unwatch(waiting)
  if waiting.poll then
    waiting.poll:close()
    waiting.poll = nil
  end
end

local function sweep(waiting, everyone, raised)
  raised = waiting:sweep(everyone, raised)
  if waiting:is_empty() then
    unwatch(waiting) -- so that uv.run may end
  end
  if raised then
    error(raised, 0)
  end
end

--- In Neovim, sweep later: a callback of the loop must not call the editor's functions.
local function serve(...)
  if nvim then
    return nvim.schedule_wrap(sweep)(...)
  end
  return sweep(...)
end

--- -> nil, or why the client cannot be watched
local function watch(client, waiting)
  local fd = client:pollfd()
  if waiting.poll or not fd then
    return not fd and "the client is closed" or nil
  end
  local poll, why = uv.new_poll(fd)
  waiting.poll = poll
  if not poll then
    return why
  end
  poll:start("r", function()
    waiting.is_polling = true
    local ok, raised = pcall(client.step, client, 0)
    waiting.is_polling = false
    serve(waiting, false, not ok and tostring(raised) or nil)
  end)
end

--- Wait in the main thread. -> nil, or why it ended early
local function run_loop(waiting, done)
  local waiter = waiting:add(done, function() end)
  local function is_woken()
    return waiter.woken
  end
  while not waiter.woken do
    local code = nvim and select(2, nvim.wait(100, is_woken)) or not nvim and uv.run "once"
    if code == -2 then -- Ctrl-C; Neovim 0.7 tells of it when the time is up
      return "it was interrupted"
    end
  end
end

function M.wait(client, done, waiter)
  local may_yield = waiters.can_yield()
  local is_in_callback = nvim and nvim.in_fast_event() or not nvim and uv.loop_mode()
  if is_in_callback and not may_yield then
    return "a callback of the loop cannot wait: call from a coroutine"
  end
  client:step(0)
  local waiting, why = waiters.of(client), nil
  function waiter.wake()
    return waiting.is_polling or false -- otherwise the descriptor must be readable, so that it is polled
  end
  while not why and not done() do
    why = watch(client, waiting) or (may_yield and waiting.yield or run_loop)(waiting, done)
  end
  return why
end

--- In a coroutine of its own: a callback of the loop cannot yield.
function M.spawn(f)
  coroutine.wrap(f)()
end

function M.close(client)
  local waiting = waiters.of(client)
  unwatch(waiting)
  if not waiting:is_empty() then
    waiting.timer = uv.new_timer() -- the reference keeps it until it goes off
    waiting.timer:start(0, 0, function()
      waiting.timer = nil
      serve(waiting, true)
    end)
  end
end

return M
