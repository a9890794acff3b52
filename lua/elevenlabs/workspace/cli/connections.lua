--- Makes the client of a command from the options that name a server, a key and a limit.

local limit = require "elevenlabs.workspace.cli.limit"
local loop = require "elevenlabs.workspace.cli.loop"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local progress = require "elevenlabs.workspace.cli.progress"
local uv = require "luv"
local workspace = require "elevenlabs.workspace"

local M = {}

local REGIONS = { "global", "us", "eu", "in", "sg" }

M.OPTIONS = {
  title = "Server, key and limit",
  options = {
    {
      name = "--api-key-file",
      value = "FILE",
      text = "read the API key from the first line of FILE; without this option it comes from"
        .. " ELEVENLABS_API_KEY",
    },
    {
      name = "--region",
      value = "REGION",
      text = "global (default), us, eu, in or sg",
      read = options.choice(REGIONS),
      choices = REGIONS,
    },
    { name = "--base-url", value = "URL", text = "send to another server: a gateway or a sandbox" },
    { name = "--ca-file", value = "FILE", text = "trust the authorities in this PEM file" },
    limit.OPTIONS[1],
    limit.OPTIONS[2],
  },
}

--- The first line of a file; or nil and why there is none.
local function read_line(path)
  local file, why = io.open(path)
  if not file then
    return nil, why
  end
  local line, failure = file:read "*l"
  file:close()
  if failure then
    return nil, path .. ": " .. failure
  end
  return (line or ""):gsub("\r$", ""), nil
end

--- Say that everybody may read the key. The user decides what to do about it.
local function check_mode(path)
  local stat = uv.fs_stat(path)
  if stat and stat.type == "file" and stat.mode % 8 ~= 0 then
    output.complain(("everybody may read the API key: chmod 600 %s"):format(path))
  end
end

--- The key in the file. nil if there is no file: the library takes the key of the environment. nil
--- and why if there is no key at all.
local function find_key(path)
  if not path then
    if (os.getenv "ELEVENLABS_API_KEY" or "") == "" then
      return nil, "there is no API key: set ELEVENLABS_API_KEY, or name a file by --api-key-file"
    end
    return nil
  end
  local key, why = read_line(path)
  if not key then
    return nil, "cannot read the API key: " .. why
  elseif key == "" then
    return nil, ("the API key's file %s has an empty first line"):format(path)
  end
  check_mode(path)
  return key
end

--- True for a URL whose host is written as a loopback address. A name could lead elsewhere.
local function is_loopback(url)
  local authority = url:match "^https?://([^/?#]*)" or ""
  return authority:find "^127%.%d+%.%d+%.%d+$" ~= nil
    or authority:find "^127%.%d+%.%d+%.%d+:%d+$" ~= nil
    or authority:find "^%[::1%]:?%d*$" ~= nil
end

--- The server, and whom to trust. `sandbox -- COMMAND` sets the environment so that no command
--- within it reaches the real service. The environment may name nothing but this machine.
---@return table|nil { base_url, ca_file, region }
---@return string|nil why not
local function find_server(values)
  local server = { base_url = values.base_url, ca_file = values.ca_file, region = values.region }
  local from_environment = os.getenv "ELEVENLABS_BASE_URL" or ""
  if values.base_url or values.region or from_environment == "" then
    return server
  elseif not is_loopback(from_environment) then
    return nil,
      "ELEVENLABS_BASE_URL may only name a loopback address, such as https://127.0.0.1:8443. "
        .. "For another server use --base-url"
  end
  local ca_file = os.getenv "ELEVENLABS_CA_FILE" or ""
  server.base_url = from_environment
  server.ca_file = server.ca_file or (ca_file ~= "" and ca_file or nil)
  return server
end

--- True for a server on this machine, which is a sandbox and not the service.
---@param base_url string
---@return boolean
function M.is_sandbox(base_url)
  return is_loopback(base_url)
end

--- Say what is the matter with the limit's store, and tell the rest.
local function tell_of_limit(on_event)
  return function(event)
    if not event.call then
      progress.end_line()
      output.complain(event.message)
    elseif on_event then
      on_event(event)
    end
  end
end

local KEYS = { "base_url", "ca_file", "region", "max_concurrency" }

--- Make a client that waits in luv's loop, where signals are heard.
---@param values table the options
---@param on_event fun(event: table)|nil
---@return elevenlabs.workspace.Client|nil
---@return table|string driver of `loop.new`, or why there is no client
function M.open(values, on_event)
  local key, why = find_key(values.api_key_file)
  local server, shared
  if not why then
    server, why = find_server(values)
  end
  if not why then
    shared, why = limit.open(values)
  end
  if why then
    return nil, why
  end
  if server.ca_file then
    local _, failure = read_line(server.ca_file)
    if failure then
      return nil, "cannot read --ca-file: " .. failure
    end
  end
  local driver = loop.new()
  local client, err = workspace.new {
    api_key = key,
    region = server.region,
    base_url = server.base_url,
    ca_file = server.ca_file,
    max_concurrency = values.max_concurrency,
    driver = driver,
    on_event = shared and tell_of_limit(on_event) or on_event,
    limit = shared or nil,
  }
  if not client then
    driver.close()
    return nil, options.as_typed(err.message, KEYS)
  end
  return client, driver
end

return M
