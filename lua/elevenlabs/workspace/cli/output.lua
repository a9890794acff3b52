--- Writes what the command says: results to standard output, complaints to standard error, lists to
--- files. Each write is checked, as a result that is lost is a failure.

local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local uv = require "luv"

local M = {}

local EXIT_USAGE = 2

local failure -- the first of standard output

--- Write a result.
function M.write(text)
  local ok, why = io.stdout:write(text)
  if not ok then
    failure = failure or why
  end
end

--- Show what was written so far, before a question or a long wait.
function M.flush()
  local ok, why = io.stdout:flush()
  failure = failure or (not ok and why) or nil
end

--- Flush standard output.
---@return string|nil why a result is missing there
function M.finish()
  M.flush()
  return failure
end

--- Say something to the person who runs the command.
function M.complain(text)
  io.stderr:write("elevenlabs-workspace: ", text, "\n")
end

--- Say why nothing could begin. With --json print an error as JSON too.
---@param values table the options
---@param why string
---@param details string[]|nil further lines
---@param kind elevenlabs.workspace.Kind|nil default: invalid_argument
---@return integer status
function M.refuse(values, why, details, kind)
  M.complain(why)
  for i = 2, details and #details or 0 do
    M.complain(details[i])
  end
  if values.json then
    M.write(json.encode(errors.new {
      kind = kind or "invalid_argument",
      outcome = "not_sent",
      message = why,
      details = details,
    }) .. "\n")
  end
  return EXIT_USAGE
end

-- ---- files

-- A list is written to a temporary file beside its place. The file takes its place when the list is
-- whole, so that no one finds half a list there.
local List = {}
List.__index = List

--- The place that a path leads to. The file of a symbolic link need not exist.
local function resolve(path)
  local place = uv.fs_realpath(path)
  local target = not place and uv.fs_readlink(path)
  if target then
    return target:sub(1, 1) == "/" and target or (path:match "^.*/" or "") .. target
  end
  return place or path
end

local function is_special(path)
  local status = uv.fs_stat(path)
  return path:find "^/dev/" ~= nil or path:find "^/proc/" ~= nil or status and status.type ~= "file"
end

--- Open a list to be written. Its file stays as it is until `commit`.
---@param path string
---@return table|nil
---@return string|nil why not
function M.open_list(path)
  local place = resolve(path)
  local self = setmetatable({ place = place }, List)
  local why
  if not is_special(path) then
    self.temporary = ("%s.%d.new"):format(place, uv.os_getpid())
    local fd, failed = uv.fs_open(self.temporary, "wx", 384) -- 0600
    if not fd then
      return nil, failed
    end
    uv.fs_close(fd)
  end
  self.file, why = io.open(self.temporary or path, "w")
  if not self.file then
    return nil, why
  end
  return self
end

function List:write(text)
  local ok, why = self.file:write(text)
  if not ok then
    self.failure = self.failure or why
  end
end

--- Close the list, and put it in its place.
---@return true|nil
---@return string|nil why the place is as it was
function List:commit()
  local flushed, why = self.file:flush()
  local closed, later = self.file:close()
  local problem = self.failure or (not flushed and why) or (not closed and later) or nil
  if not self.temporary then
    return not problem or nil, problem
  end
  if not problem then
    local renamed, failed = uv.fs_rename(self.temporary, self.place)
    problem = not renamed and failed or nil
  end
  if problem then
    uv.fs_unlink(self.temporary)
  end
  return not problem or nil, problem
end

--- Close the list without its place.
function List:discard()
  self.file:close()
  if self.temporary then
    uv.fs_unlink(self.temporary)
  end
end

-- ---- files that must not be the same

local function identity(path)
  local status = uv.fs_stat(path)
  if status then
    return ("%d:%d"):format(status.dev, status.ino)
  end
  local folder, name = path:match "^(.*/)(.*)$"
  return (uv.fs_realpath(folder or ".") or "") .. "/" .. (name or path)
end

--- True if writing one file would destroy the other. A file is known by its device and inode, or by
--- its place if there is none.
---@param path string the file that is written
---@param other string
---@return boolean
function M.would_overwrite(path, other)
  return other ~= "-" and not is_special(path) and identity(path) == identity(other)
end

--- Find two options that name the same file, if the file of one is written.
---@param values table
---@param written string[] keys of options whose file is written
---@param all string[] keys of all options that name a file
---@return string|nil misuse
function M.find_clash(values, written, all)
  for _, key in ipairs(written) do
    for _, other in ipairs(all) do
      local path, other_path = values[key], values[other]
      if path and other_path and key ~= other and M.would_overwrite(path, other_path) then
        local text = "--%s would overwrite the file of --%s"
        return text:format((key:gsub("_", "-")), (other:gsub("_", "-")))
      end
    end
  end
end

return M
