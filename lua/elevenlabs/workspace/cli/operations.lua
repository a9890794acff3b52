--- The commands `unshare`, `share` and `get`, run for one resource. cli.bulk runs them for many.

local bulk = require "elevenlabs.workspace.cli.bulk"
local connections = require "elevenlabs.workspace.cli.connections"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local json = require "elevenlabs.workspace.json"
local list = require "elevenlabs.workspace.cli.list"
local operations = require "elevenlabs.workspace.operations"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"

local M = {}

local EXIT = { confirmed = 0, refused = 1, unconfirmed = 1, usage = 2, not_sent = 3 }

-- ---- options

local RESOURCE = {
  { name = "--resource-id", value = "ID", text = "the resource's id" },
  list.RESOURCE_TYPE,
}
local COMMON = {
  {
    name = "--allow-unknown-resource-type",
    text = "accept a resource type that is newer than this program",
  },
  { name = "--json", text = "print the result, or the error, as one line of JSON" },
}

local STATUSES = {
  { "2", "wrong usage or input" },
  { "130, 143, 129", "interrupted by SIGINT, SIGTERM, SIGHUP" },
  { "3", "not sent, or stopped early: run the command again" },
  { "5", "a result could not be written" },
  { "1", "some refused or unconfirmed" },
  { "0", "all confirmed" },
}

local SUMMARIES = {
  unshare = "remove a role from a user, group or key",
  share = "give a role to a user, group or key",
  get = "show who has which role on a resource",
}
local DESCRIPTIONS = {
  unshare = "Removes any role that the target has on a resource, or on each resource of"
    .. " --from FILE.",
  share = "Gives the target a role on a resource, or on each resource of --from FILE. It replaces"
    .. " any role that the target has.",
  get = "Shows who has which role on a resource, or on each resource of --from FILE: a line each.",
}

local function sends_role(operation)
  for _, name in ipairs(operation.body or {}) do
    if name == "role" then
      return true
    end
  end
  return false
end

local function groups_of(op)
  local operation = operations[op]
  local groups = { { title = "Resource", options = RESOURCE } }
  if operation.is_change then
    groups[#groups + 1] = { title = "Target, exactly one", options = list.TARGET }
  end
  if sends_role(operation) then
    groups[#groups + 1] = { title = "Role", options = { list.ROLE } }
  end
  groups[#groups + 1] = bulk.options(operation.is_change)
  groups[#groups + 1] = connections.OPTIONS
  groups[#groups + 1] = { title = "General", options = COMMON }
  return groups
end

-- ---- messages

local HEADLINES = {
  refused = "Refused: the server said no.",
  unconfirmed = "UNCONFIRMED: it was sent, and nothing proves whether it was applied.",
  not_sent = "Not sent: nothing was changed.",
}

local ADVICE = {
  authentication = "Check the API key.",
  permission = "Use the key of someone with admin access to the resource.",
  payment_required = "Check the workspace's subscription.",
  not_found = "Check the id and the type. (This does not prove that a role was removed before.)",
  rate_limited = "Wait a little and run it again.",
  conflict = "Run it again.",
  timeout = "Run it again.",
  network = "Check the network and run it again.",
  server = "Wait a little and run it again.",
  tls = "Check --ca-file, the server's name and this machine's date.",
  untrusted_response = "A proxy or a firewall may have answered instead of the service.",
}
local ADVICE_WHEN_UNCONFIRMED = {
  unshare = "Run it again, or look with `get`.",
  share = "Look with `get` before you run it again: the role may have been given and taken away.",
  get = "Run it again.",
}

local function explain(op, err)
  local lines = { HEADLINES[err.outcome], "  " .. tostring(err) }
  local advice = ADVICE[err.from_service == false and "untrusted_response" or err.kind]
  if err.outcome == "unconfirmed" then
    advice = (advice and err.kind ~= "timeout" and err.kind ~= "network" and advice .. " " or "")
      .. ADVICE_WHEN_UNCONFIRMED[op]
  end
  lines[#lines + 1] = advice and "  " .. advice
  return table.concat(lines, "\n")
end

local function target_of(args)
  return args.user_email or args.group_id or args.workspace_api_key_id
end

local function confirmation(receipt, args, what)
  return ("confirmed: %s %s on %s %s (request-id %s)"):format(
    target_of(args),
    what,
    args.resource_type,
    args.resource_id,
    receipt.request_id or "none"
  )
end

local SAY = {}

function SAY.unshare(receipt, args)
  return confirmation(receipt, args, "has no role of its own")
end

function SAY.share(receipt, args)
  return confirmation(receipt, args, "is " .. args.role)
end

--- The server's value as text that cannot move the cursor of a terminal.
local function plain(value)
  return errors.one_line(type(value) == "string" and value or "none")
end

local function role_line(role, ids)
  local names = {}
  for i, id in ipairs(type(ids) == "table" and ids or {}) do
    names[i] = plain(id)
  end
  return names[1] and ("  %-12s %s"):format(plain(role), table.concat(names, ", "))
end

function SAY.get(resource, args)
  local lines = {
    ("%s %s, created by %s"):format(
      args.resource_type,
      args.resource_id,
      plain(resource.creator_user_id)
    ),
  }
  local roles = type(resource.role_to_group_ids) == "table" and resource.role_to_group_ids or {}
  for _, role in ipairs(json.sorted_keys(roles)) do
    lines[#lines + 1] = role_line(role, roles[role])
  end
  return table.concat(lines, "\n")
end

-- ---- the commands

local function report(op, args, values, result, err)
  if values.json then
    output.write(json.encode(result or err) .. "\n")
  elseif result then
    output.write(SAY[op](result, args) .. "\n")
  end
  if err and not values.json then
    local is_slip = err.kind == "invalid_argument"
    output.complain(is_slip and options.as_typed(err.message, item_fields) or explain(op, err))
  end
end

--- Make the call. A signal cancels it, and its outcome then tells whether it was sent.
local function call(client, driver, op, args)
  local call_, err = client:start(op, args)
  if not call_ then
    return nil, err
  end
  function driver.on_signal()
    call_:cancel()
  end
  return call_:result()
end

local function run_one(op, values)
  local client, driver = connections.open(values)
  if not client then
    return output.refuse(values, driver)
  end
  local args = list.fields(values)
  local result, err = call(client, driver, op, args)
  client:close()
  report(op, args, values, result, err)
  if driver.status then
    return driver.status
  elseif err and err.kind == "invalid_argument" then
    return EXIT.usage
  end
  return err and EXIT[err.outcome] or EXIT.confirmed
end

--- Refuse a type that this program does not know: most often it is misspelt.
local function check_type(values)
  local given = values.resource_type
  if not given or values.allow_unknown_resource_type then
    return nil
  end
  for _, name in ipairs(core.RESOURCE_TYPES) do
    if name == given then
      return nil
    end
  end
  local near = core.nearest(given, core.RESOURCE_TYPES)
  return ('unknown --resource-type "%s"%s (a newer type: --allow-unknown-resource-type)'):format(
    given:sub(1, 40),
    near and (": did you mean %s?"):format(near) or ""
  )
end

--- The command of an operation.
---@param op "unshare"|"share"|"get"
function M.command(op)
  return {
    name = op,
    summary = SUMMARIES[op],
    description = DESCRIPTIONS[op],
    groups = groups_of(op),
    statuses = STATUSES,
    run = function(values, arguments)
      local misuse = check_type(values) or bulk.check(op, values)
      if misuse then
        return nil, misuse
      elseif values.from then
        return bulk.run(op, values, arguments)
      end
      return run_one(op, values)
    end,
  }
end

return M
