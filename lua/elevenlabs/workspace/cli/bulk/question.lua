--- The question whether a bulk run may begin, asked on a terminal alone.

local connections = require "elevenlabs.workspace.cli.connections"
local terminal = require "elevenlabs.workspace.cli.terminal"

local M = {}

--- True if a person can be asked: standard input is not needed for items.
---@param values table the options
---@return boolean
function M.can_ask(values)
  return values.from ~= "-" and terminal.is_terminal(0) and terminal.is_terminal(2)
end

local YES = { y = true, yes = true }

local QUESTIONS = {
  unshare = "Remove the role of %s from %s resources of %s, at %s? [y/N] ",
  share = "Give %s a role on %s resources of %s, at %s? [y/N] ",
}

local function describe_target(values)
  return values.user_email or values.group_id or values.workspace_api_key_id or "each row's target"
end

local function describe_list(values, all)
  if not values.part then
    return values.from
  end
  return ("part %s of %s in %s"):format(values.part, all or "all", values.from)
end

local function describe_server(base_url)
  return (connections.is_sandbox(base_url) and "the sandbox " or "the real service ") .. base_url
end

--- Ask whether the run may begin. --yes, a dry run and a run of reads need no answer.
---@param job table of `cli.bulk`
---@param count integer|nil how many items there are, if it is known
---@param all integer|nil how many items of all parts there are
---@return boolean
function M.may_begin(job, count, all)
  if job.values.yes or job.values.dry_run or job.is_read or count == 0 then
    return true
  end
  local question = QUESTIONS[job.op]:format(
    describe_target(job.values),
    count or "all",
    describe_list(job.values, all),
    describe_server(job.client.base_url)
  )
  local answer = terminal.ask(question, job.driver):lower():match "^%s*(.-)%s*$"
  return YES[answer] or false
end

return M
