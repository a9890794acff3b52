--- What the commands of `offboard` share: a client, signals, progress, and the exit status of several
--- cases.

local connections = require "elevenlabs.workspace.cli.connections"
local offboard = require "elevenlabs.workspace.offboard"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local progress = require "elevenlabs.workspace.cli.progress"
local uv = require "luv"

local M = {}

M.EXIT = { done = 0, failed = 1, usage = 2, stopped = 3, not_right = 4, unwritten = 5 }

M.FOLDERS = {
  { name = "folder", shown = "FOLDER...", text = "the folder of a case; several are done in turn",
    count = "+" },
}

M.STRICT = { name = "--strict", text = "exit with 4 also if access remains that no removal ends,"
  .. " or if kinds have no list" }
M.YES = {
  name = "--yes",
  text = "begin without a question, if there are no more changes than --max-removals",
}
M.MAX_REMOVALS = {
  name = "--max-removals",
  value = "N",
  text = "with --yes, refuse to change more than N resources (default 1000)",
  read = options.number(0, 1000000000),
}

--- `--max-age`, of a plan or of a round.
---@param what string
---@return table option
function M.max_age(what)
  return {
    name = "--max-age",
    value = "TIME",
    text = ("refuse if the %s is older than TIME (default 7d)"):format(what),
    read = options.time,
  }
end

-- The exit statuses in the order in which they hold.
local ORDER = { 2, 130, 143, 129, 3, 5, 1, 4, 0 }

--- The first of two statuses that holds.
function M.worse(a, b)
  for _, status in ipairs(ORDER) do
    if a == status or b == status then
      return status
    end
  end
  return a
end

-- ---- one command

---@class elevenlabs.workspace.cli.offboard.Job
---@field client elevenlabs.workspace.Client
---@field driver table
---@field values table
---@field by elevenlabs.workspace.offboard.By
---@field command {cancel: fun(self: table)} what a signal ends
local Job = {}
Job.__index = Job

--- An argument as a shell takes it.
local function quoted(text)
  return text:find "[^%w@%%+=:,./_-]" and "'" .. text:gsub("'", "'\\''") .. "'" or text
end

local function who(name, arguments)
  local words = { "elevenlabs-workspace", name }
  for _, argument in ipairs(arguments) do
    words[#words + 1] = quoted(argument)
  end
  return {
    operator = (uv.os_get_passwd() or {}).username, -- there may be no entry for this user
    host = uv.os_gethostname(),
    arguments = table.concat(words, " "),
  }
end

--- Begin a command that sends requests.
---@param name string of the command
---@param values table the options
---@param arguments string[]
---@return elevenlabs.workspace.cli.offboard.Job|nil
---@return string|nil why not
function M.new(name, values, arguments)
  local client, driver = connections.open(values)
  if not client then
    return nil, driver
  end
  return setmetatable({
    client = client,
    driver = driver,
    values = values,
    by = who(name, arguments),
  }, Job)
end

--- From now on a signal ends this command.
---@param command {cancel: fun(self: table)} a case, or a planning
function Job:end_by_signal(command)
  self.command = command
  function self.driver.on_signal()
    command:cancel()
  end
end

--- The options by which a reading or a round can be watched.
function Job:hooks()
  local display = progress.on_stderr()
  local is_read
  local function on_run(run)
    display:finish()
    display, is_read = progress.on_stderr(), run.op == "get"
    if self.driver.is_interrupted() then -- before the first request of the run
      self.command:cancel()
    end
  end
  self.display = {
    finish = function()
      display:finish()
    end,
  }
  return {
    by = self.by,
    on_run = on_run,
    on_progress = function(seen)
      if is_read then
        seen.refused = 0 -- what could not be read is told at the end
      end
      display:update(seen)
    end,
  }
end

-- What a person can do about a limit, by the field of the error.
local HINTS = {
  max_age_s = "--max-age allows an older one",
  max_removals = "--max-removals allows more",
}

--- Say why a command did not come to its end.
---@param err elevenlabs.workspace.Error
---@return integer status
function Job:fail(err)
  if self.display then
    self.display.finish()
  end
  if self.driver.status then
    output.complain "interrupted. Run the command again to go on"
    return self.driver.status
  end
  local hint = HINTS[err.field]
  output.complain(hint and ("%s: %s"):format(err.message, hint) or err.message)
  if err.kind == "invalid_argument" then
    return M.EXIT.usage
  end
  return err.field == "report" and M.EXIT.unwritten or M.EXIT.stopped
end

--- Open all cases, do something with them, and close them. If one cannot be opened, nothing is done.
---@param folders string[]
---@param act fun(cases: elevenlabs.workspace.offboard.Case[]): integer
---@return integer status
function M.with_cases(folders, act)
  local cases, status = {}, nil
  for i, folder in ipairs(folders) do
    local err
    cases[i], err = offboard.open(folder)
    if not cases[i] then
      output.complain(err.message)
      status = M.EXIT.usage
      break
    end
  end
  status = status or act(cases)
  for _, case in ipairs(cases) do
    case:close()
  end
  return status
end

--- Do something with each case. -> the first exit status that holds
---@param cases elevenlabs.workspace.offboard.Case[]
---@param act fun(case: elevenlabs.workspace.offboard.Case): integer
---@return integer status
function M.each(cases, act)
  local status = M.EXIT.done
  for i, case in ipairs(cases) do
    if i > 1 then
      output.write "\n"
    end
    status = M.worse(status, act(case))
  end
  return status
end

--- The same for a command that sends requests. An interrupt ends the command.
function Job:each(cases, act)
  return M.each(cases, function(case)
    return self.driver.status or act(case)
  end)
end

return M
