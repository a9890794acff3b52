--- lua-cjson (its safe form), loaded apart from other copies in the program. Neovim holds a copy
--- whose C functions have the same names and other structures. Loaded as usual, lua-cjson then
--- calls the functions of that copy, and reads and writes garbage: Debian's does so in Neovim
--- 0.12.

local has_core, core = pcall(require, "elevenlabs.workspace.core") -- the sandbox has none

local function is_loaded()
  return package.loaded["cjson"] or package.loaded["cjson.safe"] or package.preload["cjson.safe"]
end

--- Where `require` finds the module. Lua 5.1 has no package.searchpath.
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

-- Other code may have loaded it before, as usual.
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
