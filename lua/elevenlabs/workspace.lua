--- Remove, grant and read roles on ElevenLabs workspace resources.

local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"

local M = {}

M.VERSION = clients.VERSION
M.RESOURCE_TYPES = core.RESOURCE_TYPES
M.new = clients.new

local default

--- A method of the default client, which is made at first use: the key from
--- ELEVENLABS_API_KEY and every option at its default.
local function on_default(operation)
  return function(args)
    local err
    if not default then
      default, err = clients.new {}
    end
    if not default then
      return nil, err
    end
    return default[operation](default, args)
  end
end

--- client:unshare on the default client.
---@type fun(args: elevenlabs.workspace.UnshareArgs): elevenlabs.workspace.Receipt|nil, elevenlabs.workspace.Error|nil
M.unshare = on_default "unshare"

--- client:share on the default client.
---@type fun(args: elevenlabs.workspace.ShareArgs): elevenlabs.workspace.Receipt|nil, elevenlabs.workspace.Error|nil
M.share = on_default "share"

--- client:get on the default client.
---@type fun(args: elevenlabs.workspace.ResourceArgs): table|nil, elevenlabs.workspace.Error|nil
M.get = on_default "get"

return M
