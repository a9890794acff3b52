--- What happens in a world: which case is opened, which commands are given, who dies when, and what
--- others do in between. The judge looks after each command.

local json = require "cjson.safe"
local judges = require "spec.proof.offboard.judge"
local others = require "spec.proof.offboard.others"
local tampering = require "spec.proof.offboard.tampering"

local M = {}

local CALM = {}
local MOST_TRIES = 4

---@class spec.proof.offboard.Case
---@field folder string
---@field subject table of world.draw_subject
---@field options table of `plan`
---@field successor string|nil id
---@field protected table<string, boolean> by "type id"
---@field further table<string, boolean> by "type id": named by --ids
---@field apply table options of `apply`
---@field commands spec.proof.offboard.Command[]

-- ---- options

local function copy(options)
  local copied = {}
  for key, value in pairs(options) do
    copied[key] = value
  end
  return copied
end

local function key_of(resource)
  return resource.type .. " " .. resource.id
end

--- Some resources as an array of items.
local function draw_some(world, chance, filter)
  local items, keys = {}, {}
  for _, resource in ipairs(world.workspace.resources) do
    if filter(resource) and world.random:chance(chance) then
      table.insert(items, { resource_id = resource.id, resource_type = resource.type })
      keys[key_of(resource)] = true
    end
  end
  return items[1] and items, keys
end

local function draw_types(world)
  local types, chosen = world.workspace.types, {}
  if world.random:chance(0.12) then
    for i = 1, world.random:int(1, #types) do
      chosen[i] = types[i]
    end
    return chosen
  end
end

local function is_any()
  return true
end

local function is_hidden_or_drawn(resource)
  return resource.is_hidden == true or resource.order % 7 == 0
end

---@return spec.proof.offboard.Case
local function new_case(world, subject, name)
  local random, options = world.random, copy(subject.options)
  local case = {
    folder = world.folder .. "/" .. name,
    subject = subject,
    options = options,
    apply = {},
    undo = {},
    protected = {},
    further = {},
    commands = {},
    planned = {},
    removed = {},
    given = {},
  }
  if random:chance(0.25) then
    options.protect, case.protected = draw_some(world, 0.15, is_any)
  end
  if random:chance(0.3) then
    options.ids, case.further = draw_some(world, 0.8, is_hidden_or_drawn)
  end
  options.resource_types = draw_types(world)
  if random:chance(0.3) then
    case.successor = "user_tom"
    options.replace_by = "Tom@example.com"
    case.apply.remove_anyway = random:chance(0.2)
  end
  options.note = random:chance(0.2) and "Ticket <4711>" or nil
  case.apply.read_back_ms = random:pick { 0, 1000, 30000 }
  case.undo.read_back_ms = case.apply.read_back_ms
  return case
end

-- ---- commands of a case

local function read(path)
  local handle = io.open(path, "rb")
  local text = handle and handle:read "*a"
  if handle then
    handle:close()
  end
  return text
end

--- The document of the case, as its report has it.
local function report(world, case)
  local command, paths = world:command("report", { weather = CALM }, function()
    local opened, err = world.product.offboard.open(case.folder)
    if not opened then
      return nil, err
    end
    local paths, failure = opened:report()
    opened:close()
    return paths, failure
  end)
  command.document = paths and json.decode(read(paths.json))
  return command
end

--- Give a command and let the judge look.
---@param options table of world:command, with `refusal`: why it must be refused
---@param run fun(client): summary, err
local function give(world, case, name, options, run)
  if options.dies_at == nil and world.random:chance(0.25) then
    options.dies_at = math.floor(world.random:spread(1, 400))
  end
  local plan_path = case.folder .. "/plan.jsonl"
  local plan_before = read(plan_path)
  local command, summary = world:command(name, options, run)
  command.case, command.summary, command.refusal = case, summary, options.refusal
  command.options = options
  table.insert(case.commands, command)
  case.is_planned = read(plan_path) ~= nil
  command.made_plan = name == "plan" and case.is_planned and read(plan_path) ~= plan_before
  command.report = case.is_planned and not options.has_no_report and report(world, case) or nil
  judges.judge(world, command)
  return command
end

--- A method of the case that is stored in its folder.
local function on_case(world, case, method, arguments)
  return function(client)
    local opened, err = world.product.offboard.open(case.folder)
    if not opened then
      return nil, err
    end
    local summary, failure = opened[method](opened, client, copy(arguments or {}))
    opened:close()
    return summary, failure
  end
end

local function plan(world, case, options)
  case.options.again = case.is_planned or nil
  local command = give(world, case, "plan", options or {}, function(client)
    local opened, err = world.product.offboard.plan(client, case.folder, copy(case.options))
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
local function until_done(world, case, try)
  local command
  for i = 1, MOST_TRIES do
    command = try(i == MOST_TRIES and { dies_at = false } or {})
    if not command.killed or command.name == "plan" and case.is_planned then
      return command
    end
    M.interlude(world, 0.2)
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
  if subject.has_no_address or subject.kind == "service_account" and not has_key(world, subject) then
    return "the API cannot name the subject"
  end
end

local function apply(world, case, options)
  options.refusal = unnameable(world, case.subject)
  return give(world, case, "apply", options, on_case(world, case, "apply", case.apply))
end

--- Others do something.
function M.interlude(world, chance)
  while world.random:chance(chance) do
    local act = others.act(world.workspace, world.random, world.subject.id)
    world:note("another administrator: %s", act)
  end
end

--- The commands that may follow.
local FOLLOWING = {}

function FOLLOWING.apply(world, case)
  until_done(world, case, function(options)
    return apply(world, case, options)
  end)
end

function FOLLOWING.verify(world, case)
  local arguments = { planned_only = world.random:chance(0.3) or nil }
  local command = on_case(world, case, "verify", arguments)
  give(world, case, "verify", { planned_only = arguments.planned_only }, command)
end

function FOLLOWING.undo(world, case)
  until_done(world, case, function(options)
    options.refusal = unnameable(world, case.subject)
    return give(world, case, "undo", options, on_case(world, case, "undo", case.undo))
  end)
end

M.give, M.on_case, M.verify = give, on_case, FOLLOWING.verify

--- An undo that is killed and not given again.
function FOLLOWING.killed(world, case)
  local name = world.random:pick { "undo", "apply" }
  local options = { dies_at = math.floor(world.random:spread(1, 200)) }
  options.refusal = unnameable(world, case.subject)
  give(world, case, name, options, on_case(world, case, name, case[name]))
end

function FOLLOWING.plan(world, case)
  plan(world, case, { dies_at = world.random:chance(0.2) and world.random:int(1, 200) })
end

function FOLLOWING.tamper(world, case)
  tampering.try(world, case, M)
end

local NAMES = { "apply", "apply", "verify", "undo", "undo", "killed", "plan", "tamper" }

--- One case from plan to its end.
local function play_case(world, case)
  until_done(world, case, function(options)
    return plan(world, case, options)
  end)
  if not case.is_planned then
    return
  end
  M.interlude(world, 0.3)
  if world.random:chance(0.25) then
    FOLLOWING.tamper(world, case)
  end
  FOLLOWING.apply(world, case)
  for _ = 1, world.random:pick { 0, 1, 1, 2, 3 } do
    M.interlude(world, 0.4)
    FOLLOWING[world.random:pick(NAMES)](world, case)
  end
end

--- Play a world.
function M.play(world)
  play_case(world, new_case(world, world.subject, "case"))
end

return M
