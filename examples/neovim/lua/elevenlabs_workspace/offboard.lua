-- :ElevenLabs offboard: plans, shows the plan in a picker, and removes what was agreed to.

local clients = require "elevenlabs_workspace.client"
local jobs = require "elevenlabs_workspace.job"
local offboard = require "elevenlabs.workspace.offboard"

local M = {}

local step -- of the job: what it does at the moment

local function show_step(name)
  step = name:gsub("_", " ")
  jobs.show(step)
end

local function show_progress(progress)
  jobs.show_progress(progress, step, step ~= "removing")
end

--- Let the user pick an entry; nil: none, or the job was stopped. A picker may answer at once or
--- later.
local function pick(entries, options)
  local this, is_waiting, answer = coroutine.running(), false, nil
  local function take(entry)
    if answer then
      return -- the picker of a job that was stopped
    end
    answer = { entry }
    if is_waiting then
      assert(coroutine.resume(this))
    end
  end
  jobs.set_work {
    cancel = function()
      take(nil)
    end,
  }
  vim.ui.select(entries, options, take)
  if not answer then
    is_waiting = true
    coroutine.yield()
  end
  return answer[1]
end

local function name_of(row)
  return ("%s %s"):format(row.resource_type, row.name or row.resource_id)
end

--- Show the planned removals until the user agrees.
--- -> the rows that are to stay; nil: the user left the picker
local function ask(address, rows)
  local agree, kept = {}, {}
  local entries = { agree }
  for _, row in ipairs(rows) do
    entries[#entries + 1] = row
  end
  local options = {
    prompt = "Pick a role to keep it. Pick the first line to remove the others.",
    format_item = function(entry)
      if entry == agree then
        return ("REMOVE the roles of %s that are marked -"):format(address)
      end
      local mark = kept[entry] and "+" or "-"
      return ("%s %s: %s"):format(mark, name_of(entry), table.concat(entry.roles, ", "))
    end,
  }
  local picked
  repeat
    picked = pick(entries, options)
    if picked and picked ~= agree then
      kept[picked] = not kept[picked] or nil
    end
  until not picked or picked == agree
  return picked and kept
end

--- Plan until the user agrees to a whole plan. A role that is to stay is protected by the next plan,
--- so that the report names it.
--- -> a case; nil if the user left the picker; or nil and an error
local function plan(client, address, folder)
  local protect = {}
  while true do
    show_step "planning"
    local case, err = offboard.plan(client, folder, {
      user_email = address,
      protect = protect,
      -- A job that was stopped goes on with its plan. A plan that protects more is a new one.
      resume = protect[1] == nil,
      again = protect[1] ~= nil,
      on_begin = jobs.set_work,
      on_progress = show_progress,
    })
    if not case then
      return nil, err
    end
    jobs.show ""
    if case:summary().state == "ended" then
      return case
    end
    local kept = ask(address, case:summary().left)
    if kept and not next(kept) then
      return case
    end
    case:close()
    if not kept then
      return nil
    end
    for row in pairs(kept) do
      protect[#protect + 1] = { resource_id = row.resource_id, resource_type = row.resource_type }
    end
  end
end

--- What is left, in the quickfix list.
local function list_left(address, summary)
  local lines = {}
  for i, row in ipairs(summary.left) do
    lines[i] = { text = ("%s: %s"):format(name_of(row), row.why_left) }
  end
  vim.fn.setqflist({}, " ", { title = "ElevenLabs offboard " .. address, items = lines })
end

--- -> a text and its level; or nil and an error
function M.run(address, folder)
  local client, err = clients.open()
  local case
  if client then
    case, err = plan(client, address, folder)
  end
  if not case then
    return not err and "nothing was removed" or nil, err or "INFO"
  end
  jobs.set_work(case)
  local planned = case:summary()
  local summary
  if planned.state == "ended" then -- an earlier job removed: what is left now?
    show_step "verifying"
    summary, err = case:verify(client, { on_progress = show_progress })
  else
    summary, err = case:apply(client, {
      max_removals = planned.totals.total, -- all were shown
      on_step = show_step,
      on_progress = show_progress,
    })
  end
  list_left(address, case:summary()) -- also if the job was stopped
  case:close()
  if not summary then
    return nil, err
  end
  local text = ("%s\nReport: %s/report.html"):format(tostring(summary), folder)
  return text, summary.is_done and "INFO" or "WARN"
end

return M
