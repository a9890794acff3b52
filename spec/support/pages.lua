--- A page, and its blocks of code. A spec takes each block and runs it. A block that no spec took is a
--- promise that nobody tried.

local process = require "spec.support.process"

local M = {}

local Page = {}
Page.__index = Page

---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

--- The page of a host.
---@param host string the folder's name below examples/
function M.open(host)
  return M.at("examples/" .. host .. "/README.md")
end

---@param path string
function M.at(path)
  local self = setmetatable({ path = path, blocks = {} }, Page)
  self.text = M.read(self.path)
  for language, code in self.text:gmatch "\n```(%l*)\n(.-)\n```" do
    self.blocks[#self.blocks + 1] = { language = language, code = code }
  end
  return self
end

--- Take the first block of a language that holds these words.
---@param language string
---@param words string
---@return string code
function Page:take(language, words)
  for _, block in ipairs(self.blocks) do
    if block.language == language and block.code:find(words, 1, true) then
      block.is_taken = true
      return block.code
    end
  end
  error(("%s has no block of %s with %q"):format(self.path, language, words), 0)
end

--- Take a block that is a part of a file which another spec runs. Fails if the file has other code.
---@param file string
function Page:take_excerpt(language, words, file)
  local function flat(text)
    return (text:gsub("\n +", "\n"))
  end
  local code = self:take(language, words)
  if not ("\n" .. flat(M.read(file))):find("\n" .. flat(code), 1, true) then
    error(("%s: the block with %q is not in %s"):format(self.path, words, file), 0)
  end
end

--- The first lines of the blocks that nobody took.
---@return string[]
function Page:left()
  local lines = {}
  for _, block in ipairs(self.blocks) do
    if not block.is_taken then
      lines[#lines + 1] = block.code:match "^[^\n]*"
    end
  end
  return lines
end

--- Start the commands of a block in a shell that stops at the first that fails.
---@param code string
---@param env table|nil
function M.start(code, env)
  return process.start({ "sh", "-ec", code }, { env = env })
end

--- Text that matches only itself in a pattern.
local function literal(text)
  return (text:gsub("%p", "%%%0"))
end

--- Replace words that must be there, each as often as it occurs: { [words] = other words }.
---@param text string
---@param replacements table<string, string>
---@return string
function M.with(text, replacements)
  for words, others in pairs(replacements) do
    local count
    text, count = text:gsub(literal(words), (others:gsub("%%", "%%%%")))
    assert(count > 0, words .. " is not there")
  end
  return text
end

return M
