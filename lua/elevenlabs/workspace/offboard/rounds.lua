--- What the rounds of a case share: reading resources that are known, the bulk runs that change
--- them, and the check that a round may begin.

local discovery = require "elevenlabs.workspace.offboard.discovery"
local errors = require "elevenlabs.workspace.error"
local key_of = require("elevenlabs.workspace.offboard.observer").key_of
local principals = require "elevenlabs.workspace.offboard.principals"
local subjects = require "elevenlabs.workspace.offboard.subject"
local times = require "elevenlabs.workspace.offboard.times"
local turns = require "elevenlabs.workspace.engine.turns"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"

local M = {}

M.DEFAULT_MAX_AGE_S = 7 * 24 * 60 * 60
M.DEFAULT_MAX_CHANGES = 1000
local CLOCK_ERROR_S = 3600 -- of another machine that made the plan

-- ---- may a round begin?

--- The plan must be of this server.
---@param case elevenlabs.workspace.offboard.Folder
---@param client elevenlabs.workspace.Client
---@return elevenlabs.workspace.Error|nil refusal
function M.check_server(case, client)
  if case.plan.header.server ~= client.base_url then
    local message = "the plan was made at %s, and this client sends to %s:"
      .. " take another folder, or plan again"
    return errors.invalid("base_url", message:format(case.plan.header.server, client.base_url))
  end
end

--- The subject must be able to be changed by the API.
---@param subject elevenlabs.workspace.offboard.Subject
---@return elevenlabs.workspace.Error|nil refusal
function M.check_target(subject)
  if subject.target then
    return nil
  elseif subject.kind == "service_account" then
    local message = "the service account %s has no API key, and the API removes by a key's id"
    return errors.invalid("service_account_id", message:format(subject.label))
  end
  local message = "the plan names a member by id, and the API removes by address:"
    .. " make a plan by user_email"
  return errors.invalid("user_id", message)
end

---@param what string "plan" or "round"
---@param made_s integer
---@param max_age_s number|nil
---@return elevenlabs.workspace.Error|nil refusal
function M.check_age(what, made_s, max_age_s)
  local age = os.time() - made_s
  local most = max_age_s or M.DEFAULT_MAX_AGE_S
  if age < -CLOCK_ERROR_S then
    local message = "the %s was made %s from now: is the clock right?"
    return errors.invalid("max_age_s", message:format(what, times.length(-age)))
  elseif age > most then
    local message = "the %s is %s old, and at most %s are allowed"
    message = message:format(what, times.length(age), times.length(most))
    return errors.invalid("max_age_s", message)
  end
end

---@param count integer
---@param most number|nil
---@return elevenlabs.workspace.Error|nil refusal
function M.check_count(count, most)
  most = most or M.DEFAULT_MAX_CHANGES
  if count > most then
    local message = "%d resources are to be changed, and at most %.0f are allowed"
    return errors.invalid("max_removals", message:format(count, most))
  end
end

--- The key must be of the plan's owner, and the subject must be who it was.
---@param case elevenlabs.workspace.offboard.Folder
---@param found elevenlabs.workspace.offboard.Discovery
---@param may_have_left boolean
---@return elevenlabs.workspace.offboard.Subject|nil
---@return elevenlabs.workspace.Error|nil refusal
function M.find_subject(case, found, may_have_left)
  return subjects.find_again(found, case.plan.header, may_have_left)
end

--- The successor's address must belong to whoever it belonged to.
---@return elevenlabs.workspace.Error|nil refusal
local function check_successor(case, found)
  local successor = case.plan.header.successor
  if not found.members then
    return subjects.unread(found, "members")
  end
  local member, why = principals.by_address(found.members, successor.email)
  if member and member.user_id == successor.id then
    return nil
  elseif member then
    local message = "the address %s belongs to %s now, and the plan is for %s"
    why = message:format(successor.email, member.user_id, successor.id)
  end
  return errors.invalid("replace_by", why)
end

--- The same, with the principals read for it. The API must be able to name the subject still.
---@param case elevenlabs.workspace.offboard.Folder
---@param client elevenlabs.workspace.Client
---@param grants boolean the round grants to the plan's successor, if it has one
---@param cancellation elevenlabs.workspace.offboard.Cancellation
---@return elevenlabs.workspace.offboard.Subject|nil
---@return elevenlabs.workspace.Error|nil refusal
function M.read_subject(case, client, grants, cancellation)
  local found = discovery.read_principals(client, cancellation)
  if not found then
    return nil, errors.not_begun()
  end
  local subject, err = M.find_subject(case, found, false)
  err = err or M.check_target(subject)
  if not err and grants and case.plan.header.successor then
    err = check_successor(case, found)
  end
  return not err and subject or nil, err
end

-- ---- runs

local function item_of(row)
  return {
    resource_id = row.resource_id,
    resource_type = row.resource_type,
    allow_unknown_resource_type = true,
  }
end

--- An iterator over the items of these rows.
local function items_of(rows, make)
  local i = 0
  return function()
    i = i + 1
    return rows[i] and make(rows[i])
  end
end

--- Run to the end. -> nil, or the error of a run that stopped early; and whether there was a run
local function run_to_end(client, op, rows, make, hooks, options)
  local run, err = client:start_many(op, items_of(rows, make), options)
  if not run then
    return err, false
  end
  hooks.cancellation:watch(run)
  if hooks.on_run then
    hooks.on_run(run)
  end
  local report
  report, err = run:result()
  if report then
    err = report.stopped and unfinished.stopped(report) or nil
  end
  return err, true
end

local function by_key(rows)
  local map = {}
  for _, row in ipairs(rows) do
    map[key_of(row)] = row
  end
  return map
end

local function with_count(hooks, rows)
  return hooks.on_progress
    and function(progress)
      progress.count = #rows
      hooks.on_progress(progress)
    end
end

--- Read the resource of each row.
---@param client elevenlabs.workspace.Client
---@param rows table[]
---@param hooks table { cancellation, on_run, on_progress }
---@param take fun(row: table, resource: elevenlabs.workspace.Resource|nil, err: elevenlabs.workspace.Error|nil)
---@return elevenlabs.workspace.Error|nil why the reading stopped early
function M.read(client, rows, hooks, take)
  local found = by_key(rows)
  local err = run_to_end(client, "get", rows, item_of, hooks, {
    on_progress = with_count(hooks, rows),
    on_result = function(item, resource, problem)
      take(found[key_of(item)], resource, problem)
    end,
  })
  return err
end

--- Change each row, with a journal of this round.
---@param case elevenlabs.workspace.offboard.Folder
---@param client elevenlabs.workspace.Client
---@param op "unshare"|"share"
---@param rows table[]
---@param fields fun(row: table): table what the item has beside the resource
---@param hooks table { cancellation, on_run, on_progress }
---@return elevenlabs.workspace.Error|nil why the changes stopped early
function M.change(case, client, op, rows, fields, hooks)
  if not rows[1] then
    return nil
  end
  local round = case.number
  local err, began = run_to_end(client, op, rows, function(row)
    local item = item_of(row)
    for name, value in pairs(fields(row)) do
      item[name] = value
    end
    return item
  end, hooks, {
    journal = case:journal(round, op),
    stop_on_refusals = false, -- each resource was read just before
    on_progress = with_count(hooks, rows),
    on_result = function(item, receipt, failure)
      local result = receipt or failure
      case.ledger:take_result(round, op, item, {
        outcome = result.outcome,
        message = failure and failure.message,
        status = result.status,
        request_id = result.request_id,
        attempts = result.attempts,
        at = times.iso(),
        role = item.role,
      })
    end,
  })
  if began then
    case:write { acted = op, round = round }
  end
  local _, unwritten = case:sync()
  return err or unwritten
end

-- ---- looking again until a change is seen

local FIRST_PAUSE_MS, MAX_PAUSE_MS = 250, 5000
M.DEFAULT_READ_BACK_MS = 30000

--- Wait, unless the command is cancelled. -> why the driver cannot wait here
local function pause(engine, ms, cancellation)
  local sleeper = { is_woken = false }
  function sleeper.cancel()
    sleeper.is_woken = true
    engine:announce()
  end
  cancellation:watch(sleeper)
  return turns.pause(engine, ms, function()
    return sleeper.is_woken
  end)
end

--- Read rows again until a function says that each is as it should be, or time is up: a change may
--- be seen late.
---@param client elevenlabs.workspace.Client
---@param rows table[]
---@param hooks table { cancellation, on_run, on_progress, read_back_ms }
---@param is_settled fun(row: table, resource: table|nil, err: table|nil): boolean called for each
--- reading
---@return elevenlabs.workspace.Error|nil why the reading stopped early
function M.read_back(client, rows, hooks, is_settled)
  local engine = client.engine
  local ends_at = engine.now() + (hooks.read_back_ms or M.DEFAULT_READ_BACK_MS)
  local pause_ms = FIRST_PAUSE_MS
  local left = rows
  while left[1] do
    local unsettled = {}
    local err = M.read(client, left, hooks, function(row, resource, problem)
      if not is_settled(row, resource, problem) then
        unsettled[#unsettled + 1] = row
      end
    end)
    left = unsettled
    if err then
      return err
    elseif not left[1] or engine.now() + pause_ms > ends_at then
      return nil
    end
    local why = pause(engine, pause_ms, hooks.cancellation)
    if why then
      return errors.invalid("driver", why)
    end
    pause_ms = math.min(MAX_PAUSE_MS, pause_ms * 2)
  end
end

return M
