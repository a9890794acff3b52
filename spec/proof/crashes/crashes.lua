--- Bulk runs that are killed at random moments and resumed until they end. The sandbox's
--- final state judges what they said.

local cjson = require "cjson"
local lanes = require "spec.support.lanes"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local M = {}

local ITEMS = 2000
local FAIL_RATE = "0.05"
local LANES = 3 -- rounds at a time, each with a leaver of its own
local KILLS = 2 -- in one round at most
local LONGEST_DELAY_MS = 20 -- results come in batches, and a kill may fall between two
local IO = { "inline", "thread" } -- each for every second leaver
local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent" }

-- ---- the workspace

local function resource_id(i)
  return ("voice_%04d"):format(i)
end

local function user_id(leaver)
  return "user_" .. leaver
end

local function email(leaver)
  return ("leaver%d@example.com"):format(leaver)
end

--- Every leaver has a role here. It stays on the four that the leaver made, and on ten of
--- which Ada, whose key it is, is no admin: less than makes a run stop.
local function make_resource(i, leavers)
  local roles = {}
  for leaver = 1, leavers do
    roles[user_id(leaver)] = "viewer"
  end
  local strange, leaver = i % 200 == 0, math.floor((i - 1) / 4) + 1
  local creator = strange and "user_tom" or leaver <= leavers and user_id(leaver) or "user_ada"
  roles.user_ada = strange and "viewer" or "admin"
  roles[creator] = "admin"
  return { id = resource_id(i), type = "voice", name = "n" .. i, creator = creator, roles = roles }
end

local function make_state(leavers)
  local users = {
    { id = "user_ada", email = "ada@example.com" },
    { id = "user_tom", email = "tom@example.com" },
  }
  for leaver = 1, leavers do
    users[#users + 1] = { id = user_id(leaver), email = email(leaver) }
  end
  local resources = {}
  for i = 1, ITEMS do
    resources[i] = make_resource(i, leavers)
  end
  return {
    users = users,
    groups = {},
    service_accounts = {},
    api_keys = { sk_sandbox_ada = "user_ada" },
    resources = resources,
  }
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  file:close()
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

local function write_items(path)
  local lines = {}
  for i = 1, ITEMS do
    lines[i] = ('{"resource_id":"%s","resource_type":"voice"}\n'):format(resource_id(i))
  end
  write(path, table.concat(lines))
end

-- ---- rounds: a leaver, a journal, and as many runs as it takes

local function results_path(stage, round, run)
  return ("%s/%d.results.%d"):format(stage.folder, round.leaver, run)
end

local function journal_path(stage, round)
  return ("%s/%d.journal"):format(stage.folder, round.leaver)
end

local function start_run(stage, round)
  return process.start({
    os.getenv "SPEC_LUA",
    "spec/proof/crashes/child.lua",
    stage.list,
    email(round.leaver),
    journal_path(stage, round),
    results_path(stage, round, round.runs),
    IO[round.leaver % #IO + 1],
  }, {
    env = {
      ELEVENLABS_API_KEY = stage.sandbox.api_key,
      ELEVENLABS_BASE_URL = stage.sandbox.base_url,
      ELEVENLABS_CA_FILE = stage.sandbox.ca_file,
    },
  })
end

--- Kill a child this long after it has told so many results. A moment by the clock alone would
--- come too late on a machine that was busy a while ago and is no more.
local function aim(child, kill)
  local timer, aimed = uv.new_timer(), false
  local function fire()
    if not child.code then
      uv.kill(child.pid, "sigkill")
    end
  end
  return timer, function()
    if not aimed and #child.err.text >= kill.results then
      aimed = true
      timer:start(kill.delay_ms, 0, fire)
    end
  end
end

--- One run, which `kill` may end. In a lane's coroutine. -> was it killed?
local function run_once(stage, round, kill)
  round.runs = round.runs + 1
  local child = start_run(stage, round)
  local timer, look = aim(child, kill)
  look()
  while not child:ended() do
    coroutine.yield()
    look()
  end
  timer:close()
  round.said, round.failure = child.out.text, child.err.text:gsub("^%.*", "")
  return child.code == 128 + 9
end

local NEVER = { results = math.huge }

--- `kills`: that of the first run, and of the next.
local function run_round(stage, leaver, kills)
  local round = { leaver = leaver, runs = 0, kills = 0 }
  stage.rounds[#stage.rounds + 1] = round
  for _, kill in ipairs(kills) do
    if not run_once(stage, round, kill) then
      return round
    end
    round.kills = round.kills + 1
  end
  run_once(stage, round, NEVER)
  return round
end

--- Until so many first runs were killed. One that had ended by then was a round all the same.
local function run_rounds(stage, wanted)
  local leaver, crashes = 0, 0
  lanes.run(LANES, function()
    while crashes < wanted and leaver < stage.leavers do
      leaver, crashes = leaver + 1, crashes + 1 -- before the kill, or lanes do too many
      local round = run_round(stage, leaver, stage.kills[leaver])
      crashes = crashes - (round.kills == 0 and 1 or 0)
    end
  end)
  return crashes
end

-- ---- the judge

--- What is JSON in whole lines: a kill may leave part of one.
local function read_json_lines(path)
  local list = {}
  for line in read(path):gmatch "([^\n]*)\n" do
    list[#list + 1] = cjson.decode(line)
  end
  return list
end

local function find(list, round, format, ...)
  list[#list + 1] = ("leaver %d: "):format(round.leaver) .. format:format(...)
end

local Judge = {}
Judge.__index = Judge

--- Nobody gives a role back, so what was once confirmed must be gone at the end.
function Judge:check_confirmed(round, id, by)
  if self.roles[id][user_id(round.leaver)] then
    find(self.false_confirmed, round, "%s is confirmed by %s, but its role is there", id, by)
  end
end

--- A run's results: what was reported as confirmed, before a kill too, must be known to the
--- runs that follow. -> the results by id
function Judge:check_run(round, run, confirmed)
  local told = {}
  for _, result in ipairs(read_json_lines(results_path(self.stage, round, run))) do
    local id = result.id
    if told[id] or (confirmed[id] and result.attempts ~= 0) then
      find(self.lost, round, "%s: run %d does not know that it has ended", id, run)
    end
    if result.outcome == "confirmed" then
      self:check_confirmed(round, id, "run " .. run)
      confirmed[id] = true
    end
    told[id] = result
  end
  return told
end

--- Whether the sandbox refuses an item never changes, so that a refused one, ambiguous or
--- not, was never applied; nor was one that reached nobody.
function Judge:check_last(round, told)
  local counts = { confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }
  for i = 1, ITEMS do
    local id = resource_id(i)
    local result = told[id] or {}
    if result.outcome ~= "confirmed" and not result.reason then
      find(self.lost, round, "%s has no end", id)
    else
      counts[result.outcome] = counts[result.outcome] + 1
    end
    local denied = result.outcome == "refused" or result.outcome == "not_sent"
    if denied and not self.roles[id][user_id(round.leaver)] then
      find(self.false_confirmed, round, "%s is %s, but applied", id, result.outcome)
    end
  end
  return counts
end

function Judge:check_report(round, counts)
  local text = "total " .. ITEMS
  for _, outcome in ipairs(OUTCOMES) do
    text = ("%s %s %d"):format(text, outcome, counts[outcome])
  end
  if round.said ~= text .. "\n" then
    local form = "the last run reports %q and not %q\n%s"
    find(self.lost, round, form, round.said, text, round.failure)
  end
end

function Judge:check_round(round)
  local confirmed, told = {}, nil
  for run = 1, round.runs do
    told = self:check_run(round, run, confirmed)
  end
  for _, record in ipairs(read_json_lines(journal_path(self.stage, round))) do
    if record.outcome == "confirmed" then
      self:check_confirmed(round, record.resource_id, "the journal")
    end
  end
  self:check_report(round, self:check_last(round, told))
end

local function judge(stage, state)
  local self = setmetatable({ stage = stage, roles = {}, lost = {}, false_confirmed = {} }, Judge)
  for _, resource in ipairs(state.resources) do
    self.roles[resource.id] = resource.roles
  end
  for _, round in ipairs(stage.rounds) do
    self:check_round(round)
  end
  return self
end

-- ---- all of it

--- Drawn beforehand, so that a seed gives each round the same ones again.
local function draw_kills(rounds, seed)
  local list = {}
  math.randomseed(seed)
  for round = 1, rounds do
    list[round] = {}
    for kill = 1, KILLS do
      list[round][kill] = {
        results = math.floor(math.random() * ITEMS),
        delay_ms = math.random(0, LONGEST_DELAY_MS),
      }
    end
  end
  return list
end

--- With leavers to spare, for runs that end before they are killed.
local function set_stage(folder, wanted, seed)
  local leavers = wanted + math.ceil(wanted / 2) + 4
  assert(leavers * 4 <= ITEMS, "too many crashes for one sandbox")
  local stage = {
    folder = folder,
    list = folder .. "/items.jsonl",
    state = folder .. "/state.json",
    leavers = leavers,
    rounds = {},
    kills = draw_kills(leavers, seed),
  }
  write_items(stage.list)
  write(stage.state, cjson.encode(make_state(leavers)))
  return stage
end

--- The sandbox writes its state when it stops, which it does in any case.
local function play(stage, wanted)
  stage.sandbox = sandboxes.start("--state", stage.state, "--fail-rate", FAIL_RATE)
  local ok, crashes = pcall(run_rounds, stage, wanted)
  stage.sandbox:stop()
  return assert(ok and crashes, crashes)
end

local function count_kills(stage)
  local kills = 0
  for _, round in ipairs(stage.rounds) do
    kills = kills + round.kills
  end
  return kills
end

local function run_in(folder, wanted, seed)
  local stage = set_stage(folder, wanted, seed)
  local crashes = play(stage, wanted)
  local found = judge(stage, cjson.decode(read(stage.state)))
  return {
    crashes = crashes,
    kills = count_kills(stage),
    rounds = #stage.rounds,
    lost = found.lost,
    false_confirmed = found.false_confirmed,
  }
end

--- Kill the first runs of so many rounds, and their second runs too where they last.
---@param wanted integer
---@param seed integer
---@return table { crashes, kills, rounds, lost, false_confirmed: lists of what is wrong }
function M.run(wanted, seed)
  local folder = assert(uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/crashes-XXXXXX"))
  local ok, result = pcall(run_in, folder, wanted, seed)
  os.execute(("rm -rf '%s'"):format(folder))
  return assert(ok and result, result)
end

return M
