--- Attempts of a core for specs: each in the next slot, and all that ended in one list.

local M = {}

local next_slots = setmetatable({}, { __mode = "k" }) -- by handle

--- Make an attempt. -> its slot | nil, failure
function M.send(handle, op, args, key)
  local request, failure = handle:prepare(op, args)
  if not request then
    return nil, failure
  end
  local slot, is_sent = next_slots[handle] or 1
  is_sent, failure = handle:send(request, key, slot)
  next_slots[handle] = slot + (is_sent and 1 or 0)
  return is_sent and slot or nil, failure
end

--- -> the evidence of all that ended, and { slot, request_id, code, elapsed_ms } of each plain
--- confirmation
local function list(plain, count, others)
  local all = {}
  for i, evidence in ipairs(others) do
    all[i] = evidence
  end
  for at = 0, 4 * (count - 1), 4 do
    all[#all + 1] = {
      slot = plain[at + 1],
      request_id = plain[at + 2],
      code = plain[at + 3],
      elapsed_ms = plain[at + 4],
    }
  end
  return all
end

function M.step(handle, timeout_ms)
  return list(handle:step(timeout_ms))
end

function M.close(handle)
  return list(handle:close())
end

--- Step until so many have ended.
function M.wait(handle, count)
  local all = {}
  while #all < count do
    for _, ended in ipairs(M.step(handle, 20000)) do
      all[#all + 1] = ended
    end
  end
  return all
end

return M
