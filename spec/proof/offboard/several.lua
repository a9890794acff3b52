--- Several people leave at once: one reading makes a plan for each, and another one verifies all.

local cases = require "spec.proof.offboard.cases"
local commands = require "spec.proof.offboard.commands"
local others = require "spec.proof.offboard.others"

local M = {}

--- The subjects: Mia, and others who are not the key's owner.
local function draw_people(world)
  local people = { world.subject }
  for _, user in ipairs(world.workspace.users) do
    local is_new = user.id ~= world.subject.id and user.id ~= world.workspace.caller
    if is_new and #people < 3 and world.random:chance(0.7) then
      table.insert(people, { kind = "user", id = user.id, options = { user_email = user.email } })
    end
  end
  return people
end

local function draw_cases(world)
  local people, all, emails = draw_people(world), {}, {}
  local folder = world.folder .. "/several"
  for i, person in ipairs(people) do
    local email = person.options.user_email
    emails[i] = email
    local own = folder .. "/" .. email:lower()
    all[i] = all[1] and cases.like(all[1], person, own) or cases.draw(world, person, own)
  end
  for _, person in ipairs(people) do
    if person.id == all[1].successor then
      for _, case in ipairs(all) do
        case.successor, case.options.replace_by = nil, nil
      end
    end
  end
  return all, emails, folder
end

--- The summaries of open cases, which are closed.
local function close_all(opened)
  local summaries = {}
  for i, case in ipairs(opened) do
    summaries[i] = case:summary()
    case:close()
  end
  return summaries
end

local function plan(world, all, emails, folder, options)
  return commands.give_all(world, all, "plan", options, function(client)
    local given = cases.copy(all[1].options)
    given.user_email, given.user_emails = nil, emails
    for _, case in ipairs(all) do
      given.again = given.again or case.is_planned
    end
    local opened, err = world.product.offboard.plan_many(client, folder, given)
    return opened and close_all(opened), err
  end)
end

local function verify(world, all)
  commands.give_all(world, all, "verify", {}, function(client)
    local opened = {}
    for i, case in ipairs(all) do
      opened[i] = assert(world.product.offboard.open(case.folder))
    end
    local summaries, err = world.product.offboard.verify_many(client, opened)
    close_all(opened)
    return summaries, err
  end)
end

--- Play a world in which several people leave.
---@param world spec.proof.offboard.World
function M.play(world)
  local all, emails, folder = draw_cases(world)
  local command = commands.until_done(world, all[1], function(options)
    return plan(world, all, emails, folder, options)
  end)
  if command.killed or command.err then
    return
  end
  for _, case in ipairs(all) do
    others.interlude(world, 0.2)
    commands.apply(world, case)
  end
  others.interlude(world, 0.4)
  verify(world, all)
  commands.undo(world, all[1])
end

return M
