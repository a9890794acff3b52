--- Folders for cases, and their files.

local uv = require "luv"

local M = {}

-- In memory: a case syncs its files often.
local IN_MEMORY = "/dev/shm"

---@param path string a file, or a folder with all that is in it
function M.remove(path)
  if not os.remove(path) then
    local folder = assert(uv.fs_scandir(path))
    local name = uv.fs_scandir_next(folder)
    while name do
      M.remove(path .. "/" .. name)
      name = uv.fs_scandir_next(folder)
    end
    assert(uv.fs_rmdir(path))
  end
end

---@return string path
function M.make()
  local place = uv.fs_access(IN_MEMORY, "W") and IN_MEMORY or os.getenv "TMPDIR" or "/tmp"
  return assert(uv.fs_mkdtemp(place .. "/offboard-world-XXXXXX"))
end

---@return string
function M.read(path)
  local handle = assert(io.open(path, "rb"))
  local text = handle:read "*a"
  handle:close()
  return text
end

function M.write(path, text)
  local handle = assert(io.open(path, "wb"))
  handle:write(text)
  handle:close()
end

return M
