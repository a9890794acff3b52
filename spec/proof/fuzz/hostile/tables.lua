--- Arguments, options and lists of items of any kind, and what must come of them: what is
--- wrong is refused by name, and nothing raises but what says that it does.

local cjson = require "cjson"
local items = require "elevenlabs.workspace.items"
local values = require "spec.proof.fuzz.hostile.values"
local workspace = require "elevenlabs.workspace"

local M = {}

local FIELDS = {
  "resource_id", "resource_type", "user_email", "group_id", "workspace_api_key_id", "role",
  "allow_unknown_resource_type",
}
local NAMES = { "user_mail", "email", "Resource_id", "__index", "n", "resource_id\0" }
for _, name in ipairs(FIELDS) do
  NAMES[#NAMES + 1] = name
end

local function set(list)
  local found = {}
  for _, value in ipairs(list) do
    found[value] = true
  end
  return found
end

local IS_FIELD, IS_GOOD, IS_NO_ID = set(FIELDS), set(values.GOOD), set(values.NO_ID)
local IS_NO_IDENTIFIER, IS_ADDRESS = set(values.NO_IDENTIFIER), set(values.ADDRESSES)
local IS_ID = set { "resource_id", "group_id", "workspace_api_key_id" }
local IS_TYPE = set(workspace.RESOURCE_TYPES)
local IS_ROLE = set { "admin", "editor", "commenter", "viewer" }

-- ---- arguments

local function draw_args(random)
  local args = {}
  if random:chance(0.7) then
    args = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
  end
  for _ = 1, random:int(0, 3) do
    local value = random:chance(0.9) and values.any(random) or nil
    args[values.key(random, NAMES)] = value
  end
  return random:chance(0.2) and setmetatable(args, getmetatable(values.raising())) or args
end

local function is_sound(name, value)
  if name == "allow_unknown_resource_type" then
    return type(value) == "boolean"
  end
  if name == "user_email" then
    return IS_ADDRESS[value]
  end
  return IS_GOOD[value]
    or (name ~= "resource_id" and IS_NO_ID[value])
    or (not IS_ID[name] and IS_NO_IDENTIFIER[value])
end

--- The fields that are there, read raw; nil where there is one that nobody knows, or none
--- could send.
local function fields_of(args)
  local found = {}
  for name, value in next, args do
    if type(name) ~= "string" or not IS_FIELD[name] then
      return nil
    elseif value ~= cjson.null then
      if not is_sound(name, value) then
        return nil
      end
      found[name] = value
    end
  end
  return found
end

local function count_targets(found)
  return (found.user_email and 1 or 0)
    + (found.group_id and 1 or 0)
    + (found.workspace_api_key_id and 1 or 0)
end

--- May this be sent?
function M.is_valid(op, args)
  local found = fields_of(args)
  return found
    and found.resource_id
    and found.resource_type
    and (found.allow_unknown_resource_type or IS_TYPE[found.resource_type])
    and count_targets(found) == (op == "get" and 0 or 1)
    and (op == "share" and IS_ROLE[found.role] or op ~= "share" and found.role == nil)
    and true
    or false
end

local function wrong_refusal(err)
  if type(err) ~= "table" or err.kind ~= "invalid_argument" or err.outcome ~= "not_sent" then
    return "refused, but as " .. tostring(err)
  end
  return values.wrong_text(err)
end

local function holds_key(args)
  for _, value in next, args do
    if value == values.KEY then
      return true
    end
  end
  return false
end

--- One call that is never sent.
local function try_call(random, client)
  local op, args = random:pick { "unshare", "share", "get" }, draw_args(random)
  local ok, call, err = pcall(client.start, client, op, args)
  if not ok then
    return "raised " .. tostring(call)
  elseif call and holds_key(args) then -- it is compared as the call is about to be sent
    local _
    _, err = call:result()
    return wrong_refusal(err)
  elseif (call ~= nil) ~= M.is_valid(op, args) then
    return call and "accepted" or "refused: " .. tostring(err)
  elseif not call then
    return wrong_refusal(err)
  end
  call:cancel()
end

local function try_wrong_type(random, client)
  local args = values.any(random)
  if type(args) == "table" then
    return
  end
  local ok, why = pcall(client.unshare, client, args)
  if ok or not tostring(why):find("takes a table of arguments", 1, true) then
    return "taken for a table: a " .. type(args)
  end
end

-- ---- options

local OPTIONS = {
  "api_key", "region", "base_url", "driver", "io", "connect_timeout_ms", "attempt_timeout_ms",
  "deadline_ms", "max_attempts", "max_concurrency", "ca_file", "proxy", "user_agent", "on_event",
  "allow_unknown_resource_type", "apikey", "url",
}

local function try_options(random)
  local options = { api_key = values.KEY, base_url = "http://127.0.0.1:1" }
  for _ = 1, random:int(1, 3) do
    local key, value = values.key(random, OPTIONS), values.any(random)
    -- A driver is an object of the caller's own: its methods may be inherited, or raise.
    options[key] = (key ~= "driver" or type(value) ~= "table") and value or nil
  end
  local ok, client, err = pcall(workspace.new, options)
  if not ok then
    return "workspace.new raised " .. tostring(client)
  elseif not client then
    return wrong_refusal(err)
  end
  client:close()
end

-- ---- lists

--- What may be in a list, but for what could be sent.
local function draw_item(random, op)
  local item = random:chance(0.7) and draw_args(random) or values.any(random)
  return (type(item) ~= "table" or not M.is_valid(op, item)) and item or {}
end

local function iterate(random, list)
  local i, raises = 0, random:chance(0.2) and random:int(1, #list)
  return function()
    i = i + 1
    if i == raises then
      error(values.any(random))
    end
    return list[i]
  end
end

local function draw_list(random, op)
  local list = {}
  for i = 1, random:int(0, 5) do
    list[i] = draw_item(random, op)
  end
  local kind = random:int(1, 4)
  if kind == 1 then
    return iterate(random, list)
  elseif kind == 2 then
    list[values.key(random, NAMES)] = values.any(random)
  elseif kind == 3 then
    setmetatable(list, getmetatable(values.raising()))
  end
  return list
end

local BULK_OPTIONS = {
  "journal", "dry_run", "on_result", "on_progress", "deadline_ms", "max_concurrency", "dryrun",
}

local function draw_bulk_options(random)
  local options = {}
  for _ = 1, random:int(0, 2) do
    options[values.key(random, BULK_OPTIONS)] = values.any(random)
  end
  if options.journal == values.KEY then
    options.journal = nil -- whose name is shown
  end
  if random:chance(0.2) then
    options.on_result = function()
      error(values.any(random))
    end
  end
  return options
end

--- A run that stopped cancels what would have been refused as it was to be sent.
local function wrong_report(report)
  local invalid = report.stopped and report.total or report.invalid
  if report.total ~= report.not_sent or report.total ~= invalid then
    return ("a report of %d items, of which %d were not sent and %d invalid"):format(
      report.total, report.not_sent, report.invalid
    )
  elseif tostring(report.stop_message):find(values.KEY, 1, true) then
    return "a report with the key"
  end
end

local function try_list(random, client)
  local op = random:pick { "unshare", "share" }
  local list, options = draw_list(random, op), draw_bulk_options(random)
  local ok, report, err = pcall(client[op .. "_many"], client, list, options)
  if not ok then
    return "a run raised " .. tostring(report)
  elseif report then
    return wrong_report(report)
  end
  return type(err) ~= "table" and "no report and no error" or values.wrong_text(err)
end

local function try_product(random)
  local arguments = { resource_ids = { "a" }, resource_type = "voice", user_emails = { "b" } }
  for _ = 1, random:int(1, 3) do
    local key = values.key(random, { "resource_ids", "resource_type", "user_emails", "role" })
    arguments[key] = values.any(random)
  end
  local ok, source, err = pcall(items.product, arguments)
  if not ok then
    return "items.product raised " .. tostring(source)
  end
  return not source and wrong_refusal(err) or nil
end

-- ---- all of it

--- -> nil, or what is wrong
function M.try(random, client)
  local kind = random:int(1, 20)
  if kind <= 12 then
    return try_call(random, client)
  elseif kind <= 15 then
    return try_list(random, client)
  elseif kind <= 17 then
    return try_options(random)
  elseif kind <= 19 then
    return try_product(random)
  end
  return try_wrong_type(random, client)
end

return M
