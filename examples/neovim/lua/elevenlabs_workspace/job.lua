-- The job that runs: one at a time, in a coroutine, with its progress and a way to stop it.

local M = {}

-- { name, title, thread, stops = how often the user stopped the job, work }: `work:cancel()` ends what
-- the job does at the moment; nil: nothing yet
local current

--- A job whose function raised has ended too.
local function is_running()
  return current and coroutine.status(current.thread) ~= "dead"
end

function M.tell(text, level)
  vim.notify("ElevenLabs: " .. text, vim.log.levels[level])
end

--- Show how far the job is: in g:elevenlabs_status, and below if nobody types there. A text that is
--- wider than the screen would make Neovim, and the job, wait for Enter.
function M.show(text)
  vim.g.elevenlabs_status = text
  vim.cmd "redrawstatus!"
  if not vim.startswith(vim.api.nvim_get_mode().mode, "c") then
    vim.api.nvim_echo({ { text:sub(1, vim.v.echospace) } }, false, {})
  end
end

--- For the library's option on_progress. A step that reads shows no failures: a resource that is gone
--- is none.
function M.show_progress(progress, step, is_reading)
  local count = progress.count or progress.at_least or "?"
  local failed = is_reading and 0 or progress.total - progress.confirmed
  local done = progress.total + progress.duplicates
  local text = ("%s %d/%s"):format(step or current.name, done, count)
  M.show(failed > 0 and ("%s, %d not confirmed"):format(text, failed) or text)
end

--- Put what did not succeed into a quickfix list of the job's own.
function M.list(items)
  vim.fn.setqflist({}, " ", { title = current.title, items = items })
end

--- From now on `stop` ends this: a run, a case or a planning of the library. A stop that came before
--- ends it at once.
function M.set_work(work)
  current.work = work
  for _ = 1, current.stops do
    work:cancel()
  end
end

--- False from the first stop on. For the library's option may_begin.
function M.may_go_on()
  return current.stops == 0
end

--- -> what a job says that the user stopped, and its level
function M.describe_stop(how_far)
  return how_far .. ". Give the same command again to go on", "WARN"
end

--- Run a job's function with its arguments, in a coroutine, so that calls wait in the editor's loop.
--- The function returns a text and its level; or nil and an error.
function M.start(name, work, ...)
  if is_running() then
    return M.tell(current.name .. " is running. :ElevenLabs stop ends it", "ERROR")
  end
  coroutine.wrap(function(...)
    local title = table.concat({ "ElevenLabs", name, ... }, " ")
    current = { name = name, title = title, thread = coroutine.running(), stops = 0 }
    M.list {} -- not that of the job before
    local text, level = work(...) -- no pcall: Lua 5.1 could not wait in it
    if not text and level.kind == "cancelled" then
      text, level = M.describe_stop "stopped: nothing was removed"
    end
    current = nil
    M.show ""
    if text then
      M.tell(text, level)
    else
      M.tell(tostring(level), "ERROR")
    end
  end)(...)
end

--- End the job, at any moment: nothing more is sent. What is in flight still ends truthfully.
function M.stop()
  if not is_running() then
    return M.tell("nothing is running", "INFO")
  end
  current.stops = current.stops + 1
  if current.work then
    current.work:cancel()
  end
end

return M
