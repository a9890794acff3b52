-- Counts a client's requests and results, and writes the counts in the text format of Prometheus.
--
-- The counts are in a dictionary that nginx's workers share (lua_shared_dict). So each worker can
-- write the sums of all workers, and a reload resets nothing. No label holds a target, a resource
-- or a message.

local M = {}

local PREFIX = "elevenlabs_workspace_"
local BUCKETS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30 } -- seconds
local GAUGES_LIVE_S = 15 -- gauges of a worker that has ended go away

local function held_back(stats)
  return stats.limit and (stats.limit.why and 1 or 0)
end

local function places(stats)
  return stats.limit and stats.limit.places
end

-- In the order in which they are written. `stat` is a field of client:stats(), or reads a number
-- from it. Each worker publishes these numbers under its own label.
local FAMILIES = {
  { "calls_total", "counter", "Calls that ended, with all their attempts." },
  { "attempts_total", "counter", "Requests that were begun." },
  { "retries_total", "counter", "Attempts that will be followed by another of the same call." },
  { "throttles_total", "counter", "Times that the client began to hold requests back." },
  { "response_seconds", "histogram", "From the begin of an attempt to its end." },
  { "calls_in_flight", "gauge", "Calls with a request on its way.", stat = "in_flight" },
  { "calls_waiting", "gauge", "Calls that wait to be sent, or sent again.", stat = "waiting" },
  { "window", "gauge", "How many requests may be in flight.", stat = "window" },
  { "limit_places", "gauge", "How many of them the limit gives this worker.", stat = places },
  { "limit_held_back", "gauge", "One if the limit gives this worker no place.", stat = held_back },
  { "connections_total", "counter", "Connections that carried a request.", stat = "connections" },
  { "event_errors_total", "counter", "Events that were not counted.", stat = "event_errors" },
}

local Metrics = {}
Metrics.__index = Metrics

--- dict: a lua_shared_dict, or a table with its methods incr, set, get and get_keys.
function M.new(dict)
  return setmetatable({ dict = dict }, Metrics)
end

function Metrics:add(name, labels, value)
  self.dict:incr(("%s%s{%s}"):format(PREFIX, name, labels), value, 0)
end

local function bucket_of(seconds)
  for _, bound in ipairs(BUCKETS) do
    if seconds <= bound then
      return ("%g"):format(bound)
    end
  end
  return "+Inf"
end

local function labels_of(event)
  return ('op="%s",outcome="%s",kind="%s"'):format(event.op, event.outcome, event.kind or "")
end

--- For the client's option on_event: count an event.
function Metrics:count(event)
  local op = ('op="%s"'):format(event.op or "") -- a pause of the client has none
  if event.name == "attempt" then
    self:add("attempts_total", op, 1)
  elseif event.name == "response" then
    local seconds = event.elapsed_ms / 1000
    self:add("response_seconds_sum", op, seconds)
    self:add("response_seconds_bucket", ('%s,le="%s"'):format(op, bucket_of(seconds)), 1)
  elseif event.name == "retry" then
    self:add("retries_total", labels_of(event), 1)
  elseif event.name == "throttle" then
    self:add("throttles_total", op, 1)
  elseif event.name == "done" then
    self:add("calls_total", labels_of(event), 1)
  end
end

--- Publish what client:stats() gave in this worker. Call it every few seconds. Without a limit the
--- gauges of the limit are absent.
function Metrics:publish(worker, stats)
  for _, family in ipairs(FAMILIES) do
    local stat = family.stat
    local value = type(stat) == "function" and stat(stats) or stats[stat]
    if value then
      local key = ('%s%s{worker="%s"}'):format(PREFIX, family[1], tostring(worker))
      self.dict:set(key, value, GAUGES_LIVE_S)
    end
  end
end

-- ---- the text

--- The dictionary holds each bucket alone. Prometheus wants each with all below it.
local function write_histogram(lines, dict, name, op)
  local sum = 0
  for i = 1, #BUCKETS + 1 do
    local bound = BUCKETS[i] and ("%g"):format(BUCKETS[i]) or "+Inf"
    local labels = ('%s,le="%s"'):format(op, bound)
    sum = sum + (dict:get(("%s_bucket{%s}"):format(name, labels)) or 0)
    lines[#lines + 1] = ("%s_bucket{%s} %d"):format(name, labels, sum)
  end
  local seconds = dict:get(("%s_sum{%s}"):format(name, op)) or 0
  lines[#lines + 1] = ("%s_sum{%s} %.6f"):format(name, op, seconds)
  lines[#lines + 1] = ("%s_count{%s} %d"):format(name, op, sum)
end

local function write_family(lines, dict, keys, family)
  local name = PREFIX .. family[1]
  lines[#lines + 1] = ("# HELP %s %s"):format(name, family[3])
  lines[#lines + 1] = ("# TYPE %s %s"):format(name, family[2])
  for _, key in ipairs(keys) do
    local of, labels = key:match "^(.-){(.*)}$"
    if of == name then
      lines[#lines + 1] = ("%s %.0f"):format(key, dict:get(key) or 0)
    elseif of == name .. "_sum" then
      write_histogram(lines, dict, name, labels)
    end
  end
end

--- The text that Prometheus reads: content type "text/plain; version=0.0.4".
function Metrics:text()
  local keys, lines = self.dict:get_keys(0), {}
  table.sort(keys)
  for _, family in ipairs(FAMILIES) do
    write_family(lines, self.dict, keys, family)
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
