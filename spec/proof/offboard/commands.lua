--- The commands of a case. Some are killed. The judge looks after each.

local cases = require "spec.proof.offboard.cases"
local json = require "cjson.safe"
local judges = require "spec.proof.offboard.judge"
local others = require "spec.proof.offboard.others"
local servers = require "spec.proof.offboard.server"

local M = {}

local CALM = {}
local MOST_TRIES = 4

local function read(path)
  local handle = io.open(path, "rb")
  local text = handle and handle:read "*a"
  if handle then
    handle:close()
  end
  return text
end

local function plan_of(case)
  return case.folder .. "/plan.jsonl"
end

local FILES = { "report.html", "report.csv", "report.json", "plan.jsonl" }

--- Read the report that is there.
---@param summary elevenlabs.workspace.offboard.Summary
local function read_report(world, case, command, summary)
  command.left = summary.left
  for _, name in ipairs(FILES) do
    local text = read(case.folder .. "/" .. name)
    if text and text:find(servers.SECRET, 1, true) then
      world:fail("broken", "%s holds a secret of the server", name)
    end
  end
  command.document = json.decode(read(case.folder .. "/report.json"))
  return command
end

--- The report of the case after a command. A command that changes or verifies writes it itself.
local function report(world, case, after)
  if after.summary and after.name ~= "plan" then
    return read_report(world, case, {}, after.summary)
  end
  local summary
  local command, paths = world:command("report", { weather = CALM }, function()
    local opened, err = world.product.offboard.open(case.folder)
    if not opened then
      return nil, err
    end
    summary = opened:summary()
    local paths, failure = opened:report()
    opened:close()
    return paths, failure
  end)
  return paths and read_report(world, case, command, summary) or command
end

--- Draw when a command is killed, if nobody has decided.
local function draw_death(world, options)
  if options.dies_at == nil and world.random:chance(0.25) then
    options.dies_at = math.floor(world.random:spread(1, 400))
  end
end

--- A command of this case has ended: make the report, and let the judge look.
---@param before string|nil the plan's text before the command
function M.conclude(world, case, command, options, before)
  local text = read(plan_of(case))
  command.case, command.refusal, command.options = case, options.refusal, options
  case.is_planned = text ~= nil
  command.made_plan = command.name == "plan" and text ~= nil and text ~= before
  table.insert(case.commands, command)
  command.report = case.is_planned and not options.has_no_report and report(world, case, command)
    or nil
  judges.judge(world, command)
end

--- Give a command to a case.
---@param options table of world:command, with `refusal`: why it must be refused
---@param run fun(client): summary, err
---@return spec.proof.offboard.Command
function M.give(world, case, name, options, run)
  draw_death(world, options)
  local before = read(plan_of(case))
  local command, summary = world:command(name, options, run)
  command.summary = summary
  M.conclude(world, case, command, options, before)
  return command
end

--- Give a command to several cases at once.
---@param run fun(client): summaries by case, err
---@return spec.proof.offboard.Command
function M.give_all(world, all, name, options, run)
  draw_death(world, options)
  local before = {}
  for i, case in ipairs(all) do
    before[i] = read(plan_of(case))
  end
  local command, summaries = world:command(name, options, run)
  for i, case in ipairs(all) do
    local own = cases.copy(command)
    own.summary = summaries and summaries[i]
    M.conclude(world, case, own, options, before[i])
  end
  return command
end

--- A method of the case that is stored in its folder.
function M.on_case(world, case, method, arguments)
  return function(client)
    local opened, err = world.product.offboard.open(case.folder)
    if not opened then
      return nil, err
    end
    function world.cancel()
      opened:cancel()
    end
    local summary, failure = opened[method](opened, client, cases.copy(arguments or {}))
    opened:close()
    return summary, failure
  end
end

function M.plan(world, case, options)
  case.options.again = case.is_planned or nil
  local command = M.give(world, case, "plan", options or {}, function(client)
    local opened, err = world.product.offboard.plan(client, case.folder, cases.copy(case.options))
    if not opened then
      return nil, err
    end
    local summary = opened:summary()
    opened:close()
    return summary
  end)
  return command
end

--- Give a command again for as long as it is killed.
function M.until_done(world, case, try)
  local command
  for i = 1, MOST_TRIES do
    command = try(i == MOST_TRIES and { dies_at = false } or {})
    if not command.killed or command.name == "plan" and case.is_planned then
      return command
    end
    others.interlude(world, 0.2)
  end
  return command
end

local function has_key(world, subject)
  for _, account in ipairs(world.workspace.accounts) do
    if account.id == subject.id then
      return account.key_ids[1] ~= nil
    end
  end
end

--- Why the API cannot change the subject's roles, or nil.
local function unnameable(world, subject)
  local is_account = subject.kind == "service_account"
  if subject.has_no_address or is_account and not has_key(world, subject) then
    return "the API cannot name the subject"
  end
end

local function apply(world, case, options)
  options.refusal = unnameable(world, case.subject)
  return M.give(world, case, "apply", options, M.on_case(world, case, "apply", case.apply))
end

function M.apply(world, case)
  M.until_done(world, case, function(options)
    return apply(world, case, options)
  end)
end

function M.verify(world, case)
  local arguments = { planned_only = world.random:chance(0.3) or nil }
  local command = M.on_case(world, case, "verify", arguments)
  M.give(world, case, "verify", { planned_only = arguments.planned_only }, command)
end

function M.undo(world, case)
  M.until_done(world, case, function(options)
    options.refusal = unnameable(world, case.subject)
    return M.give(world, case, "undo", options, M.on_case(world, case, "undo", case.undo))
  end)
end

--- A command that is cancelled and not given again.
function M.cancelled(world, case)
  local name = world.random:pick { "apply", "apply", "undo", "verify" }
  local options = { dies_at = false, cancels_at = math.floor(world.random:spread(1, 200)) }
  options.refusal = name ~= "verify" and unnameable(world, case.subject) or nil
  M.give(world, case, name, options, M.on_case(world, case, name, case[name]))
end

--- An undo that is killed and not given again.
function M.killed(world, case)
  local name = world.random:pick { "undo", "apply" }
  local options = { dies_at = math.floor(world.random:spread(1, 200)) }
  options.refusal = unnameable(world, case.subject)
  M.give(world, case, name, options, M.on_case(world, case, name, case[name]))
end

return M
