--- A source of items: every resource with every target.

local arrays = require "elevenlabs.workspace.items.array"
local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local source = require "elevenlabs.workspace.items.source"

local M = {}

local Product = source.kind()

function Product:next()
  if self.number >= self.count then
    return nil
  end
  local targets = #self.targets
  local id = self.resource_ids[math.floor(self.number / targets) + 1]
  local target = self.targets[self.number % targets + 1]
  self.number = self.number + 1
  return {
    resource_id = id,
    resource_type = self.resource_type,
    [self.target] = target,
    role = self.role,
  }
end

function Product:rewind()
  self.number = 0
  return true
end

function Product:close()
  self.number = self.count
end

local TARGET_OF = {
  user_emails = "user_email",
  group_ids = "group_id",
  workspace_api_key_ids = "workspace_api_key_id",
}
local TARGET_LISTS = { "user_emails", "group_ids", "workspace_api_key_ids" }
local PRODUCT_NAMES = {
  "resource_ids",
  "resource_type",
  "user_emails",
  "group_ids",
  "workspace_api_key_ids",
  "role",
}

--- A copy of a list of strings. The caller may change the list later.
local function copy_list(name, list)
  if type(list) ~= "table" then
    return nil, errors.invalid(name, ("%s must be a list, got %s"):format(name, type(list)))
  end
  local count, err = arrays.length(name, list)
  if not count then
    return nil, err
  end
  local copy = {}
  for i = 1, count do
    local value = rawget(list, i)
    if type(value) ~= "string" then
      local what = "%s[%d] must be a string, got %s"
      return nil, errors.invalid(name, what:format(name, i, type(value)))
    end
    copy[i] = value
  end
  return copy
end

--- The name of the one list of targets that was passed.
local function choose_targets(arguments)
  local chosen
  for _, name in ipairs(TARGET_LISTS) do
    if arguments[name] ~= nil and chosen then
      return nil, errors.invalid(name, ("%s and %s: pass exactly one"):format(chosen, name))
    end
    chosen = chosen or arguments[name] ~= nil and name
  end
  if not chosen then
    local what = "pass exactly one of " .. table.concat(TARGET_LISTS, ", ")
    return nil, errors.invalid("user_emails", what)
  end
  return chosen
end

local function check_texts(arguments)
  local wrong = type(arguments.resource_type) ~= "string" and "resource_type"
  if arguments.role ~= nil and type(arguments.role) ~= "string" then
    wrong = wrong or "role"
  end
  if wrong then
    local got = type(arguments[wrong])
    return nil, errors.invalid(wrong, ("%s must be a string, got %s"):format(wrong, got))
  end
  return true
end

---@param arguments elevenlabs.workspace.Product
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.new(arguments)
  local copy, chosen, ids, targets, ok, err
  copy, err = names.copy("argument", arguments, PRODUCT_NAMES)
  if copy then
    ok, err = check_texts(copy)
  end
  if ok then
    chosen, err = choose_targets(copy)
  end
  if chosen then
    ids, err = copy_list("resource_ids", copy.resource_ids)
  end
  if ids then
    targets, err = copy_list(chosen, copy[chosen])
  end
  if not targets then
    return nil, err
  end
  return setmetatable({
    resource_ids = ids,
    resource_type = copy.resource_type,
    target = TARGET_OF[chosen],
    targets = targets,
    role = copy.role,
    count = #ids * #targets,
    number = 0,
  }, Product)
end

return M
