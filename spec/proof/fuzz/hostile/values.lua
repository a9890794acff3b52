--- Values that nobody should pass and somebody will.

local cjson = require "cjson"

local M = {}

M.KEY = "sk_hostile_0123456789abcdef"

local function raise()
  error "a metamethod ran"
end

local EVENTS = {
  "__index", "__newindex", "__pairs", "__ipairs", "__len", "__tostring", "__concat", "__eq",
  "__lt", "__call", "__unm", "__close",
}

--- Raises whatever is done with it, but for what is raw.
function M.raising()
  local meta = {}
  for _, event in ipairs(EVENTS) do
    meta[event] = raise
  end
  return setmetatable({}, meta)
end

--- No text comes of it either.
local function without_text()
  return setmetatable({}, {
    __tostring = function()
      return {}
    end,
    __name = 7,
    __metatable = false,
  })
end

local function cyclic()
  local value = { {} }
  value[1][1], value[value], value.resource_id = value, value, value
  return value
end

local HUGE = ("x"):rep(1024 * 1024)

-- Text that is no argument's; what can be no resource's id, but another; what can be no id, but
-- a type; addresses; and what may be any id or type.
M.NO_ID = { ".", "..", "a/b", "a%2Fb" }
M.NO_IDENTIFIER = { "a b", "'; --", "<x>", "\239\187\191", "=x", "\194\160", "Mia <a@x>" }
M.ADDRESSES = { "a@example.com", "é€@x", "+a'b@x" }
M.BAD = {
  "", "a\0b", "a\r\nb: c", "\n", "\27[2J", "\127", "\255", "\192\175",
  "\237\160\128", "\244\144\128\128", "a\226\130", ("x"):rep(513), HUGE, M.KEY, "\239\191",
  "\194\128",
}
M.GOOD = {
  "id1", "voice", "a@example.com", "admin", "viewer", "é€", "get", ("x"):rep(512), "...", "{}",
  "default", "nil", "1", "sk_", "+a'b@x", "é€@x",
}

local function numbers(random)
  return random:pick { 0, -1, 1, 1.5, 2 ^ 31, 2 ^ 53, 1e308, 1 / 0, -1 / 0, 0 / 0, -0.0, 5e-324 }
end

local function others(random)
  return random:pick {
    true, false, cjson.null, type, raise, coroutine.create(raise), io.stdout, {}, cyclic(),
    M.raising(), without_text(), { { {} } }, { "a", "b" }, { resource_id = "id1" },
  }
end

--- Any value but nil.
function M.any(random)
  local kind = random:int(1, 5)
  if kind == 1 then
    return numbers(random)
  elseif kind == 2 then
    return others(random)
  elseif kind == 3 then
    return random:pick(random:pick { M.NO_ID, M.NO_IDENTIFIER, M.BAD, M.BAD, M.BAD })
  end
  return random:pick(M.GOOD)
end

--- Any key that a table may have.
function M.key(random, names)
  local key = random:chance(0.8) and random:pick(names) or M.any(random)
  return key == key and key or "nan"
end

--- What an error's text, as people see it, must not be; nil where it is all right.
function M.wrong_text(err)
  local ok, text = pcall(tostring, err)
  if not ok or type(text) ~= "string" then
    return "an error without text"
  elseif (text .. err.message .. tostring(err.field)):find(M.KEY, 1, true) then
    return "an error with the key: " .. text
  elseif text:find "[%c\127]" or #text > 2000 then
    return ("an error that is no line of text: %q"):format(text:sub(1, 200))
  end
end

return M
