-- Takes a leaver's roles away from 400 resources while a scene moves, and shows how much of
-- each frame that took. The bulk run is a coroutine that is resumed once a frame.
--
--   make LUA=luajit && eval "$(make -s LUA=luajit env)"
--   elevenlabs-workspace sandbox --port 0 --resources 400 --latency-ms 50 --jitter-ms 100 -- love examples/love
--
-- With `love examples/love --quit` it ends with the run and prints its figures.

local workspace = require "elevenlabs.workspace"

local LEAVER = "mia@example.com"
local COUNT, IN_FLIGHT = 400, 16
local FRAME_S = 1 / 120
local IDLE_FRAMES = 240 -- to compare with, if the figures are wanted

-- ---- the job: all that has to do with the network

local items, results = {}, {} -- results by resource id: { confirmed, at }
local times = {} -- microseconds that the job took of each frame
local idle_times = {} -- the same while nothing was in flight
local first_connection = 0 -- the longest of the frames until there was one
local connected, is_idle, outcome, failed = false, false, nil, false
local quits = false

--- assert wants text for its message in LuaJIT, and errors of ours only read as text.
local function must(value, err)
  return value or error(tostring(err), 0)
end

--- The resources of the sandbox. A real game has a list of its own.
local function list_items()
  local sandbox = require "elevenlabs.workspace.sandbox.leaver"
  for i, resource in ipairs(sandbox.state(COUNT).resources) do
    items[i] = { resource_id = resource.id, resource_type = resource.type, user_email = LEAVER }
  end
end

local function on_result(item, receipt)
  results[item.resource_id] = { confirmed = receipt ~= nil, at = love.timer.getTime() }
end

local job = coroutine.create(function()
  local client = must(workspace.new {
    driver = "manual", -- calls yield until they are done
    io = "thread", -- and a thread of the client's own does the rest
    max_concurrency = IN_FLIGHT,
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
  coroutine.yield() -- so far while the scene loads
  connected = must(client:connect()) -- early, before anybody waits for it
  is_idle = true
  for _ = 1, quits and IDLE_FRAMES or 0 do
    client:step(0)
    coroutine.yield()
  end
  is_idle = false
  local report = must(client:unshare_many(items, { on_result = on_result }))
  client:close()
  return tostring(report)
end)

--- Resume the job. Returns the microseconds that it took.
local function resume_job()
  local start = love.timer.getTime()
  local ok, result = coroutine.resume(job)
  local us = (love.timer.getTime() - start) * 1e6
  if coroutine.status(job) == "dead" then
    outcome, failed = tostring(result), not ok
  end
  return us
end

--- The job's part of a frame.
local function on_frame()
  local was_connected = connected
  local us = resume_job()
  if is_idle then
    idle_times[#idle_times + 1] = us
  elseif was_connected then
    times[#times + 1] = us
  else
    first_connection = math.max(first_connection, us)
  end
end

--- p50, p99 and the most.
local function percentiles(list)
  local sorted = {}
  for i, value in ipairs(list) do
    sorted[i] = value
  end
  table.sort(sorted)
  local function at(share)
    return sorted[math.ceil(#sorted * share)] or 0
  end
  return at(0.5), at(0.99), at(1)
end

local function figures()
  local p50, p99, most = percentiles(times)
  local text = "frames %d p50 %.0f p99 %.0f max %.0f us, first connection %.0f us"
  return text:format(#times, p50, p99, most, first_connection)
end

local function idle_figures()
  return ("idle %d p50 %.0f p99 %.0f us"):format(#idle_times, percentiles(idle_times))
end

-- ---- the scene

local GREEN, ORANGE, GREY = { 0.30, 0.78, 0.47 }, { 0.95, 0.60, 0.25 }, { 0.22, 0.25, 0.33 }
local COLUMNS, CELL, LEFT, TOP = 40, 18, 40, 90
local GRAPH_BOTTOM, GRAPH_HEIGHT = 570, 240 -- the height stands for a millisecond
local shown -- the figures, made anew now and then

--- A wave runs through the resources; one that has its result lights up.
local function draw_resource(i, now)
  local column, row = (i - 1) % COLUMNS, math.floor((i - 1) / COLUMNS)
  local result = results[items[i].resource_id]
  local color = result and (result.confirmed and GREEN or ORANGE) or GREY
  local light = result and math.max(0, 1 - 3 * (now - result.at)) or 0
  local size = CELL * (0.68 + 0.12 * math.sin(4 * now - 0.35 * column - 0.5 * row) + 0.3 * light)
  love.graphics.setColor(
    color[1] + (1 - color[1]) * light,
    color[2] + (1 - color[2]) * light,
    color[3] + (1 - color[3]) * light
  )
  local x, y = LEFT + (column + 0.5) * CELL, TOP + (row + 0.5) * CELL
  love.graphics.rectangle("fill", x - size / 2, y - size / 2, size, size, 3)
end

local function draw_line(us, label)
  local y = GRAPH_BOTTOM - GRAPH_HEIGHT * us / 1000
  love.graphics.setColor(0.6, 0.65, 0.75)
  love.graphics.line(LEFT, y, LEFT + COLUMNS * CELL, y)
  love.graphics.print(label, LEFT, y - 16)
end

--- The latest frames, one pixel each.
local function draw_graph()
  love.graphics.setColor(GREEN)
  local width = COLUMNS * CELL
  local before = math.max(0, #times - width)
  for i = before + 1, #times do
    local height = GRAPH_HEIGHT * math.min(1, times[i] / 1000)
    love.graphics.rectangle("fill", LEFT + i - before - 1, GRAPH_BOTTOM - height, 1, height)
  end
  draw_line(1000, "1 ms")
  draw_line(100, "0.1 ms")
end

function love.load(arguments)
  list_items()
  resume_job()
  love.graphics.setBackgroundColor(0.08, 0.09, 0.13)
  quits = arguments[1] == "--quit"
end

local next_frame = 0

function love.update()
  if not outcome then
    on_frame()
    shown = (outcome or #times % 30 == 0) and figures() or shown
  elseif quits then
    print(outcome .. "\n" .. figures() .. "\n" .. idle_figures())
    love.event.quit(failed and 1 or 0)
  end
  local now = love.timer.getTime()
  love.timer.sleep(math.max(0, next_frame - now)) -- where no display holds it to its rate
  next_frame = math.max(next_frame, now) + FRAME_S
end

function love.draw()
  local now = love.timer.getTime()
  for i = 1, COUNT do
    draw_resource(i, now)
  end
  draw_graph()
  love.graphics.setColor(1, 1, 1)
  love.graphics.print("Removing " .. LEAVER .. " from " .. COUNT .. " resources", LEFT, 30)
  love.graphics.print(outcome or connected and "connected" or "connecting", LEFT, 52)
  love.graphics.print(shown or "", LEFT, GRAPH_BOTTOM + 6)
end
