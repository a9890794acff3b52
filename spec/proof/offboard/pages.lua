--- Pages of the worlds' server, and how a list misbehaves. A cursor names the last row's place, so
--- that rows which come or go in the meantime hide no others.

local cjson = require "cjson"

local M = {}

M.SECRET = "n0b0dys-business"

-- A reader gets every row in spite of these.
M.HARMLESS = {
  "short",
  "empty",
  "no_has_more",
  "has_more_false",
  "twice",
  "halve",
  "flaky",
}

-- With these a reader cannot get every row, and must say so.
M.HARMFUL = {
  "missing_permissions",
  "forbidden",
  "broken",
  "silent",
  "not_found",
  "same_cursor",
  "no_cursor",
  "no_rows",
  "row_without_id",
  "web_page",
  "too_large",
  "error_in_200",
  "error_beside_rows",
  "rows_twice",
  "has_more_text",
  "cursor_number",
  "other_cursor",
  "total_too_large",
  "total_negative",
  "empty_object",
}

local encode = cjson.encode

-- ---- rows

--- The rows of a list that the caller may see, in the list's order.
local function rows_of(workspace, list, agent, query)
  local rows = {}
  for _, resource in ipairs(workspace.resources) do
    local is_of_type = resource.type == list.types[1] or resource.type == list.types[2]
    local is_asked = not list.archived or resource.archived == (query.archived == "true")
    if is_of_type and is_asked and (not agent or resource.agent == agent)
      and not resource.is_hidden and workspace:may_see(resource)
    then
      rows[#rows + 1] = resource
    end
  end
  table.sort(rows, function(a, b)
    return a.order < b.order or a.order == b.order and a.type < b.type
  end)
  return rows
end

local function describe(list, resource)
  return ('{"%s":%s,"name":%s,"secret_token":"%s"}'):format(
    list.id,
    encode(resource.id),
    encode(resource.name),
    M.SECRET
  )
end

-- ---- a page: { rows = texts, next = cursor or nil, total = nil }

local function cut(rows, first, size, list)
  local page = { rows = {} }
  for i = first, math.min(#rows, first + size - 1) do
    table.insert(page.rows, describe(list, rows[i]))
    page.last = rows[i]
  end
  page.is_last = first + size > #rows
  return page
end

local function size_of(list, query, fault)
  if not list.size then
    return math.huge
  end
  local size = math.min(list.most, tonumber(query[list.size]) or list.default)
  return fault == "short" and list.send and list.receive and math.min(size, 2) or size
end

local function page_by_number(list, rows, query)
  local size, number = size_of(list, query), tonumber(query.page) or 1
  local page = cut(rows, (number - 1) * size + 1, size, list)
  page.total = #rows
  return page
end

--- "4:7.5" is the page of number 4, which begins behind the row at 7.5.
local function page_by_cursor(list, rows, query, fault)
  local number, order = (query[list.send] or "0:-1000000"):match "^(%d+):(%S+)$"
  number, order = tonumber(number), tonumber(order)
  local first = 1
  while rows[first] and rows[first].order <= order do
    first = first + 1
  end
  if fault == "empty" and number % 2 == 0 and rows[first] then
    return { rows = {}, next = ("%d:%s"):format(number + 1, order) }
  end
  local page = cut(rows, first, size_of(list, query, fault), list)
  if not page.is_last then
    page.next = ("%d:%s"):format(number + 1, page.last.order)
  end
  return page
end

-- What a bad answer says beside its rows. Nobody may believe that such a list is whole.
local BESIDE = {
  error_beside_rows = function()
    return '"error":"backend timeout","success":false'
  end,
  rows_twice = function(list)
    return ('"%s":[]'):format(list.rows)
  end,
  has_more_text = function()
    return '"has_more":"true"'
  end,
  cursor_number = function(list)
    return ('"%s":7'):format(list.receive or "next_cursor")
  end,
  other_cursor = function(list)
    return list.receive == "next_doc" and '"next_cursor":"x"' or '"next_doc":"x"'
  end,
  total_too_large = function()
    return '"total_count":1000000'
  end,
  total_negative = function()
    return '"total_count":-1'
  end,
}

local function text_of(list, page, fault)
  local rows = fault == "empty_object" and "{}" or "[" .. table.concat(page.rows, ",") .. "]"
  if not list.rows then
    return fault == "no_rows" and '{"secret":"' .. M.SECRET .. '"}' or rows
  end
  local parts = { ('"%s":%s'):format(fault == "no_rows" and "others" or list.rows, rows) }
  if BESIDE[fault] then
    parts[#parts + 1] = BESIDE[fault](list)
  end
  if list.receive and fault ~= "cursor_number" then
    local next_ = page.next and encode(page.next) or "null"
    parts[#parts + 1] = ('"%s":%s'):format(list.receive, next_)
  end
  if list.has_more and fault ~= "no_has_more" and fault ~= "has_more_text" then
    local has_more = page.has_more or page.next ~= nil and fault ~= "has_more_false"
    parts[#parts + 1] = '"has_more":' .. tostring(has_more)
  end
  if page.total then
    parts[#parts + 1] = ('"meta":{"total":%d}'):format(page.total)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- The faults of the rows and of the cursors. -> true if the reader cannot get every row
local function spoil(list, page, query, fault)
  if fault == "twice" then
    for i = 1, #page.rows do
      table.insert(page.rows, page.rows[i])
    end
  elseif fault == "row_without_id" then
    table.insert(page.rows, ('{"name":"%s"}'):format(M.SECRET))
    return true
  elseif fault == "same_cursor" and list.receive then
    page.next = query[list.send] or "0:-1000000"
    return query[list.send] ~= nil
  elseif fault == "no_cursor" and list.receive and list.has_more then
    page.next, page.has_more = nil, true
    return true
  end
  return fault == "no_rows" or fault == "empty_object" or list.rows and BESIDE[fault] ~= nil
end

--- The text of a good answer's body.
---@param fault string|nil
---@return string body
---@return boolean is_bad the reader cannot get every row
function M.answer(workspace, list, agent, query, fault)
  local rows = rows_of(workspace, list, agent, query)
  local page
  if list.receive then
    page = page_by_cursor(list, rows, query, fault)
  elseif list.send then
    page = page_by_number(list, rows, query)
  else
    page = cut(rows, 1, size_of(list, query), list)
  end
  local is_bad = spoil(list, page, query, fault)
  return text_of(list, page, fault), is_bad
end

--- True if the answer is too large for a reader, who may ask for fewer rows.
function M.is_too_large(list, query, fault)
  local size = list.size and tonumber(query[list.size])
  return fault == "too_large" or fault == "halve" and size ~= nil and size > 7
end

return M
