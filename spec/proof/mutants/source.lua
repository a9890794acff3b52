--- The texts of files that a mutant changes.

local M = {}

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

--- Replace `from`, which must be there, once: a bug that is not put in is never found.
---@param text string
---@param bug table { name, from, to }
---@return string
function M.with_bug(text, bug)
  local first, last = text:find(bug.from, 1, true)
  assert(first, ("%s: the source does not hold: %s"):format(bug.name, bug.from))
  assert(not text:find(bug.from, last + 1, true),
    ("%s: the source holds twice: %s"):format(bug.name, bug.from))
  return text:sub(1, first - 1) .. bug.to .. text:sub(last + 1)
end

return M
