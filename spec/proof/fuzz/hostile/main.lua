--- One process's share: `lua main.lua tables|files FIRST COUNT BASE_URL`. Each case is its
--- number's; the number is printed before the case, to standard error, for whoever finds
--- this process dead. Every failure is a line of standard output; the last line says what
--- was sent.

local process = require "spec.support.process"
local randoms = require "spec.proof.sim.random"
local uv = require "luv"
local values = require "spec.proof.fuzz.hostile.values"
local workspace = require "elevenlabs.workspace"

local kind, first, count, base_url = ...
first, count = tonumber(first), tonumber(count)
local try = require("spec.proof.fuzz.hostile." .. kind).try

local FEW_KB = 4096 -- of Lua's memory, that may be in use in the end and was not at first

local function descriptors()
  local found, scan = 0, uv.fs_scandir "/proc/self/fd"
  while scan and uv.fs_scandir_next(scan) do
    found = found + 1
  end
  return found
end

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

--- In a folder of its own, as a random text may be the name of a file.
local memory_disk = uv.fs_stat "/dev/shm" and "/dev/shm"
local folder = assert(uv.fs_mkdtemp((memory_disk or "/tmp") .. "/ew_XXXXXX"))
local home = uv.cwd()
assert(uv.chdir(folder))

local client = assert(workspace.new { base_url = base_url, api_key = values.KEY, max_attempts = 1 })

local function run(number)
  io.stderr:write(number, "\n")
  local ok, what = pcall(try, randoms.new(number), client)
  if not ok or what then
    print(("failed %d %s"):format(number, tostring(what)))
  end
end

run(first) -- what is loaded and kept once is none of a case's
local kept, open = memory(), descriptors()
for number = first + 1, first + count - 1 do
  run(number)
end
client:step(0) -- a call that was cancelled before it was sent is not sent now
local attempts = client:stats().attempts
if memory() > kept + FEW_KB then
  print(("leaked %d KB"):format(memory() - kept))
elseif descriptors() > open then
  print(("leaked %d descriptors"):format(descriptors() - open))
end
client:close()
assert(uv.chdir(home))
process.run { "rm", "-r", folder }
print(("sent %d"):format(attempts))
