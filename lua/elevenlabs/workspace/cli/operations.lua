--- The commands `unshare`, `share` and `get` of one resource; those of many are `bulk`'s.

local bulk = require "elevenlabs.workspace.cli.bulk"
local connections = require "elevenlabs.workspace.cli.connections"
local errors = require "elevenlabs.workspace.error"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local json = require "elevenlabs.workspace.json"
local options = require "elevenlabs.workspace.cli.options"

local M = {}

local EXIT = { confirmed = 0, refused = 1, unconfirmed = 1, usage = 2, not_sent = 3 }

-- ---- usage

local RESOURCE = [[
  --resource-id ID          the resource
  --resource-type TYPE      its type, such as voice, project or convai_agents
]]
local TARGET = [[
  --user-email EMAIL        a user or service account       \
  --group-id ID             a group; default: every member   > exactly one
  --workspace-api-key-id ID the key's id, not its secret    /
]]
local COMMON = [[
  --allow-unknown-resource-type
                            for a type newer than this program
  --json                    print the result as one line of JSON
]] .. connections.USAGE .. [[
  --help                    show this
]]
local STATUSES = [[

Exit status: 0 confirmed; 1 refused, or unconfirmed; 2 wrong usage or input;
3 not sent, or stopped early: run it again; 130 interrupted (SIGTERM 143, SIGHUP 129).
]]

local USAGES = {
  unshare = "Usage: elevenlabs-workspace unshare OPTION...\n\n"
    .. "Removes whatever role the target has on the resource, or on each of --from FILE.\n\n"
    .. RESOURCE
    .. TARGET
    .. COMMON
    .. bulk.USAGE
    .. STATUSES,
  share = "Usage: elevenlabs-workspace share OPTION...\n\n"
    .. "Gives the target a role on the resource, or on each of --from FILE, in place of any\n"
    .. "it has.\n\n"
    .. RESOURCE
    .. TARGET
    .. "  --role ROLE               admin, editor, commenter or viewer\n"
    .. COMMON
    .. bulk.USAGE
    .. STATUSES,
  get = "Usage: elevenlabs-workspace get OPTION...\n\n"
    .. "Shows who has which role on the resource.\n\n"
    .. RESOURCE
    .. COMMON
    .. STATUSES,
}

local SUMMARIES = {
  unshare = "remove a role from a user, group or key",
  share = "give a role to a user, group or key",
  get = "show who has which role on a resource",
}

-- ---- options

local function add(readers, more)
  for name, reader in pairs(more) do
    readers[name] = reader
  end
end

local function readers_of(op)
  local readers = {
    ["--resource-id"] = options.text "resource_id",
    ["--resource-type"] = options.text "resource_type",
    ["--allow-unknown-resource-type"] = options.flag("allow_unknown_resource_type", true),
    ["--json"] = options.flag("json", true),
  }
  add(readers, connections.READERS)
  if op ~= "get" then
    readers["--user-email"] = options.text "user_email"
    readers["--group-id"] = options.text "group_id"
    readers["--workspace-api-key-id"] = options.text "workspace_api_key_id"
    add(readers, bulk.READERS)
  end
  if op == "share" then
    readers["--role"] = options.text "role"
  end
  return readers
end

-- ---- saying what became of it

local HEADLINES = {
  refused = "Refused: the server said no.",
  unconfirmed = "UNCONFIRMED: it was sent, and nothing proves what became of it.",
  not_sent = "Not sent: nothing was changed.",
}

local ADVICE = {
  authentication = "Check the API key.",
  permission = "Use the key of someone with admin access to the resource.",
  payment_required = "See to the workspace's subscription.",
  not_found = "Check the id and the type. (It is no proof that a role was removed before.)",
  rate_limited = "Wait a little and run it again.",
  conflict = "Run it again.",
  timeout = "Run it again.",
  network = "Check the network and run it again.",
  server = "Wait a little and run it again.",
  tls = "Check --ca-file, the server's name and this machine's date.",
  untrusted_response = "Something between here and the service may be answering for it.",
}
local ADVICE_WHEN_UNCONFIRMED = {
  unshare = "Run it again, or see with `get`.",
  share = "See with `get` before running it again: the role may have been given and taken.",
  get = "Run it again.",
}

local function explain(op, err)
  local lines = { HEADLINES[err.outcome], "  " .. tostring(err) }
  local advice = ADVICE[err.kind]
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

--- A value of the server's, as text that cannot move a terminal's cursor.
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

local function split(values)
  local args = {}
  for _, name in ipairs(item_fields) do
    args[name] = values[name]
  end
  return args
end

local function report(op, args, values, result, err, complain)
  if values.json then
    io.write(json.encode(result or err), "\n")
  elseif result then
    io.write(SAY[op](result, args), "\n")
  else
    complain(explain(op, err))
  end
end

--- Make the call, which a signal cancels: its outcome then tells whether it was sent.
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

local function run(op, values, complain)
  local client, driver = connections.open(values, complain)
  if not client then
    return EXIT.usage
  end
  local args = split(values)
  local result, err = call(client, driver, op, args)
  client:close()
  report(op, args, values, result, err, complain)
  if driver.status then
    return driver.status
  elseif err and err.kind == "invalid_argument" then
    return EXIT.usage
  end
  return err and EXIT[err.outcome] or EXIT.confirmed
end

--- The command of an operation.
---@param op "unshare"|"share"|"get"
function M.command(op)
  return {
    SUMMARY = SUMMARIES[op],
    USAGE = USAGES[op],
    run = function(arguments, complain)
      local values, misuse = options.read(arguments, readers_of(op))
      misuse = misuse or bulk.check(values)
      if misuse then
        return nil, misuse
      elseif values.from then
        return bulk.run(op, split(values), values, arguments, complain)
      end
      return run(op, values, complain)
    end,
  }
end

return M
