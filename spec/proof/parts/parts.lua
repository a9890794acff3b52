--- A list that is done in parts by runs of the command. Some runs are killed and begun again. The
--- journals and the sandbox's final state judge whether an item was lost or done by two parts.

local cjson = require "cjson"
local lanes = require "spec.support.lanes"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local M = {}

local LEAVERS = 5 -- each has a role on every resource
local LANES = 3 -- runs at a time
local RECORD_BYTES = 170 -- about so many has a record
local LOOK_MS = 1

-- ---- the workspace and its list

local function user_id(leaver)
  return "user_" .. leaver
end

local function email(leaver)
  return ("leaver%d@example.com"):format(leaver)
end

local function make_state(resources)
  local users, list = { { id = "user_ada", email = "ada@example.com" } }, {}
  for leaver = 1, LEAVERS do
    users[leaver + 1] = { id = user_id(leaver), email = email(leaver) }
  end
  for i = 1, resources do
    local roles = { user_ada = "admin" }
    for leaver = 1, LEAVERS do
      roles[user_id(leaver)] = "viewer"
    end
    list[i] =
      { id = "voice_" .. i, type = "voice", name = "n", creator = "user_ada", roles = roles }
  end
  return {
    users = users,
    groups = {},
    service_accounts = {},
    api_keys = { sk_sandbox_ada = "user_ada" },
    resources = list,
  }
end

--- The rows of all items.
local function make_rows(resources)
  local rows = {}
  for i = 1, resources do
    for leaver = 1, LEAVERS do
      rows[#rows + 1] = ("voice_%d,voice,%s"):format(i, email(leaver))
    end
  end
  return rows
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  file:close()
end

local function write_list(path, rows)
  write(path, "resource_id,resource_type,user_email\n" .. table.concat(rows, "\n") .. "\n")
end

--- No machine may need the order that another has.
local function shuffle(rows)
  for i = #rows, 2, -1 do
    local j = math.random(i)
    rows[i], rows[j] = rows[j], rows[i]
  end
end

-- ---- runs

local function journal_path(stage, number)
  return ("%s/part%d.journal"):format(stage.folder, number)
end

local function start_run(stage, number)
  return process.start({
    "elevenlabs-workspace",
    "unshare",
    "--from",
    stage.lists[number % #stage.lists + 1],
    "--part",
    ("%d/%d"):format(number, stage.parts),
    "--journal",
    journal_path(stage, number),
    "--yes",
  }, {
    env = {
      ELEVENLABS_API_KEY = stage.sandbox.api_key,
      ELEVENLABS_BASE_URL = stage.sandbox.base_url,
      ELEVENLABS_CA_FILE = stage.sandbox.ca_file,
    },
  })
end

local function size_of(path)
  local status = uv.fs_stat(path)
  return status and status.size or 0
end

--- Kill a run when a third of its part is in the journal.
local function aim(stage, number, run)
  local timer = uv.new_timer()
  local wanted = stage.items / stage.parts / 3 * RECORD_BYTES
  timer:start(LOOK_MS, LOOK_MS, function()
    if not run.code and size_of(journal_path(stage, number)) > wanted then
      uv.kill(run.pid, "sigkill")
      timer:stop()
    end
  end)
  return timer
end

--- One run, in a lane's coroutine.
---@param is_killed boolean
local function run_once(stage, number, is_killed)
  local run = start_run(stage, number)
  local timer = is_killed and aim(stage, number, run)
  while not run:ended() do
    coroutine.yield()
  end
  if timer then
    timer:close()
  end
  return run
end

--- Do a part. What a run that was not killed says is part of the judgement.
local function run_part(stage, number)
  if number < stage.kills then
    local run = run_once(stage, number, true)
    stage.killed = stage.killed + (run.code == 128 + 9 and 1 or 0)
  end
  local run = run_once(stage, number, false)
  if run.code ~= 0 then
    stage.wrong[#stage.wrong + 1] = ("part %d ended with %d: %s"):format(
      number,
      run.code,
      run.err.text
    )
  end
end

local function run_parts(stage)
  local number = -1
  lanes.run(LANES, function()
    while number < stage.parts - 1 do
      number = number + 1
      run_part(stage, number)
    end
  end)
end

-- ---- the judges

--- Which journals confirm an item: by its id and address, the number of journals.
local function read_journals(stage)
  local journals_of = {}
  for number = 0, stage.parts - 1 do
    local confirmed = {}
    for line in io.lines(journal_path(stage, number)) do
      local record = cjson.decode(line)
      if record.outcome == "confirmed" then
        confirmed[record.resource_id .. "," .. record.user_email] = true
      end
    end
    for item in pairs(confirmed) do
      journals_of[item] = (journals_of[item] or 0) + 1
    end
  end
  return journals_of
end

--- An item is lost if no journal confirms it, or if its role is there. An item was done twice if two
--- journals confirm it.
local function judge(stage, state)
  local journals_of, lost, twice = read_journals(stage), 0, 0
  for _, resource in ipairs(state.resources) do
    for leaver = 1, LEAVERS do
      local journals = journals_of[resource.id .. "," .. email(leaver)] or 0
      lost = lost + ((journals == 0 or resource.roles[user_id(leaver)]) and 1 or 0)
      twice = twice + (journals > 1 and 1 or 0)
    end
  end
  return lost, twice
end

--- What `journal report` says, and its status.
local function report(stage)
  local command = { "elevenlabs-workspace", "journal", "report", "--from", stage.lists[1] }
  for number = 0, stage.parts - 1 do
    command[#command + 1] = journal_path(stage, number)
  end
  local code, out, err = process.run(command)
  return code, out .. err
end

local function read_state(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return cjson.decode(text)
end

-- ---- all of it

local function set_stage(folder, parts, items, kills)
  local stage = {
    folder = folder,
    parts = parts,
    items = items,
    kills = kills,
    killed = 0,
    wrong = {},
    lists = { folder .. "/list.csv", folder .. "/shuffled.csv" },
    state = folder .. "/state.json",
  }
  local resources = math.floor(items / LEAVERS)
  write(stage.state, cjson.encode(make_state(resources)))
  local rows = make_rows(resources)
  write_list(stage.lists[1], rows)
  shuffle(rows)
  write_list(stage.lists[2], rows)
  return stage
end

local function run_in(folder, parts, items, kills)
  local stage = set_stage(folder, parts, items, kills)
  stage.sandbox = sandboxes.start("--state", stage.state)
  local ok, why = pcall(run_parts, stage)
  stage.sandbox:stop() -- which writes its state
  assert(ok, why)
  local lost, twice = judge(stage, read_state(stage.state))
  local code, said = report(stage)
  return {
    killed = stage.killed,
    lost = lost,
    twice = twice,
    wrong = stage.wrong,
    report = { code = code, said = said },
  }
end

--- Do a list in parts.
---@param parts integer
---@param items integer
---@param kills integer so many runs are killed, and begun again
---@return table { killed, lost, twice, wrong: what runs said that failed, report: { code, said } }
function M.run(parts, items, kills)
  local folder = assert(uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/parts-XXXXXX"))
  local ok, result = pcall(run_in, folder, parts, items, kills)
  os.execute(("rm -rf '%s'"):format(folder))
  return assert(ok and result, result)
end

return M
