--- A copy of the tree below build/mutants, in which one mutant after another lives: only what
--- it changes is built again.

local process = require "spec.support.process"
local source = require "spec.proof.mutants.source"
local uv = require "luv"

local M = {}

local ROOT = uv.cwd()
local OUT = os.getenv("SPEC_PRELOAD"):match "^(.*)/spec$":sub(#ROOT + 2)
-- What `make` says of where the tree is.
local PLACES = { "LUA_PATH", "LUA_CPATH", "PATH", "SPEC_PRELOAD" }

---@class spec.proof.mutants.Tree
local Tree = {}
Tree.__index = Tree

local COPY = [[
  rm -rf "$TREE" && mkdir -p "$TREE/$OUT" && cp -a Makefile csrc lua spec "$TREE" &&
  cp -a "$OUT/obj" "$TREE/$OUT"
]]

--- With ROOT's name in it changed to the copy's.
local function moved(text, path)
  local parts, at = {}, 1
  local first, last = text:find(ROOT, at, true)
  while first do
    parts[#parts + 1] = text:sub(at, first - 1) .. path
    at = last + 1
    first, last = text:find(ROOT, at, true)
  end
  return table.concat(parts) .. text:sub(at)
end

---@param name string of the copy
---@return spec.proof.mutants.Tree
function M.new(name)
  local path = ROOT .. "/build/mutants/" .. name
  local code, _, err = process.run({ "/bin/sh", "-c", COPY }, { env = { TREE = path, OUT = OUT } })
  assert(code == 0, err)
  local env = { TREE = path }
  for _, place in ipairs(PLACES) do
    env[place] = moved(os.getenv(place), path)
  end
  return setmetatable({ path = path, env = env, last = false }, Tree)
end

local function restore(self)
  local last = self.last
  if last then
    source.write(last.path, last.text)
    self.last = false
  end
end

--- Put it in, and take out what was put in before.
---@param mutant spec.Mutant
function Tree:put(mutant)
  if self.last and self.last.mutant == mutant then
    return
  end
  restore(self)
  local path = self.path .. "/" .. mutant.file
  local text = source.read(path)
  source.write(path, source.with_bug(text, mutant))
  self.last = { mutant = mutant, path = path, text = text }
end

M.NOT_BUILT = 77

local LIMIT_S = 100 -- for what hangs; a bound, never a delay

-- Optimising takes longer than what it saves here. `timeout` makes a process group, none of
-- which stays: a spec that fails may leave its servers behind.
local BUILD_AND_RUN = ([[
  cd "$TREE" && make -s ready LUA="$SPEC_LUA" CFLAGS=-O0 >build.log 2>&1 ||
  { cat build.log; exit %d; }
  timeout -k 5 %d "$SPEC_LUA" "$@" &
  group=$!
  wait $group
  status=$?
  kill -- -$group 2>/dev/null
  exit $status
]]):format(M.NOT_BUILT, LIMIT_S)

--- Build it and run a Lua program in it.
---@param arguments string[] the program first
---@return table process of spec.support.process; its exit status is NOT_BUILT where building
--- fails, and as timeout's where the program hangs
function Tree:start(arguments)
  local command = { "/bin/sh", "-c", BUILD_AND_RUN, "sh" }
  return process.start(process.join(command, arguments), { env = self.env })
end

return M
