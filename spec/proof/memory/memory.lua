--- What a bulk run keeps in memory: each is measured in a process of its own.

local cjson = require "cjson"
local process = require "spec.support.process"

local M = {}

local LIMIT_MS = 600000 -- a bound for a run that hangs, never a delay

--- A run over so many items.
---@param count integer
---@param options table|nil { sandbox = nil: one to run against, instead of a core that answers
--- at once; journal = nil: a path }
---@return table { peak_kib of the whole process, heap_kib of Lua at the last item, after a
--- collection; cpu_seconds of the run alone; with a journal set_bytes, set_peak_bytes,
--- set_items and already_confirmed }
function M.measure(count, options)
  options = options or {}
  local sandbox = options.sandbox
  local child = process.start({
    os.getenv "SPEC_LUA",
    "spec/proof/memory/child.lua",
    sandbox and "sandbox" or "fake",
    ("%d"):format(count),
    options.journal,
  }, {
    env = sandbox and {
      ELEVENLABS_API_KEY = sandbox.api_key,
      ELEVENLABS_BASE_URL = sandbox.base_url,
      ELEVENLABS_CA_FILE = sandbox.ca_file,
    },
  })
  local code, out, err = child:wait(LIMIT_MS)
  assert(code == 0, err)
  return cjson.decode(out)
end

return M
