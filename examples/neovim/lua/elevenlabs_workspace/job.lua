-- The job that runs: one at a time, in a coroutine, with its progress and a way to stop it.

local M = {}

local current -- { name, thread, work }: `work:cancel()` ends what the job does at the moment

--- A job whose function raised has ended too.
local function is_running()
  return current and coroutine.status(current.thread) ~= "dead"
end

function M.tell(text, level)
  vim.notify("ElevenLabs: " .. text, vim.log.levels[level])
end

--- Show how far the job is: in g:elevenlabs_status, and below if nobody types there.
function M.show(text)
  vim.g.elevenlabs_status = text
  vim.cmd "redrawstatus!"
  if not vim.startswith(vim.api.nvim_get_mode().mode, "c") then
    vim.api.nvim_echo({ { text } }, false, {})
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

--- From now on `stop` ends this: a run, a case or a planning of the library.
function M.set_work(work)
  current.work = work
end

--- Run a job's function with its arguments, in a coroutine, so that calls wait in the editor's loop.
--- The function returns a text and its level; or nil and an error.
function M.start(name, work, ...)
  if is_running() then
    return M.tell(current.name .. " is running. :ElevenLabs stop ends it", "ERROR")
  end
  coroutine.wrap(function(...)
    current = { name = name, thread = coroutine.running() }
    local text, level = work(...) -- no pcall: Lua 5.1 could not wait in it
    current = nil
    M.show ""
    if text then
      M.tell(text, level)
    else
      M.tell(tostring(level), "ERROR")
    end
  end)(...)
end

--- End the job. What is in flight still ends truthfully.
function M.stop()
  if not is_running() then
    return M.tell("nothing is running", "INFO")
  end
  current.work:cancel()
end

return M
