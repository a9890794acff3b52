--- Which server, with which key: the options that every command of the API has, and the
--- client that comes of them.

local loop = require "elevenlabs.workspace.cli.loop"
local options = require "elevenlabs.workspace.cli.options"
local workspace = require "elevenlabs.workspace"

local M = {}

M.USAGE = [[
  --api-key-file FILE       the API key; otherwise from ELEVENLABS_API_KEY
  --region REGION           global (default), us, eu, in or sg
  --base-url URL            another server: a gateway or a sandbox
  --ca-file FILE            PEM file of the authorities to trust
]]

M.READERS = {
  ["--api-key-file"] = options.text "api_key_file",
  ["--region"] = options.text "region",
  ["--base-url"] = options.text "base_url",
  ["--ca-file"] = options.text "ca_file",
}

--- The key of a file's first line, or nil and why not.
local function read_key(path)
  local file, why = io.open(path)
  if not file then
    return nil, "cannot read the API key: " .. why
  end
  local line = file:read "*l"
  file:close()
  return ((line or ""):gsub("\r$", ""))
end

--- Make a client that waits in a loop which hears signals.
---@param values table the options
---@param complain fun(text: string)
---@return elevenlabs.workspace.Client|nil
---@return table|nil driver `on_signal` may be set
function M.open(values, complain)
  local key, why
  if values.api_key_file then
    key, why = read_key(values.api_key_file)
  end
  if why then
    complain(why)
    return nil
  end
  local driver = loop.new()
  local client, err = workspace.new {
    api_key = key,
    region = values.region,
    base_url = values.base_url,
    ca_file = values.ca_file,
    max_concurrency = values.max_concurrency,
    driver = driver,
  }
  if not client then
    driver.close()
    complain(tostring(err))
  end
  return client, driver
end

return M
