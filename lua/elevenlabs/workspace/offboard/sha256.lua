--- SHA-256 of files by luaossl, if luaossl is there. Nothing else needs luaossl.

local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local BLOCK = 65536 -- bytes

--- The hash of a file in hexadecimal digits.
---@param path string
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return string|nil
---@return string|nil why not
function M.file(path, engine)
  local has_digest, digest = pcall(require, "openssl.digest")
  if not has_digest then
    return nil, "luaossl is not installed"
  end
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local hash, block = digest.new "sha256", ""
  while block do
    hash:update(block)
    turns.give(engine)
    block, why = file:read(BLOCK)
  end
  file:close()
  if why then
    return nil, why
  end
  return (hash:final():gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

return M
