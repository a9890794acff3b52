--- Cases of offboarding: who, in which folder, with which options, and what the judge remembers.

local M = {}

---@class spec.proof.offboard.Case
---@field folder string
---@field subject table of world.draw_subject
---@field options table of `plan`
---@field successor string|nil id
---@field protected table<string, boolean> by "type id"
---@field further table<string, boolean> by "type id": named by --ids
---@field apply table options of `apply`
---@field undo table options of `undo`
---@field is_planned boolean|nil there is a plan
---@field planned table<string, {roles: string, creator: string}> by "type id": what the plan read
---@field removed table<string, {roles: string[]}> by "type id": what rounds may have removed
---@field given table<string, "yes"|"perhaps"> by "type id": what undo gave back
---@field commands spec.proof.offboard.Command[]

---@param options table
---@return table
function M.copy(options)
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

--- A case without any option that is not needed.
---@param subject table of world.draw_subject
---@param folder string
---@return spec.proof.offboard.Case
function M.plain(subject, folder)
  return {
    folder = folder,
    subject = subject,
    options = M.copy(subject.options),
    apply = {},
    undo = {},
    protected = {},
    further = {},
    commands = {},
    planned = {},
    removed = {},
    given = {},
  }
end

local function draw_round(random, case)
  case.apply.read_back_ms = random:pick { 0, 1000, 30000 }
  case.undo.read_back_ms = case.apply.read_back_ms
  if random:chance(0.5) then
    case.options.by = { operator = "root", host = "admin-1", arguments = "offboard plan" }
    case.apply.by, case.undo.by = case.options.by, case.options.by
  end
end

--- Draw a case.
---@param world spec.proof.offboard.World
---@param subject table of world.draw_subject
---@param folder string
---@return spec.proof.offboard.Case
function M.draw(world, subject, folder)
  local random, case = world.random, M.plain(subject, folder)
  local options = case.options
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
  draw_round(random, case)
  return case
end

--- A case like another one, of somebody else, as plans of several people share their options.
---@return spec.proof.offboard.Case
function M.like(other, subject, folder)
  local case = M.copy(other)
  case.subject, case.folder = subject, folder
  case.commands, case.planned, case.removed, case.given = {}, {}, {}, {}
  return case
end

return M
