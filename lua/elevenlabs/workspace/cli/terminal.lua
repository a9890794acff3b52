--- Talks to the terminal of the person who runs the command.

local core = require "elevenlabs.workspace.core"
local uv = require "luv"

local M = {}

---@param fd integer
---@return boolean
function M.is_terminal(fd)
  return uv.guess_handle(fd) == "tty"
end

--- How many columns the terminal of standard error has. There must be one: see `is_terminal`.
---@return integer
function M.width()
  local tty = uv.new_tty(2, false)
  local width = tty and tty:get_winsize()
  if tty then
    tty:close()
  end
  return type(width) == "number" and width > 0 and width or 80
end

--- The answer to a question. Text that was typed before the question was shown is thrown away: it
--- answers something else. The answer is read in the loop, so that a signal ends the wait.
---@param question string
---@param driver table of `loop.new`
---@return string "" if a signal came
function M.ask(question, driver)
  local terminal, answer, on_signal = uv.new_tty(0, true), nil, driver.on_signal
  core.discard_input()
  io.stderr:write(question)
  terminal:read_start(function(_, chunk)
    answer = chunk or ""
  end)
  function driver.on_signal()
    answer = ""
    io.stderr:write "\n"
  end
  while not answer do
    uv.run "once"
  end
  terminal:close()
  driver.on_signal = on_signal
  return answer
end

return M
