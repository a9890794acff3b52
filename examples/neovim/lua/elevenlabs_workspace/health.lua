-- :checkhealth elevenlabs_workspace. It sends no request, and never shows the key.

local M = {}

-- Neovim 0.10 has start, ok and so on; older ones have report_start, report_ok and so on. Neovim 0.7
-- has them in a module of its own.
local function report(kind, ...)
  local health = vim.health or require "health"
  local tell = health[kind] or health["report_" .. kind]
  tell(...)
end

--- -> true if the library can be loaded
local function check_library()
  local found, workspace = pcall(require, "elevenlabs.workspace")
  if not found then
    report("error", "the library cannot be loaded: " .. tostring(workspace), {
      "Install it for Lua 5.1, whose folders LuaJIT has: make install LUA=luajit",
      'Or, in its source tree: make LUA=luajit && eval "$(make -s env LUA=luajit)"',
    })
    return false
  end
  report("ok", "library " .. workspace.VERSION)
  report("ok", "libcurl " .. require("elevenlabs.workspace.core").LIBCURL_VERSION)
  return true
end

local function check_key()
  if (os.getenv "ELEVENLABS_API_KEY" or "") ~= "" then
    return report("ok", "ELEVENLABS_API_KEY is set")
  end
  report("error", "ELEVENLABS_API_KEY is not set", {
    "Start Neovim from a shell that has the key of a workspace admin.",
  })
end

local function check_client()
  local client, err = require("elevenlabs_workspace.client").open()
  local url = os.getenv "ELEVENLABS_BASE_URL"
  if not client then
    report("error", "no client can be made: " .. tostring(err))
  elseif url then
    report("warn", "ELEVENLABS_BASE_URL names a sandbox or another server: " .. url, {
      "Unset ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE for the real service.",
    })
  else
    report("ok", "the real service: " .. tostring(client):match "https://[^:]+")
  end
end

function M.check()
  report("start", "elevenlabs_workspace")
  if check_library() then
    check_key()
    check_client()
  end
end

return M
