--- The options of one call: their names and checks. A client has options of the same names.

local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"

local M = {}

--- The options of one call, instead of those of its client. An unknown name is an error.
---@class elevenlabs.workspace.CallOptions
---@field deadline_ms number|nil The time for the call with all its attempts. Default: the client's.
---@field max_attempts integer|nil How often the call may be sent: 1 to 100. Default: the client's.
--- Check the arguments, and send nothing. The result is true, or nil and an error. There is no receipt,
--- no event and no connection.
---@field dry_run boolean|nil

local NAMES = { "deadline_ms", "max_attempts", "dry_run" }
local NONE = {}
local MOST_ATTEMPTS = 100

-- ---- each check returns true, or nil and an error

---@param ms any
function M.check_deadline(ms)
  if ms == nil or (type(ms) == "number" and ms > 0) then
    return true
  end
  return nil, errors.invalid("deadline_ms", "deadline_ms must be a number above 0")
end

---@param most any
function M.check_max_attempts(most)
  local is_number = type(most) == "number" and most % 1 == 0
  if most == nil or (is_number and most >= 1 and most <= MOST_ATTEMPTS) then
    return true
  end
  local message = ("max_attempts must be a whole number from 1 to %d"):format(MOST_ATTEMPTS)
  return nil, errors.invalid("max_attempts", message)
end

local function check_dry_run(dry_run)
  if dry_run == nil or type(dry_run) == "boolean" then
    return true
  end
  local message = "dry_run must be true or false, got " .. type(dry_run)
  return nil, errors.invalid("dry_run", message)
end

--- A copy of a call's options, checked.
---@param options elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Error|nil
function M.read(options)
  if not options then
    return NONE
  end
  local copy, ok, err
  copy, err = names.copy("option", options, NAMES)
  if copy then
    ok, err = M.check_deadline(copy.deadline_ms)
  end
  if ok then
    ok, err = M.check_max_attempts(copy.max_attempts)
  end
  if ok then
    ok, err = check_dry_run(copy.dry_run)
  end
  return ok and copy, err
end

return M
