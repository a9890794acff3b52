-- What the command of plugin/elevenlabs_revoke.lua does.

local clients = require "elevenlabs_client"
local workspace = require "elevenlabs.workspace"

local M = {}

local function show(progress)
  vim.g.elevenlabs_revoke = ("%d/%s"):format(progress.total, progress.count or "?")
  vim.cmd "redrawstatus!"
end

--- Run it. -> the report and what was not confirmed, as the quickfix list has it; or nil and
--- an error
local function revoke(path, email)
  local here, err = clients.open()
  local items, failed = nil, {}
  if here then
    items, err = workspace.items.from_csv(path, { user_email = email })
  end
  if not items then
    return nil, err
  end
  local report
  report, err = here:unshare_many(items, {
    journal = path .. ".journal", -- the same command goes on where a closed editor left off
    on_progress = show,
    on_result = function(item, _, why)
      if why then
        failed[#failed + 1] = { text = ("%s: %s"):format(item.resource_id, tostring(why)) }
      end
    end,
  })
  return report, report and failed or err
end

--- One line: what became of it, and the cause of most that failed.
local function summary(report)
  local reason = report.reasons[1]
  if not reason or report.stopped then -- which says why
    return tostring(report)
  end
  return ("%s; %d times: %s"):format(tostring(report), reason.count, reason.message)
end

--- In a coroutine, so that calls wait in the editor's loop.
function M.run(path, email)
  coroutine.wrap(function()
    local report, failed = revoke(path, email)
    vim.g.elevenlabs_revoke = ""
    if not report then
      return vim.notify(tostring(failed), vim.log.levels.ERROR)
    end
    vim.fn.setqflist({}, " ", { title = "ElevenLabsRevoke " .. email, items = failed })
    vim.notify(summary(report))
  end)()
end

return M
