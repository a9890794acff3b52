--- How the server misbehaves while one command is at work.

local lists = require "spec.proof.offboard.lists"
local pages = require "spec.proof.offboard.pages"

local M = {}

---@class spec.proof.offboard.Weather
---@field lists table<string, string>|nil faults by the list's name
---@field principals table<string, string>|nil faults by path
---@field reads table<string, string>|nil faults by "type id"
---@field changes table<string, string>|nil faults by "type id"
---@field stale_reads integer|nil how many reads after a change may show what was before
---@field flaky_times integer|nil how often a flaky answer fails
---@field others number|nil how likely another administrator does something before a request
---@field disaster string|nil the answer to everything, from some request on
---@field disaster_at integer|nil
---@field shuffles boolean|nil answers come in another order than requests

local READS = {
  "forbidden",
  "missing_permissions",
  "not_found",
  "broken",
  "silent",
  "web_page",
  "error_in_200",
  "other_object",
  "other_resource",
  "no_roles",
  "flaky",
  "flaky",
}

local CHANGES = {
  "refused",
  "forbidden",
  "not_found",
  "conflict",
  "unprocessable",
  "broken",
  "broken_applied",
  "silent",
  "silent_applied",
  "cut_off",
  "web_page",
  "error_in_200",
  "flaky",
  "flaky_applied",
}

local PRINCIPALS = {
  "/v1/user",
  "/v1/workspace/members",
  "/v1/workspace/groups",
  "/v1/service-accounts",
}

local function draw_lists(random, workspace)
  local faults, harmful = {}, random:chance(0.4)
  local rate = random:pick { 0.1, 0.4, 0.8 }
  for _, type_ in ipairs(workspace.types) do
    local list = lists.by_type[type_]
    if random:chance(rate) then
      faults[list.name] = random:pick(harmful and random:chance(0.5) and pages.HARMFUL
        or pages.HARMLESS)
    end
  end
  return faults
end

local function draw_resources(random, workspace, names, rate)
  local faults = {}
  for _, resource in ipairs(workspace.resources) do
    if random:chance(rate) then
      faults[resource.type .. " " .. resource.id] = random:pick(names)
    end
  end
  return faults
end

local function draw_principals(random)
  local faults = {}
  for _, path in ipairs(PRINCIPALS) do
    if random:chance(0.15) then
      faults[path] = random:pick {
        "flaky", "flaky", "missing_permissions", "broken", "web_page", "other_shape",
      }
    end
  end
  return faults
end

--- Draw the weather of a command.
---@return spec.proof.offboard.Weather
function M.draw(random, workspace)
  local weather = { shuffles = random:chance(0.5), flaky_times = random:int(1, 2) }
  if random:chance(0.4) then
    weather.lists = draw_lists(random, workspace)
  end
  if random:chance(0.1) then
    weather.principals = draw_principals(random)
  end
  if random:chance(0.2) then
    weather.reads = draw_resources(random, workspace, READS, random:pick { 0.05, 0.2 })
  end
  if random:chance(0.4) then
    weather.changes = draw_resources(random, workspace, CHANGES, random:pick { 0.1, 0.4 })
  end
  weather.stale_reads = random:chance(0.2) and random:pick { 1, 3, 30 } or nil
  weather.others = random:chance(0.2) and random:pick { 0.005, 0.03 } or nil
  if random:chance(0.03) then
    weather.disaster = random:pick { "bad_key", "silent", "broken" }
    weather.disaster_at = random:int(1, 150)
  end
  return weather
end

return M
