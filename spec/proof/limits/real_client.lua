--- A real client that shares a limit and has work for ever: how many items it ends in a span of time,
--- and how many requests the server refused because there were too many at once.

local core = require "elevenlabs.workspace.core"
local workspace = require "elevenlabs.workspace"

local M = {}

--- Work from now until the span ends.
---@param limit elevenlabs.workspace.Limit
---@param parts table { base_url, ca_file, api_key, item, driver = nil, from_ms, until_ms } times of
--- the machine's monotonic clock
---@return table { ended = in the span, busy_ms = of the requests that ended in the span, failed,
--- retries }
function M.run(limit, parts)
  local counts = { ended = 0, failed = 0, busy_ms = 0 }
  local function is_in_span()
    local now = core.now()
    return now >= parts.from_ms and now < parts.until_ms
  end
  local client = assert(workspace.new {
    base_url = parts.base_url,
    ca_file = parts.ca_file,
    api_key = parts.api_key,
    driver = parts.driver,
    attempt_timeout_ms = 1000,
    limit = limit,
    on_event = function(event)
      if event.name == "response" and is_in_span() then
        counts.busy_ms = counts.busy_ms + event.elapsed_ms
      end
    end,
  })
  local function next_item()
    return core.now() < parts.until_ms and parts.item or nil
  end
  local run = assert(client:start_many("unshare", next_item, {
    on_result = function(_, _, err)
      counts.ended = counts.ended + (is_in_span() and 1 or 0)
      counts.failed = counts.failed + (err and 1 or 0)
    end,
  }))
  counts.retries = assert(run:result()).retries
  client:close()
  return counts
end

return M
