--- The question before a round: what is typed must be the subject's address, name or id.

local connections = require "elevenlabs.workspace.cli.connections"
local terminal = require "elevenlabs.workspace.cli.terminal"

local M = {}

M.NOBODY_TO_ASK = "nobody can be asked here: --yes begins without a question"

--- True if a person can be asked.
---@return boolean
function M.can_ask()
  return terminal.is_terminal(0) and terminal.is_terminal(2)
end

local QUESTIONS = {
  apply = "Remove the roles of %s on %s, at %s.\nType %s to agree: ",
  undo = "Give %s back roles on %s, at %s.\nType %s to agree: ",
}

local function same(typed, label)
  return typed:match("^%s*(.-)%s*$"):lower() == label:lower()
end

--- Ask whether a round may begin. -> true if the person agreed
---@param command "apply"|"undo"
---@param job elevenlabs.workspace.cli.offboard.Job
---@param subject elevenlabs.workspace.offboard.Subject
---@param count integer
---@return boolean
function M.may_begin(command, job, subject, count)
  if job.driver.is_interrupted() then
    return false
  elseif job.values.yes or count == 0 then
    return true
  end
  local server = job.client.base_url
  local place = (connections.is_sandbox(server) and "the sandbox " or "the real service ") .. server
  local resources = ("%d resource%s"):format(count, count == 1 and "" or "s")
  local question = QUESTIONS[command]:format(subject.label, resources, place, subject.label)
  local answer = terminal.ask(question, job.driver)
  local agrees = same(answer, subject.label) or answer:match "^%s*(.-)%s*$" == subject.id
  if not agrees and not job.driver.status then
    io.stderr:write(("That is not %s.\n"):format(subject.label))
  end
  return agrees and not job.driver.status
end

return M
