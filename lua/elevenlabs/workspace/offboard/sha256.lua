--- SHA-256 of files by luaossl, if luaossl is there. Nothing else needs luaossl.

local M = {}

local BLOCK = 65536 -- bytes

--- The hash of a file in hexadecimal digits.
---@param path string
---@return string|nil
---@return string|nil why not
function M.file(path)
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
