--- An engine in a world of the spec's own: no network, and time that stands still.

local engines = require "elevenlabs.workspace.engine"
local secrets = require "elevenlabs.workspace.secrets"

local M = {}

--- A core that answers when the spec says so, and a clock that moves when it says so.
---@param options table|nil parts of the engine to replace
---@return elevenlabs.workspace.Engine, table core, fun(ms: number) pass
function M.new(options)
  local now, core = 1000, { attempts = {}, due = {} }
  function core.validate(_, _, args)
    if args.bad then
      return nil, { kind = "invalid_argument", field = "bad", message = "bad" }
    end
    return true
  end
  local function start(op)
    return function(self, args, key)
      local id = #self.attempts + 1
      self.attempts[id] = { op = op, args = args, key = key }
      return id
    end
  end
  core.unshare, core.share, core.get = start "unshare", start "share", start "get"
  core.forks = 0
  function core:counts()
    return #self.attempts, 0, self.forks
  end
  function core:answer(id, changes)
    local evidence = {
      id = id,
      sent = true,
      curl_code = 0,
      status = 200,
      head_ended = true,
      whole = true,
      is_text = true,
      body = "{}",
      headers = {},
      message = "",
    }
    for name, value in pairs(changes or {}) do
      evidence[name] = value
    end
    table.insert(self.due, evidence)
  end
  function core:step()
    local due = self.due
    self.due = {}
    return due
  end
  function core:cancel(id)
    self:answer(id, { curl_code = 42, status = 0, sent = self.attempts[id].left or false })
  end
  function core:wake_at(at)
    self.wake = at
  end
  function core:close()
    return self:step()
  end
  local parts = {
    core = core,
    now = function()
      return now
    end,
    wait = function()
      return "this world cannot wait"
    end,
    api_key = function()
      return "key"
    end,
    mask = secrets.masker { "key" },
    random = function()
      return 0.5
    end,
    max_concurrency = 2,
    max_attempts = 1,
  }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  return engines.new(parts), core, function(ms)
    now = now + ms
  end
end

return M
