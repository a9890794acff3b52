--- What a bulk run and a reading pass keep in memory: each is measured in a process of its own.

local cjson = require "cjson"
local process = require "spec.support.process"

local M = {}

local LIMIT_MS = 600000 -- a bound for a run that hangs, never a delay

local function run_child(sandbox, script, ...)
  local child = process.start(
    { os.getenv "SPEC_LUA", script, sandbox and "sandbox" or "fake", ... },
    {
      env = sandbox and {
        ELEVENLABS_API_KEY = sandbox.api_key,
        ELEVENLABS_BASE_URL = sandbox.base_url,
        ELEVENLABS_CA_FILE = sandbox.ca_file,
      },
    }
  )
  local code, out, err = child:wait(LIMIT_MS)
  assert(code == 0, err)
  return cjson.decode(out)
end

--- A run over so many items.
---@param count integer
---@param options table|nil { sandbox = nil: one to run against, instead of a core that answers
--- at once; journal = nil: a path }
---@return table { peak_kib of the whole process, heap_kib of Lua at the last item, after a
--- collection; cpu_seconds of the run alone; with a journal set_bytes, set_peak_bytes,
--- set_items and already_confirmed }
function M.measure(count, options)
  options = options or {}
  local number = ("%d"):format(count)
  return run_child(options.sandbox, "spec/proof/memory/child.lua", number, options.journal)
end

--- A reading pass over a workspace: that of a sandbox, or one of so many resources behind a core that
--- answers at once.
---@param workspace integer|table
---@return table { peak_kib and heap_kib, as above, but the most at any 5,000th resource; cpu_seconds,
--- elapsed_ms, listed and read resources, ids that are known, each once for each type; set_peak_bytes
--- of these; pages and attempts that were sent; window_share: of the window that was in use }
function M.measure_reading(workspace)
  local is_sandbox = type(workspace) == "table"
  return run_child(
    is_sandbox and workspace or nil,
    "spec/proof/memory/reading.lua",
    not is_sandbox and ("%d"):format(workspace) or nil
  )
end

return M
