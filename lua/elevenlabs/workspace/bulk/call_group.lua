--- Makes the call group of many calls: its rules may stop all of them.

local groups = require "elevenlabs.workspace.engine.group"
local stop_rules = require "elevenlabs.workspace.bulk.stop_rules"

local M = {}

local ATTEMPTS = 8

---@param engine elevenlabs.workspace.Engine
---@param is_read boolean
---@param has_succeeded boolean|nil an earlier run had a confirmation
---@param only_counts boolean|nil nobody looks at the receipts of confirmed calls
---@return elevenlabs.workspace.CallGroup
function M.new(engine, is_read, has_succeeded, only_counts)
  return groups.new {
    max_attempts = engine.max_attempts or ATTEMPTS,
    counts_unsent = false,
    waits_out_outages = true,
    probes_key = true,
    keeps_receipts = not only_counts,
    rules = stop_rules.new(has_succeeded, is_read),
  }
end

return M
