-- The client of all commands of this plugin: they share its connections.

local M = {}

local client

--- -> the client, or nil and an error
function M.open()
  local err
  if not client then
    client, err = require("elevenlabs.workspace").new {
      driver = "luv",
      base_url = os.getenv "ELEVENLABS_BASE_URL", -- of a sandbox; nil: the service
      ca_file = os.getenv "ELEVENLABS_CA_FILE",
    }
  end
  return client, err
end

return M
