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

--- Let the user pick an entry; nil: none, or the job was stopped. A picker may answer at once, later,
--- or, at Ctrl-C in Neovim's own, raise.
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
  if not answer then
    local ok, why = pcall(vim.ui.select, entries, options, take)
    if not ok then
      take(nil)
      if not why:find "Keyboard interrupt" then
        jobs.tell(why, "ERROR")
      end
    end
  end
  if not answer then
    is_waiting = true
    coroutine.yield()
  end
  return answer[1]
end

local function name_of(row)
  local id = row.resource_id
  return ("%s %s"):format(row.resource_type, row.name and ("%s (%s)"):format(row.name, id) or id)
end

local function describe_done(totals)
  return ("%d of %d removals are confirmed"):format(totals.confirmed, totals.total)
end

--- Show the planned removals until the user agrees.
--- -> the rows that are to stay; nil: the user left the picker
local function ask(address, summary)
  local agree, kept = {}, {}
  local entries = { agree }
  for _, row in ipairs(summary.left) do
    entries[#entries + 1] = row
  end
  local prompt = ("Roles of %s: %d"):format(address, #summary.left)
  if summary.totals.confirmed > 0 then
    prompt = ("%s (%s)"):format(prompt, describe_done(summary.totals))
  end
  local options = {
    prompt = prompt .. ". Pick one to keep it, or the first line to remove the others.",
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

--- Plan until the user agrees to a whole plan, or nothing is left to remove. A role that is to stay is
--- protected by the next plan, so that the report names it.
--- -> a case; nil if the user left the picker or stopped the job; or nil and an error
local function plan(client, address, folder)
  local protect = {}
  while true do
    show_step "planning"
    local case, err = offboard.plan(client, folder, {
      user_email = address,
      -- A job that was stopped goes on with its plan. A plan that protects more is a new one.
      protect = protect[1] and protect or nil,
      resume = protect[1] == nil,
      again = protect[1] ~= nil,
      on_begin = jobs.set_work,
      on_progress = show_progress,
    })
    if not case then
      return nil, err
    end
    jobs.show ""
    local summary, kept = case:summary(), nil
    if jobs.may_go_on() then
      kept = {} -- with nothing to remove there is nothing to ask
      if summary.left[1] then
        kept = ask(address, summary)
      end
    end
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

--- What is left, and what no removal ends.
local function list_left(summary)
  local items = {}
  for i, row in ipairs(summary.left) do
    items[i] = { text = ("%s: %s"):format(name_of(row), row.why_left) }
  end
  for _, residual in ipairs(summary.residuals) do
    items[#items + 1] = { text = ("%s: %s"):format(residual.text, residual.next_step) }
  end
  jobs.list(items)
end

--- The library's advice, in this plugin's words.
local function advise(err)
  local again = "give the same command again"
  return (tostring(err):gsub("apply again", again):gsub("plan again$", again))
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
  if planned.left[1] then
    summary, err = case:apply(client, {
      max_removals = planned.totals.total, -- all were shown
      on_step = show_step,
      on_progress = show_progress,
    })
  else
    show_step "verifying"
    summary, err = case:verify(client, { on_progress = show_progress })
  end
  local last = case:summary() -- also if the job was stopped
  case:close()
  list_left(last)
  if summary then
    local text = ("%s\nReport: %s/report.html"):format(tostring(summary), folder)
    return text, summary.is_done and "INFO" or "WARN"
  elseif err.kind == "cancelled" then
    return jobs.describe_stop("stopped: " .. describe_done(last.totals))
  end
  return nil, advise(err)
end

return M
