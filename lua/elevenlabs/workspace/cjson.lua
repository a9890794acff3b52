--- lua-cjson (its safe form), whose C functions call one another.
---
--- A program may hold another copy of lua-cjson, as Neovim does, whose functions have the same
--- names and other structures. If lua-cjson is then loaded as usual, its functions call those of
--- the program, and it reads and writes garbage: Debian's does so in Neovim 0.12.

local has_core, core = pcall(require, "elevenlabs.workspace.core") -- the sandbox has none

local function is_loaded()
  return package.loaded["cjson"] or package.loaded["cjson.safe"] or package.preload["cjson.safe"]
end

--- Where require will find it. Lua 5.1 has no package.searchpath.
local function find_module()
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("%?", "cjson")
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
end

local path = has_core and not is_loaded() and find_module()
if path then
  core.load_apart(path, "strbuf_resize")
end
local cjson = require "cjson.safe"

-- Something else may have loaded it before, as usual.
local text = { ("/\n"):rep(300) }
local written = cjson.encode(text)
local read = cjson.decode(written)
if written ~= '["' .. ("\\/\\n"):rep(300) .. '"]' or not read or read[1] ~= text[1] then
  error(
    "elevenlabs.workspace: lua-cjson reads and writes garbage in this program, which holds "
      .. "another copy of it. Require elevenlabs.workspace before anything else requires cjson.",
    0
  )
end

return cjson
