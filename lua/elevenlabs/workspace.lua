--- Remove, grant and read roles on ElevenLabs workspace resources.
---
--- `unshare`, `share` and `get` use a default client, made at first use: the key from
--- ELEVENLABS_API_KEY and every option at its default.

local core = require "elevenlabs.workspace.core"
local items = require "elevenlabs.workspace.items"

local M = {}

--- Raise if a function was called as a method. The error blames the user's line.
local function check_dot(first, name)
  if first == M then
    error(("call it with a dot: workspace.%s{...}"):format(name), 3)
  end
end

--- Of this library, as in Semantic Versioning.
---@type string
M.VERSION = require "elevenlabs.workspace.version"
--- The values of `resource_type` that this library knows.
---@type string[]
M.RESOURCE_TYPES = core.RESOURCE_TYPES
--- Sources of items for bulk runs: `from_csv`, `from_jsonl` and `product`.
---@type elevenlabs.workspace.items
M.items = items
--- Make a client. Opens no connection. Raises if `options` is no table.
---@type fun(options: elevenlabs.workspace.Options): elevenlabs.workspace.Client|nil, elevenlabs.workspace.Error|nil
M.new = function(options)
  check_dot(options, "new")
  if type(options) ~= "table" then
    error("workspace.new takes a table of options, got " .. type(options), 2)
  end
  return require("elevenlabs.workspace.client").new(options) -- takes long to load
end

--- Run functions side by side over one client, whatever its driver, and return when all have
--- ended. Entry i of the result is what function i returned, as `{ n = 1, receipt }`; of one that
--- raised, `{ n = 2, nil, what it raised }`. A function that yields by itself is resumed soon.
---@type fun(client: elevenlabs.workspace.Client, functions: function[]): table[]
M.gather = function(client, functions)
  return require("elevenlabs.workspace.gather").run(client, functions)
end

--- The default client, made at first use: the key from ELEVENLABS_API_KEY and every option at its
--- default.
local default

local function on_default(operation, args, opts)
  local err
  if not default then
    default, err = M.new {}
  end
  if not default then
    return nil, err
  end
  return default[operation](default, args, opts)
end

--- `client:unshare` on the default client.
---@param args elevenlabs.workspace.UnshareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function M.unshare(args, opts)
  check_dot(args, "unshare")
  return on_default("unshare", args, opts)
end

--- `client:share` on the default client.
---@param args elevenlabs.workspace.ShareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function M.share(args, opts)
  check_dot(args, "share")
  return on_default("share", args, opts)
end

--- `client:get` on the default client.
---@param args elevenlabs.workspace.ResourceArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Resource|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function M.get(args, opts)
  check_dot(args, "get")
  return on_default("get", args, opts)
end

return M
