--- Reads what a page says about the rest of its list: whether another page follows, its cursor, and the
--- number of all rows. A list is complete only if its last page contradicts nothing that was read.

local cjson = require "elevenlabs.workspace.cjson"

local M = {}

-- The fields with the next cursor of all lists that the API publishes. A list that has another
-- one's field goes on where nobody can read.
local CURSORS = { "next_cursor", "next_page_token", "next_doc" }

--- Read the cursor of the next page. If the cursor is null or empty, no page follows.
local function cursor_of(body, own)
  local found
  for _, field in ipairs(CURSORS) do
    local value = body[field]
    if value ~= nil and value ~= cjson.null and type(value) ~= "string" then
      return nil, ("its %s is no text"):format(field)
    elseif type(value) == "string" and value ~= "" then
      if field ~= own then
        return nil, ("it goes on at a %s, which its pages do not take"):format(field)
      end
      found = value
    end
  end
  return found
end

local MOST = 2 ^ 53 -- whole numbers are exact up to here

--- A number of rows. It may be null.
local function count_of(object, field, name)
  local value = object[field]
  if value == nil or value == cjson.null then
    return nil
  elseif type(value) ~= "number" or value < 0 or value > MOST or value % 1 ~= 0 then
    return nil, ("its %s is no count"):format(name)
  end
  return value
end

--- The largest number of rows that it gives; nil: none.
local function total_of(body)
  local meta = body.meta
  if meta == nil or meta == cjson.null then
    meta = {}
  elseif type(meta) ~= "table" then
    return nil, "its meta is no object"
  end
  local total, why = count_of(body, "total_count", "total_count")
  local other, other_why = count_of(meta, "total", "meta.total")
  if why or other_why then
    return nil, why or other_why
  end
  return total and other and math.max(total, other) or total or other
end

--- What an answer says about the rest of its list.
---@class elevenlabs.workspace.offboard.Said
---@field has_more boolean there is another page
---@field cursor string|nil of the next page
---@field total integer|nil the number of all rows

---@param body table
---@param cursor string|nil the field with the list's own cursor
---@return elevenlabs.workspace.offboard.Said|nil
---@return string|nil why what it says cannot be followed
function M.read(body, cursor)
  local has_more = body.has_more
  if has_more ~= nil and has_more ~= cjson.null and type(has_more) ~= "boolean" then
    return nil, "its has_more is neither true nor false"
  end
  local next_cursor, cursor_why = cursor_of(body, cursor)
  local total, total_why = total_of(body)
  if cursor_why or total_why then
    return nil, cursor_why or total_why
  end
  return { has_more = has_more == true, cursor = next_cursor, total = total }
end

--- Why a list that ends here is not complete, or nil.
---@param said elevenlabs.workspace.offboard.Said
---@param named integer how many rows it named
---@return string|nil
function M.doubt(said, named)
  if said.has_more then
    return "it says that there is more, and not where"
  elseif said.total and said.total > named then
    return ("it says %d rows and named %d"):format(said.total, named)
  end
end

return M
