--- Chromium for specs, driven by DevTools messages through a pipe.

local cjson = require "cjson"
local process = require "spec.support.process"
local uv = require "luv"

local M = {}

local Page = {}
Page.__index = Page

local FLAGS = {
  "--headless",
  "--no-sandbox", -- which root must name
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--remote-debugging-pipe",
  "about:blank",
}

--- Take each whole message of what was read. A NUL ends a message.
local function take_messages(self, chunk)
  self.unread = self.unread .. chunk
  local ending = self.unread:find("\0", 1, true)
  while ending do
    local message = cjson.decode(self.unread:sub(1, ending - 1))
    if message.id then
      self.answers[message.id] = message
    else
      self.events[#self.events + 1] = message
    end
    self.unread = self.unread:sub(ending + 1)
    ending = self.unread:find("\0", 1, true)
  end
end

--- Send a command, and wait for its answer.
---@param method string
---@param params table|nil
---@return table result
function Page:command(method, params)
  self.last = self.last + 1
  local id = self.last
  self.to:write(cjson.encode {
    id = id,
    method = method,
    params = params,
    sessionId = self.session,
  } .. "\0")
  process.run_until(function()
    return self.answers[id] or self.process.code
  end)
  local answer = assert(self.answers[id], "Chromium ended: " .. self.process.err.text)
  self.answers[id] = nil
  return answer.result or error(method .. ": " .. answer.error.message)
end

--- The value of an expression, promises awaited.
---@param expression string JavaScript
function Page:run(expression)
  local answer = self:command("Runtime.evaluate", {
    expression = expression,
    awaitPromise = true,
    returnByValue = true,
  })
  assert(not answer.exceptionDetails, cjson.encode(answer))
  return answer.result.value
end

--- The events of this name so far.
---@param method string
---@return table[] params
function Page:seen(method)
  local found = {}
  for _, event in ipairs(self.events) do
    if event.method == method then
      found[#found + 1] = event.params
    end
  end
  return found
end

--- Open a file, and wait until the page is loaded.
---@param path string absolute
function Page:open(path)
  self.events = {}
  self:command("Page.navigate", { url = "file://" .. path })
  process.run_until(function()
    return self:seen("Page.loadEventFired")[1] or self.process.code
  end)
end

---@param width integer in CSS pixels
---@param scheme "light"|"dark"
function Page:resize(width, scheme)
  self:command("Emulation.setDeviceMetricsOverride", {
    width = width,
    height = 900,
    deviceScaleFactor = 2,
    mobile = width < 600,
  })
  self:command("Emulation.setEmulatedMedia", {
    features = { { name = "prefers-color-scheme", value = scheme } },
  })
end

function Page:close()
  self.process:stop()
  self.to:close()
  self.from:close()
  process.run { "rm", "-rf", self.folder }
end

--- Start a browser with one page.
function M.start()
  local folder = os.tmpname()
  os.remove(folder)
  local self = setmetatable({
    to = uv.new_pipe(false),
    from = uv.new_pipe(false),
    folder = folder,
    unread = "",
    answers = {},
    events = {},
    last = 0,
  }, Page)
  local command = process.join({ "chromium", "--user-data-dir=" .. folder }, FLAGS)
  self.process = process.start(command, { sockets = { self.to, self.from } })
  self.from:read_start(function(_, chunk)
    take_messages(self, chunk or "")
  end)
  local target = self:command("Target.createTarget", { url = "about:blank" }).targetId
  self.session = self:command("Target.attachToTarget", {
    targetId = target,
    flatten = true,
  }).sessionId
  self:command "Page.enable"
  self:command "Network.enable"
  return self
end

return M
