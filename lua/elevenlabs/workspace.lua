--- Remove, grant and read roles on ElevenLabs workspace resources.

local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"

local M = {}

M.VERSION = clients.VERSION
M.RESOURCE_TYPES = core.RESOURCE_TYPES
M.new = clients.new

local default

--- The client of the functions below: made at first use, with the key from
--- ELEVENLABS_API_KEY and every option at its default.
local function default_client()
  local err
  if not default then
    default, err = clients.new {}
  end
  return default, err
end

--- client:unshare on the default client.
---@param args elevenlabs.workspace.UnshareArgs
---@return elevenlabs.workspace.Receipt|nil, elevenlabs.workspace.Error|nil
function M.unshare(args)
  local client, err = default_client()
  if not client then
    return nil, err
  end
  return client:unshare(args)
end

--- client:share on the default client.
---@param args elevenlabs.workspace.ShareArgs
---@return elevenlabs.workspace.Receipt|nil, elevenlabs.workspace.Error|nil
function M.share(args)
  local client, err = default_client()
  if not client then
    return nil, err
  end
  return client:share(args)
end

--- client:get on the default client.
---@param args elevenlabs.workspace.ResourceArgs
---@return table|nil resource, elevenlabs.workspace.Error|nil
function M.get(args)
  local client, err = default_client()
  if not client then
    return nil, err
  end
  return client:get(args)
end

return M
