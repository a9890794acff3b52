--- The command `offboard plan`.

local access = require "elevenlabs.workspace.offboard.access"
local connections = require "elevenlabs.workspace.cli.connections"
local jobs = require "elevenlabs.workspace.cli.offboard.job"
local offboard = require "elevenlabs.workspace.offboard"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local people = require "elevenlabs.workspace.offboard.people"
local words = require "elevenlabs.workspace.cli.offboard.words"

local M = {
  name = "offboard plan",
  summary = "find everything that a leaver has a role on",
  description = "Lists and reads every resource that the API key can reach, and writes into FOLDER"
    .. " what is to be removed. Changes nothing. If several people are named, each gets a case in"
    .. " FOLDER/ADDRESS.",
  arguments = { { name = "folder", shown = "FOLDER", text = "where the case is kept", count = 1 } },
  groups = {
    {
      title = "Who leaves (one of these)",
      options = {
        {
          name = "--user-email",
          value = "EMAIL",
          text = "a member of the workspace; may be given several times",
          repeats = true,
        },
        {
          name = "--people",
          value = "FILE",
          text = "the members in the column user_email of this CSV file",
        },
        {
          name = "--user-id",
          value = "ID",
          text = "a member by id, also one who left the workspace. The plan cannot be applied,"
            .. " because the API removes by address",
        },
        { name = "--group-id", value = "ID", text = "a group; `default` needs --everyone" },
        {
          name = "--everyone",
          text = "agree that --group-id default takes the role from every member",
        },
        {
          name = "--service-account-id",
          value = "ID",
          text = "a service account. The API removes its roles by the id of its first API key",
        },
      },
    },
    {
      title = "What is planned",
      options = {
        {
          name = "--replace-by",
          value = "EMAIL",
          text = "grant each role to this member first, unless they have the same or a higher one",
        },
        options.one_type_alone(access.resource_types()),
        {
          name = "--ids",
          value = "FILE",
          text = "read these resources too, if no list names them: CSV or JSON lines with"
            .. " resource_id and resource_type",
        },
        {
          name = "--protect",
          value = "FILE",
          text = "never touch these resources: a FILE like that of --ids",
        },
        { name = "--note", value = "TEXT", text = "for the report: a ticket, or who asked" },
        { name = "--again", text = "make a new plan; the older one is kept beside it" },
        jobs.STRICT,
        options.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
}

local SUBJECTS = { "user_email", "people", "user_id", "group_id", "service_account_id" }

local function misuse_of(values)
  local given = {}
  for _, key in ipairs(SUBJECTS) do
    given[#given + 1] = values[key] and "--" .. key:gsub("_", "-") or nil
  end
  if #given == 0 then
    return "name who leaves: --user-email, --people, --user-id, --group-id or --service-account-id"
  elseif #given > 1 then
    return table.concat(given, " and ") .. " do not go together"
  elseif values.everyone and values.group_id ~= "default" then
    return "--everyone goes with --group-id default"
  elseif values.group_id == "default" and not values.everyone then
    return "the group default is every member: --everyone agrees to that"
  end
end

local COPIED = { "user_id", "group_id", "everyone", "service_account_id", "replace_by", "ids",
  "protect", "note", "again", "max_concurrency" }

--- The options of the library, and whether there are several people.
local function options_of(job, values)
  local opts = job:hooks()
  for _, key in ipairs(COPIED) do
    opts[key] = values[key]
  end
  opts.resource_types = values.resource_type
  function opts.on_begin(planning)
    job:end_by_signal(planning)
  end
  local emails = values.user_email
  if values.people then
    local err
    emails, err = people.read(values.people)
    if not emails then
      return nil, err.message
    end
  end
  if emails and #emails == 1 and not values.people then
    opts.user_email = emails[1]
  else
    opts.user_emails = emails
  end
  return opts
end

local function say(cases, values)
  local status = jobs.EXIT.done
  for i, case in ipairs(cases) do
    if i > 1 then
      output.write "\n"
    end
    words.say_plan(case, words.MAX_ROWS)
    status = math.max(status, words.status(case, case:summary(), values.strict))
    if case.plan.header.subject.target then
      output.write(("Next: elevenlabs-workspace offboard apply %s\n"):format(case.folder))
    end
    case:close()
  end
  return status
end

local KEYS = { "user_email", "user_id", "group_id", "service_account_id", "replace_by", "ids",
  "protect", "again", "everyone" }

--- Run the command.
---@return integer|nil status
---@return string|nil misuse
function M.run(values, arguments)
  local misuse = misuse_of(values)
  if misuse then
    return nil, misuse
  end
  local job, why = jobs.new("offboard plan", values, arguments)
  if not job then
    return nil, why
  end
  local opts
  opts, why = options_of(job, values)
  if not opts then
    job.client:close()
    return nil, why
  end
  io.stderr:write(
    "Reading every list of the workspace, and every resource that the lists name\n"
  )
  local make = opts.user_emails and offboard.plan_many or offboard.plan
  local made, err = make(job.client, values.folder, opts)
  job.display.finish()
  local status
  if made then
    status = say(opts.user_emails and made or { made }, values)
  else
    err.message = options.as_typed(err.message, KEYS)
    status = job:fail(err)
  end
  job.client:close()
  return status
end

return M
