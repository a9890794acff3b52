--- The fuzz targets in C and hostile processes in Lua: run, and counted.

local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local uv = require "luv"

local M = {}

M.NAMES = { "arguments", "base_url", "journal", "proof", "response", "text" }

local LUA = os.getenv "SPEC_LUA"
local CORPUS = "spec/proof/fuzz/corpus/"
local SHARE = 5000 -- hostile cases of one process
local SHARE_MS = 120000 -- which take a second or two
local SHOWN = 20 -- failures

---@return string[] paths of a target's inputs, sorted
function M.corpus(name)
  local paths, scan = {}, uv.fs_scandir(CORPUS .. name)
  local file = scan and uv.fs_scandir_next(scan)
  while file do
    paths[#paths + 1] = CORPUS .. name .. "/" .. file
    file = uv.fs_scandir_next(scan)
  end
  table.sort(paths)
  return paths
end

-- ---- libFuzzer

--- Let libFuzzer look for so many seconds. What it finds stays in build/fuzz.
---@return table result { execs, crashes, edges, log }
function M.fuzz(name, seconds)
  local found = "build/fuzz/found/" .. name
  process.run { "mkdir", "-p", found }
  local run = process.start {
    "build/fuzz/" .. name,
    "-max_total_time=" .. seconds,
    "-timeout=10",
    "-print_final_stats=1",
    "-artifact_prefix=build/fuzz/" .. name .. "-",
    found,
    CORPUS .. name,
  }
  local code, _, log = run:wait(seconds * 1000 + 120000)
  local edges = 0
  for count in log:gmatch "cov: (%d+)" do
    edges = tonumber(count)
  end
  return {
    execs = tonumber(log:match "number_of_executed_units: (%d+)") or 0,
    crashes = code == 0 and 0 or 1,
    edges = edges,
    log = log,
  }
end

-- ---- hostile tables and files

--- The number of the case that a process was at.
local function last_case(err)
  return ("\n" .. err):match ".*\n(%d+)\n" or "none"
end

--- What became of one process, added to `result`.
local function count_share(result, code, out, err)
  local failed = 0
  for line in out:gmatch "[^\n]+" do
    local kind = line:match "^%a+"
    failed = failed + (kind == "failed" and 1 or 0)
    result.leaked = result.leaked + (kind == "leaked" and 1 or 0)
    result.sent = result.sent + (tonumber(line:match "^sent (%d+)") or 0)
    if kind ~= "sent" then
      table.insert(result.failures, line)
    end
  end
  if err:find "LeakSanitizer" then
    result.leaked = result.leaked + 1
  elseif code ~= 0 then
    failed = failed + 1
  end
  if code ~= 0 then
    table.insert(result.failures, ("case %s: %s"):format(last_case(err), err:sub(-2000)))
  end
  result.crashed = result.crashed + failed
end

--- So many cases from `first` on.
---@param kind "tables"|"files"
local function run_shares(result, kind, cases, base_url)
  for first = 1, cases, SHARE do
    local count = math.min(SHARE, cases - first + 1)
    local child = process.start {
      LUA, "spec/proof/fuzz/hostile/main.lua", kind, tostring(first), tostring(count), base_url,
    }
    local ended, code, out, err = pcall(child.wait, child, SHARE_MS)
    if ended then
      count_share(result, code, out, err)
    else
      result.hung = result.hung + 1
      local case = last_case(child.err.text)
      table.insert(result.failures, ("%s: case %s hangs"):format(kind, case))
    end
  end
end

--- So many hostile tables and as many journal files. `sent` is what left for a server that
--- counts, or was begun.
---@return table result { crashed, leaked, hung, sent, failures }
function M.hostile(cases)
  local result = { crashed = 0, leaked = 0, hung = 0, sent = 0, failures = {} }
  local server = raw.start({ { raw.read, raw.answer(200, "{}"), raw.hold } }, { plain = true })
  run_shares(result, "tables", cases, server.base_url)
  run_shares(result, "files", cases, server.base_url)
  result.sent = result.sent + #server:stop()
  return result
end

-- ---- `make fuzz`

local function print_failures(failures)
  for i = 1, math.min(#failures, SHOWN) do
    print(failures[i])
  end
end

--- As programs: `fuzz` with SECONDS for each target (5), `hostile` with CASES of each kind
--- (100,000).
function M.main(what)
  local good = true
  if what == "fuzz" then
    for _, name in ipairs(M.NAMES) do
      local r = M.fuzz(name, tonumber(os.getenv "SECONDS") or 5)
      if r.crashes > 0 then
        print(r.log:sub(-4000))
      end
      print(("fuzz %s execs %d crashes %d edges %d"):format(name, r.execs, r.crashes, r.edges))
      io.stdout:flush()
      good = good and r.crashes == 0
    end
  else
    local cases = tonumber(os.getenv "CASES") or 100000
    local r = M.hostile(cases)
    print_failures(r.failures)
    print(
      ("hostile tables %d files %d crashed %d leaked %d hung %d sent %d"):format(
        cases, cases, r.crashed, r.leaked, r.hung, r.sent
      )
    )
    good = r.crashed + r.leaked + r.hung + r.sent == 0
  end
  os.exit(good and 0 or 1)
end

return M
