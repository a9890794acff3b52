--- A case: the folder in which everything about one subject is kept, from the plan to the report.
--- An open case is locked: one command at a time works on it.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local plans = require "elevenlabs.workspace.offboard.plan"
local record_file = require "elevenlabs.workspace.offboard.record_file"
local secrets = require "elevenlabs.workspace.secrets"
local times = require "elevenlabs.workspace.offboard.times"

local M = {}

---@class elevenlabs.workspace.offboard.Folder
---@field folder string
---@field plan elevenlabs.workspace.offboard.Plan|nil
---@field plan_problem elevenlabs.workspace.Error|nil why a plan that is there cannot be used
---@field ledger elevenlabs.workspace.offboard.Ledger
---@field number integer of the last command
local Case = {}
Case.__index = Case

--- Make a kind of case that has more methods.
---@return table class
function M.class()
  local class = {}
  for name, method in pairs(Case) do
    class[name] = method
  end
  class.__index = class
  return class
end

---@param name string
---@return string
function Case:path(name)
  return self.folder .. "/" .. name
end

-- ---- opening

local OPERATIONS = { "share", "unshare" }

--- The journal of a round's bulk run.
---@param round integer
---@param op "share"|"unshare"
---@return string path
function Case:journal(round, op)
  return self:path(("round-%d.%s.jsonl"):format(round, op))
end

--- Take what the journal of a bulk run says.
---@param was_killed boolean the log does not say that the run ended
---@param engine elevenlabs.workspace.Engine|nil
---@return elevenlabs.workspace.Error|nil
local function read_journal(self, round, op, was_killed, engine)
  local file, err = record_file.open(self:journal(round, op), "journal", false)
  if not file then
    if op == "unshare" and not was_killed then
      self.ledger:take_unanswered(round, "the journal of the round is missing", engine)
    end
    return err
  end
  local has_ended = false
  local _, failure = file:each(function(record)
    if record["end"] then
      has_ended = true
    elseif record.outcome then
      self.ledger:take_result(round, op, record, record)
    end
  end, engine)
  file:close()
  if op == "unshare" and was_killed and not has_ended then
    local why = "the command was killed before the answer came"
    self.ledger:take_unanswered(round, why, engine)
  end
  return failure
end

--- Take the journals of a round that was killed: those that the log does not tell of.
---@return elevenlabs.workspace.Error|nil
local function read_cut_round(self, round, told, engine)
  for _, op in ipairs(OPERATIONS) do
    local err = not told[op] and read_journal(self, round, op, true, engine)
    if err then
      return err
    end
  end
end

local function read_log(self, engine)
  local told, problem = {}, nil
  local ok, err = self.log:each(function(record)
    if problem then
      return
    elseif not self.has_header then
      self.has_header = true
    elseif record.acted then
      told[record.acted] = true
      problem = read_journal(self, record.round, record.acted, false, engine)
    elseif record.began then
      problem = read_cut_round(self, self.number, told, engine)
      self.number, told = record.number, {}
      self.ledger:take(record, engine)
    else
      self.ledger:take(record, engine)
    end
  end, engine)
  problem = problem or read_cut_round(self, self.number, told, engine)
  return ok and not problem, err or problem
end

--- A plan that is damaged is a problem for the commands that need it alone.
local function read_all(self, engine)
  self.plan, self.plan_problem = plans.read(self:path "plan.jsonl", engine)
  if self.plan then
    self.ledger:take_plan(self.plan, engine)
  end
  return read_log(self, engine)
end

--- Open the case in a folder, and lock it.
---@param class table of `M.class`
---@param folder string
---@param create boolean make the folder, if there is none
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return elevenlabs.workspace.offboard.Folder|nil
---@return elevenlabs.workspace.Error|nil
function M.open(class, folder, create, engine)
  folder = folder:gsub("(.)/+$", "%1")
  if create then
    local ok, failure = core.make_folder(folder)
    if not ok then
      return nil, errors.not_sent(failure)
    end
  end
  local self = setmetatable({ folder = folder, ledger = ledgers.new(), number = 0 }, class)
  local log, err = record_file.open(self:path "case.jsonl", "case", create)
  if not log then
    local none = errors.invalid("folder", ("there is no case in %s"):format(folder))
    return nil, err or none
  end
  self.log = log
  local ok, failure = core.check_folder(folder)
  if ok then
    ok, err = read_all(self, engine)
  else
    err = errors.not_sent(failure)
  end
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

--- Why there is no plan that can be used; nil: there is one.
---@return elevenlabs.workspace.Error|nil
function Case:needs_plan()
  if self.plan then
    return nil
  end
  return self.plan_problem
    or errors.invalid("folder", ("there is no plan in %s"):format(self.folder))
end

--- Unlock the case. What was not synced is dropped.
function Case:close()
  self.log:close()
end

-- ---- writing the log

--- Add a record to the log. A failure is kept until the next `sync`.
---@param record table
function Case:write(record)
  local ok, err = self.log:append(record)
  if not ok then
    self.failure = self.failure or err
    return
  end
  self.ledger:take(record)
end

--- Bring what was written to the disk.
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Case:sync()
  if self.failure then
    return nil, self.failure
  end
  return self.log:sync()
end

--- The next command's journals must be new. If the log is older than the folder's other files, such as
--- one from a backup, a journal of that number would answer for changes that were never sent.
---@return elevenlabs.workspace.Error|nil
local function check_journals(self)
  for _, op in ipairs(OPERATIONS) do
    local path = self:journal(self.number + 1, op)
    local file = io.open(path, "rb")
    if file then
      file:close()
      local message = "%s is there, and the log of the case does not know it: take another folder"
      return errors.not_sent {
        kind = "journal",
        field = "folder",
        message = message:format(path),
      }
    end
  end
end

--- Begin a command, and write so, without the client's secrets.
---@param client elevenlabs.workspace.Client
---@param command "plan"|"apply"|"verify"|"undo"
---@param by table|nil { operator, host, arguments, planned_only }
---@return integer|nil number
---@return elevenlabs.workspace.Error|nil
function Case:begin(client, command, by)
  by = secrets.in_fields(client.engine.mask, by or {})
  local err = check_journals(self)
  local ok = not err
  if ok and not self.has_header then
    ok, err = self.log:begin { made_at = times.iso() }
    self.has_header = ok
  end
  if not ok then
    return nil, err
  end
  self.number = self.number + 1
  self:write {
    began = command,
    number = self.number,
    at = times.iso(),
    s = os.time(),
    operator = by.operator,
    host = by.host,
    arguments = by.arguments,
    planned_only = by.planned_only,
  }
  ok, err = self:sync()
  return ok and self.number, err
end

--- Write that a command did all that it had to do.
---@param number integer
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Case:finish(number)
  self:write { ended = number, at = times.iso() }
  return self:sync()
end

return M
