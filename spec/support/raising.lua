--- Errors as of memory, at any place of the engine. Each call of a function may need memory. So this
--- raises at the nth call that the library makes, except in functions that promise to need none.

local M = {}

M.MESSAGE = "not enough memory"

local LIBRARY = "lua/elevenlabs/workspace/"

-- What needs no memory: the change of a call's state, and what belongs to it.
local SAFE_FILES = {
  ["answer/evidence.lua"] = true, -- the core's
  ["engine/transition.lua"] = true,
  ["throttle.lua"] = true,
  ["throttle/budget.lua"] = true,
  ["throttle/window.lua"] = true,
}
-- By file: functions, of which a lack of memory cannot be told from a lack of stack.
local SAFE_FUNCTIONS = {
  ["engine/outbox.lua"] = { commit = true, is_empty = true, deliver = true },
  ["engine/queue.lua"] = { drop = true, peek = true },
}

-- Calls are made from the same place if so many levels of the stack agree. From each place the first
-- few are tried.
local DEPTH, TIMES = 4, 2

-- By function: the file's name within the library; false: it is not the library's.
local files = setmetatable({}, { __mode = "k" })

--- The file of the function at a level of the stack, and its name if that matters.
local function look_at(level)
  local info = debug.getinfo(level + 1, "f")
  local f = info and info.func
  if not f then
    return false
  end
  if files[f] == nil then
    local source = debug.getinfo(f, "S").source
    local _, last = source:find(LIBRARY, 1, true)
    files[f] = last and source:sub(last + 1) or false
  end
  local file = files[f]
  return file, SAFE_FUNCTIONS[file] and debug.getinfo(level + 1, "n").name
end

local function is_safe(file, name)
  return SAFE_FILES[file] or (SAFE_FUNCTIONS[file] and SAFE_FUNCTIONS[file][name])
end

--- True if the function that begins may raise.
local function may_raise()
  local file, name = look_at(3) -- that function
  local callers, callers_name = look_at(4)
  if is_safe(file, name) or is_safe(callers, callers_name) then
    return false
  end
  return file or callers
end

-- Compiled code calls no hook.
local function nothing() end
local jit = rawget(_G, "jit") or { off = nothing, on = nothing, flush = nothing }

--- Call a function, and look at each call that the library makes meanwhile.
local function watch(f, look)
  jit.off()
  jit.flush()
  debug.sethook(function()
    if may_raise() then
      look()
    end
  end, "c")
  local ok, why = pcall(f)
  debug.sethook()
  jit.on()
  if not ok then
    error(why, 0)
  end
end

--- From where the function that begins was called: some levels of the stack.
local function place()
  local lines = {}
  for level = 1, DEPTH do
    local info = debug.getinfo(level + 3, "Sl")
    lines[level] = info and info.short_src .. info.currentline or ""
  end
  return table.concat(lines, " ")
end

--- The numbers of the calls that a function makes, the first few from each place.
---@param f fun()
---@return integer[] numbers for `at`
function M.places(f)
  local numbers, count, seen = {}, 0, {}
  watch(f, function()
    count = count + 1
    local from = place()
    seen[from] = (seen[from] or 0) + 1
    if seen[from] <= TIMES then
      numbers[#numbers + 1] = count
    end
  end)
  return numbers
end

--- Call a function. The nth call that the library makes meanwhile raises.
---@param nth integer
---@param f fun()
function M.at(nth, f)
  local count = 0
  watch(f, function()
    count = count + 1
    if count == nth then
      debug.sethook()
      error(M.MESSAGE, 0)
    end
  end)
end

return M
