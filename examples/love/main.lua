-- Takes a leaver's roles away from 400 resources while a scene moves, and shows how much of each
-- frame that took. README.md tells how to run it. With --quit it ends with the job, and prints its
-- figures.

local job = require "job"
local meter = require "meter"

local LEAVER, COUNT = "mia@example.com", 400
local TITLE = ("Removing %s from %d resources"):format(LEAVER, COUNT)
local FRAME_S = 1 / 120
local IDLE_FRAMES = 240 -- to compare with, if the figures are wanted

local GREEN, ORANGE, GREY = { 0.30, 0.78, 0.47 }, { 0.95, 0.60, 0.25 }, { 0.30, 0.34, 0.44 }
local RED, WHITE, TEXT = { 0.95, 0.30, 0.30 }, { 1, 1, 1 }, { 0.68, 0.73, 0.82 }
local COLUMNS, CELL, LEFT, TOP = 40, 18, 56, 104
local GRAPH_BOTTOM, GRAPH_HEIGHT, GRAPH_MS = 536, 180, 2
local WIDTH = COLUMNS * CELL
local BAR = 4 -- pixels of a frame
local FRAMES = WIDTH / BAR

local items = {}
local quits, shown = false, "" -- the figures, made anew now and then
local background

--- The resources of the sandbox. A real game has a list of its own.
local function list_items()
  local sandbox = require "elevenlabs.workspace.sandbox.leaver"
  for i, resource in ipairs(sandbox.state(COUNT).resources) do
    items[i] = { resource_id = resource.id, resource_type = resource.type, user_email = LEAVER }
  end
end

-- ---- the resources

--- A wave runs through the resources; one that has its result lights up.
local function draw_resource(i, now)
  local column, row = (i - 1) % COLUMNS, math.floor((i - 1) / COLUMNS)
  local result = job.results[items[i].resource_id]
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

local LEGEND = { { GREEN, "confirmed" }, { ORANGE, "not confirmed" }, { GREY, "no answer yet" } }
local LEGEND_Y, ENTRY = TOP + COUNT / COLUMNS * CELL + 12, 170

local function draw_legend()
  for i, entry in ipairs(LEGEND) do
    local x = LEFT + ENTRY * (i - 1)
    love.graphics.setColor(entry[1])
    love.graphics.rectangle("fill", x, LEGEND_Y + 2, 12, 12, 3)
    love.graphics.setColor(TEXT)
    love.graphics.print(entry[2], x + 20, LEGEND_Y)
    entry.count_x = x + 28 + love.graphics.getFont():getWidth(entry[2])
  end
end

local function draw_counts()
  local left = COUNT - job.confirmed - job.not_confirmed
  love.graphics.print(job.confirmed, LEGEND[1].count_x, LEGEND_Y)
  love.graphics.print(job.not_confirmed, LEGEND[2].count_x, LEGEND_Y)
  love.graphics.print(left, LEGEND[3].count_x, LEGEND_Y)
end

-- ---- the graph

local function draw_axis()
  local title = "Milliseconds that the job took of each frame (red: more than 2)"
  love.graphics.setColor(TEXT)
  love.graphics.print(title, LEFT, GRAPH_BOTTOM - GRAPH_HEIGHT - 24)
  for quarter = 0, 4 do
    local y = GRAPH_BOTTOM - GRAPH_HEIGHT * quarter / 4
    love.graphics.setColor(TEXT[1], TEXT[2], TEXT[3], quarter == 0 and 1 or 0.25)
    love.graphics.line(LEFT, y, LEFT + WIDTH, y)
    love.graphics.setColor(TEXT)
    love.graphics.printf(("%.1f"):format(GRAPH_MS * quarter / 4), 0, y - 8, LEFT - 8, "right")
  end
  local span = ("the latest %d frames"):format(FRAMES)
  love.graphics.printf(span, LEFT, GRAPH_BOTTOM + 6, WIDTH, "right")
end

local function draw_bar(x, height, color)
  love.graphics.setColor(color)
  love.graphics.rectangle("fill", x, GRAPH_BOTTOM - height, BAR - 1, height)
end

--- The latest frames. A frame that is higher than the graph is red.
local function draw_frames()
  local before = math.max(0, #meter.times - FRAMES)
  for i = before + 1, #meter.times do
    local share = meter.times[i] / 1000 / GRAPH_MS
    local color = share > 1 and RED or GREEN
    draw_bar(LEFT + (i - before - 1) * BAR, GRAPH_HEIGHT * math.min(1, share), color)
  end
end

--- What never changes is drawn once, into a picture: text takes long to draw.
local function draw_background()
  love.graphics.clear(0.08, 0.09, 0.13)
  love.graphics.setFont(love.graphics.newFont(20))
  love.graphics.setColor(WHITE)
  love.graphics.print(TITLE, LEFT, 28)
  love.graphics.setFont(love.graphics.newFont(13)) -- of all other text too
  draw_legend()
  draw_axis()
end

-- ---- what LÖVE calls

function love.load(arguments)
  quits = arguments[1] == "--quit"
  background = love.graphics.newCanvas()
  background:renderTo(draw_background)
  list_items()
  job.start(items, quits and IDLE_FRAMES or 0)
end

local next_frame = 0

function love.update()
  local phase, start = job.phase, love.timer.getTime()
  if phase ~= "over" then
    job.frame()
    meter.note(phase, (love.timer.getTime() - start) * 1e6)
    shown = (job.outcome or #meter.times % 30 == 0) and meter.figures() or shown
  elseif quits then
    print(job.outcome .. "\n" .. meter.figures() .. "\n" .. meter.idle_figures())
    love.event.quit(job.failed and 1 or 0)
  end
  local now = love.timer.getTime()
  love.timer.sleep(math.max(0, next_frame - now)) -- if no display holds it to its rate
  next_frame = math.max(next_frame, now) + FRAME_S
end

function love.draw()
  local now = love.timer.getTime()
  love.graphics.setBlendMode "none"
  love.graphics.setColor(WHITE)
  love.graphics.draw(background)
  love.graphics.setBlendMode "alpha"
  for i = 1, COUNT do
    draw_resource(i, now)
  end
  draw_frames()
  love.graphics.setColor(TEXT)
  draw_counts()
  love.graphics.print(shown, LEFT, GRAPH_BOTTOM + 28)
  love.graphics.setColor(job.failed and RED or TEXT)
  love.graphics.printf(job.outcome or job.phase, LEFT, 60, WIDTH)
end
