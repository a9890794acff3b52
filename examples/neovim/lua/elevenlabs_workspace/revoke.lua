-- :ElevenLabs revoke: takes a person's roles on the resources of a CSV file away.

local clients = require "elevenlabs_workspace.client"
local jobs = require "elevenlabs_workspace.job"
local workspace = require "elevenlabs.workspace"

local M = {}

--- What became of it, the cause of most that failed, and how grave this is.
local function describe(report)
  local reason = report.reasons[1]
  if report.stopped == "cancelled" then
    return jobs.describe_stop(tostring(report))
  elseif report.stopped then -- the report says why
    return tostring(report), "ERROR"
  elseif reason then
    return ("%s; %d times: %s"):format(tostring(report), reason.count, reason.message), "WARN"
  end
  return tostring(report), "INFO"
end

--- -> a text and its level; or nil and an error
function M.run(path, email)
  local client, err = clients.open()
  if not client then
    return nil, err
  end
  local items
  items, err = workspace.items.from_csv(path, { user_email = email })
  if not items then
    return nil, err
  end
  local failed = {}
  local run, report
  run, err = client:start_many("unshare", items, {
    journal = path .. ".journal", -- the same command goes on where a closed editor left off
    may_begin = jobs.may_go_on, -- asked while the file is checked: there is no run to cancel yet
    on_progress = jobs.show_progress,
    on_result = function(item, _, why)
      -- Of what a stop kept from being sent the report tells. What was sent and is not known stays here.
      if why and not (why.kind == "cancelled" and why.outcome == "not_sent") then
        failed[#failed + 1] = { text = ("%s: %s"):format(item.resource_id, tostring(why)) }
      end
    end,
  })
  if run then
    jobs.set_work(run)
    report, err = run:result()
  end
  if not report then
    return nil, err
  end
  jobs.list(failed)
  return describe(report)
end

return M
