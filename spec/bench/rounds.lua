--- Runs rows round by round, one measurement at a time: round 1 of all, then round 2, so that
--- a machine that becomes slower does so for all of them.

local cjson = require "cjson"
local process = require "spec.support.process"
local rows = require "spec.bench.rows"

local M = {}

local LIMIT_MS = 120000 -- a bound for a row that hangs, never a delay

--- The process that runs now, for whoever must end it.
M.child = nil

--- One command to its end. -> the table it printed | nil, why not
function M.run(command, env)
  local started, child = pcall(process.start, command, { env = env })
  if not started then
    return { skipped = ("%s cannot be started"):format(command[1]) }
  end
  M.child = child
  local fine, code, out, err = pcall(child.wait, child, LIMIT_MS)
  M.child = nil
  if not fine then
    return nil, tostring(code)
  elseif code ~= 0 then
    return nil, ("exit status %d: %s"):format(code, err:match "([^\n]*)\n*$")
  end
  return cjson.decode(out)
end

local function measure(result, options)
  local server = options.server
  local command = rows.command(result.row, server, options.requests)
  local sample, why = M.run(command, { NODE_EXTRA_CA_CERTS = server.ca_file })
  if not sample then
    result.failed = why
  elseif sample.skipped then
    result.skipped = sample.skipped
  else
    table.insert(result.samples, sample)
  end
  options.tell(result, sample)
end

--- Measure them all so often. A row that failed or was skipped is not tried again.
---@param list bench.Row[]
---@param options table { server, rounds, requests = nil, tell = function(result, sample|nil),
--- tell_round = function(number), is_over = function() -> true to stop early }
---@return table[] results { row, samples, skipped = why, failed = why }
function M.measure(list, options)
  local results = {}
  for i, row in ipairs(list) do
    results[i] = { row = row, samples = {} }
  end
  for round = 1, options.rounds do
    options.tell_round(round)
    for _, result in ipairs(results) do
      if options.is_over() then
        return results
      elseif not result.skipped and not result.failed then
        measure(result, options)
      end
    end
  end
  return results
end

return M
