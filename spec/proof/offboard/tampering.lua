--- Cases that must be refused: another workspace, another person behind the address, a plan that is
--- old, damaged or too large. The judge sees that nothing is sent.

local commands = require "spec.proof.offboard.commands"
local folders = require "spec.proof.offboard.folders"
local others = require "spec.proof.offboard.others"

local M = {}

local CALM = {}

local read, write = folders.read, folders.write

--- Give a command in good weather that must be refused for this reason.
local function expect(world, case, name, why, further)
  local options = { weather = CALM, dies_at = false, refusal = why }
  for key, value in pairs(further or {}) do
    options[key] = value
  end
  local arguments = options.arguments or case[name]
  return commands.give(world, case, name, options, commands.on_case(world, case, name, arguments))
end

local function pick_command(world)
  return world.random:pick { "apply", "undo" }
end

local TRICKS = {}

function TRICKS.another_workspace(world, case)
  local workspace = world.workspace
  local before = workspace.caller
  table.insert(workspace.users, { id = "user_zoe", email = "zoe@example.com" })
  workspace.caller = "user_zoe"
  expect(world, case, pick_command(world), "another owner")
  table.remove(workspace.users)
  workspace.caller = before
end

function TRICKS.another_server(world, case)
  expect(world, case, pick_command(world), "another server", {
    client = { base_url = "https://other.invalid" },
  })
end

function TRICKS.another_person(world, case)
  if case.options.user_email and world.workspace:user("id", case.subject.id) then
    others.replace(world.workspace, case.subject.id)
    expect(world, case, pick_command(world), "another person has the address")
    others.replace_back(world.workspace, case.subject.id)
  end
end

function TRICKS.nobody(world, case)
  if case.options.user_email and world.workspace:user("id", case.subject.id) then
    local user = others.leave(world.workspace, case.subject.id)
    expect(world, case, pick_command(world), "nobody has the address")
    commands.verify(world, case)
    table.insert(world.workspace.users, user)
  end
end

--- Damage the plan, look, and mend it.
local function with_damage(world, case, what, change)
  local path = case.folder .. "/plan.jsonl"
  local whole = read(path)
  write(path, change(whole))
  expect(world, case, pick_command(world), what, { has_no_report = true })
  write(path, whole)
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]*\n" do
    lines[#lines + 1] = line
  end
  return lines
end

function TRICKS.edited_line(world, case)
  with_damage(world, case, "a line of the plan was changed", function(text)
    local lines = lines_of(text)
    local i = world.random:int(1, #lines)
    local at = world.random:int(2, #lines[i] - 2)
    local other = lines[i]:sub(at, at) == "a" and "b" or "a"
    lines[i] = lines[i]:sub(1, at - 1) .. other .. lines[i]:sub(at + 1)
    return table.concat(lines)
  end)
end

function TRICKS.dropped_line(world, case)
  with_damage(world, case, "a line of the plan is missing", function(text)
    local lines = lines_of(text)
    table.remove(lines, world.random:int(1, #lines))
    return table.concat(lines)
  end)
end

function TRICKS.dropped_end(world, case)
  with_damage(world, case, "the end of the plan is missing", function(text)
    local lines = lines_of(text)
    for _ = 1, world.random:int(1, #lines - 1) do
      table.remove(lines)
    end
    return table.concat(lines)
  end)
end

--- Days pass. The plan is old from now on, unless the user says that this age is allowed.
function TRICKS.old(world, case)
  if case.apply.max_age_s then
    return
  end
  world.machine:pass_days(8)
  expect(world, case, "apply", "the plan is old")
  case.apply.max_age_s = 1000 * 24 * 3600
  case.undo.max_age_s = case.apply.max_age_s
end

local function count_planned(case)
  local count = 0
  for key, planned in pairs(case.planned) do
    if planned.roles ~= "" and planned.creator ~= case.subject.id and not case.protected[key] then
      count = count + 1
    end
  end
  return count
end

function TRICKS.too_many(world, case)
  local count = count_planned(case)
  if count > 0 then
    local arguments = { max_removals = count - 1, max_age_s = case.apply.max_age_s }
    expect(world, case, "apply", "too many removals", { arguments = arguments })
  end
end

function TRICKS.another_successor(world, case)
  if case.successor and world.workspace:user("id", case.successor) then
    others.replace(world.workspace, case.successor)
    expect(world, case, "apply", "another person has the successor's address")
    others.replace_back(world.workspace, case.successor)
  end
end

local NAMES = {}
for name in pairs(TRICKS) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES)

--- Try one of them.
function M.try(world, case)
  local name = world.random:pick(NAMES)
  world:note("trick: %s", name)
  TRICKS[name](world, case)
end

return M
