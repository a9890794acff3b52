--- What a person has roles on: discovery over all lists of a workspace.

local access = require "elevenlabs.workspace.offboard.access"

local M = {}

--- Read who has which role on every resource that the key can list and read. `on_row` is told of each
--- role. Waits as the client's driver does. Returns nil and an error if the options are wrong; what
--- could not be listed or read is in the result.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.AccessOptions
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function M.access(client, options)
  return access.read(client, options)
end

--- True if every list and every resource that a list names was read. A list that never names all, as
--- of crawl jobs, does not count.
---@param found elevenlabs.workspace.offboard.Discovery
---@return boolean
function M.is_complete(found)
  return access.is_complete(found)
end

return M
