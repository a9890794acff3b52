--- Remove, grant and read roles on ElevenLabs workspace resources:
--- `local workspace = require "elevenlabs.workspace"`.

local core = require "elevenlabs.workspace.core"
local items = require "elevenlabs.workspace.items"

local M = {}

--- Raise if a function was called as a method. The error blames the user's line.
local function check_dot(first, name)
  if first == M then
    error(("call it with a dot: workspace.%s{...}"):format(name), 3)
  end
end

--- The version of this library, as in Semantic Versioning.
---@type string
M.VERSION = require "elevenlabs.workspace.version"
--- The values of `resource_type` that this library knows.
---@type string[]
M.RESOURCE_TYPES = core.RESOURCE_TYPES
--- The module `elevenlabs.workspace.items`, which makes sources of items for bulk runs.
M.items = items
--- Make a client. Opens no connection. Raises if `options` is no table.
---
--- ```lua
--- local client, err = workspace.new { region = "eu", max_concurrency = 16 }
--- if not client then error(tostring(err)) end
--- ```
---@param options elevenlabs.workspace.Options
---@return elevenlabs.workspace.Client|nil
---@return elevenlabs.workspace.Error|nil # which option is wrong, in `field`
function M.new(options)
  check_dot(options, "new")
  if type(options) ~= "table" then
    error("workspace.new takes a table of options, got " .. type(options), 2)
  end
  return require("elevenlabs.workspace.client").new(options) -- takes long to load
end

--- Run functions side by side over one client, with any driver, and return when all have ended. If a
--- function raises, the others go on, and its entry is `{ n = 2, nil, what it raised }`. A function
--- that yields by itself is resumed soon.
---
--- ```lua
--- local voice = { resource_id = "voice_draft", resource_type = "voice" }
--- local results = workspace.gather(client, {
---   function() return client:get(voice) end,
---   function() return client:connect() end,
--- })
--- print(results[1][1], results[2][1])
--- ```
---@param client elevenlabs.workspace.Client
---@param functions function[] Each is called once, without arguments.
---@return table[] # entry i is what function i returned, such as `{ n = 1, receipt }`
function M.gather(client, functions)
  return require("elevenlabs.workspace.gather").run(client, functions)
end

--- The default client, made at first use: the key from ELEVENLABS_API_KEY and every option at its
--- default.
local default

--- Call a method of the default client.
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

--- `client:unshare` on a default client. That client is made at first use, with the key from
--- ELEVENLABS_API_KEY and every option at its default.
---@param args elevenlabs.workspace.UnshareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # `outcome` says whether the request may have had an effect
function M.unshare(args, opts)
  check_dot(args, "unshare")
  return on_default("unshare", args, opts)
end

--- `client:share` on the default client of `workspace.unshare`.
---@param args elevenlabs.workspace.ShareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # `outcome` says whether the request may have had an effect
function M.share(args, opts)
  check_dot(args, "share")
  return on_default("share", args, opts)
end

--- `client:get` on the default client of `workspace.unshare`.
---@param args elevenlabs.workspace.ResourceArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Resource|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # why the resource could not be read; that is not "no role"
function M.get(args, opts)
  check_dot(args, "get")
  return on_default("get", args, opts)
end

return M
