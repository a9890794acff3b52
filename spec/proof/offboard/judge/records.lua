--- What the server's records say: the judge's memory of requests and answers.

local workspaces = require "spec.proof.offboard.workspace"

local M = {}

local PRESET = workspaces.PRESET

-- ---- roles

--- The same roles, whatever their order.
---@param a string[]|nil
---@param b string[]|nil
function M.are_same(a, b)
  return M.text(a) == M.text(b)
end

--- Roles as a text; "" for none.
---@param roles string[]|nil
---@return string
function M.text(roles)
  local sorted = {}
  for i, role in ipairs(roles or {}) do
    sorted[i] = role
  end
  table.sort(sorted)
  return table.concat(sorted, "+")
end

--- The preset role with the most power, and its rank: 0 without one.
---@return string|nil
---@return integer
function M.highest(roles)
  local highest
  for _, role in ipairs(roles or {}) do
    if (PRESET[role] or 0) > (PRESET[highest] or 0) then
      highest = role
    end
  end
  return highest, PRESET[highest] or 0
end

-- ---- reads

--- The last good read of a resource.
---@param records spec.proof.offboard.Record[]
---@param first integer
---@param last integer
---@return spec.proof.offboard.Record|nil
function M.last_read(records, first, last, key)
  for i = last, first, -1 do
    local record = records[i]
    if record.op == "get" and record.key == key and record.good then
      return record
    end
  end
end

--- The last answer to a read of each resource, good or not.
---@return table<string, spec.proof.offboard.Record> by "type id"
function M.reads(records, first, last)
  local reads = {}
  for i = first, last do
    local record = records[i]
    if record.op == "get" then
      reads[record.key] = record
    end
  end
  return reads
end

--- The changes among the records.
---@return spec.proof.offboard.Record[] with `index`
function M.changes(records, first, last)
  local changes = {}
  for i = first, last do
    local record = records[i]
    if record.op == "share" or record.op == "unshare" then
      record.index = i
      changes[#changes + 1] = record
    end
  end
  return changes
end

-- ---- lists

--- What became of each list: by its name, true if all its pages are good, false if not.
---@return table<string, boolean>
function M.lists(records, first, last)
  local last_of_page, good = {}, {}
  for i = first, last do
    local record = records[i]
    if record.op == "list" then
      last_of_page[record.page] = record
    end
  end
  for _, record in pairs(last_of_page) do
    local name = record.list.name
    local is_good = record.good and not record.bad
    if record.too_large then -- the reader asks for fewer rows, under another query
      is_good = record.list.size ~= nil and tonumber(record.asks[record.list.size]) > 1
    end
    good[name] = good[name] ~= false and is_good
  end
  return good
end

--- The last answer of each list of principals: what it showed, or false if it failed.
---@return table<string, table|string|false> by path
function M.principals(records, first, last)
  local saw = {}
  for i = first, last do
    local record = records[i]
    if record.op == "principals" then
      saw[record.path] = record.good and record.saw or false
    end
  end
  return saw
end

--- Where the last reading begins: with the request for the key's owner that is followed by lists.
---@param planned_only boolean|nil it has no lists
---@return integer|nil
function M.begin_of_reading(records, first, last, planned_only)
  local has_lists = planned_only or false
  for i = last, first, -1 do
    local record = records[i]
    has_lists = has_lists or record.op == "list"
    if record.path == "/v1/user" and has_lists then
      while i > first and records[i - 1].op == "principals" do
        i = i - 1
      end
      return i
    end
  end
end

return M
