--- The pages of a list: which rows a page names, and whether another page follows.
---
--- A page holds other people's secrets, such as tokens and hashed keys. Only the named fields leave a
--- page, and no message quotes one.

local core = require "elevenlabs.workspace.core"
local paging = require "elevenlabs.workspace.offboard.paging"

local M = {}

local LONGEST_ID = 512 -- bytes, as the C core takes them

--- "a.b" of { a = { b = 1 } } -> 1; nil: there is no such field.
local function dig(object, field)
  for name in field:gmatch "[^.]+" do
    if type(object) ~= "table" then
      return nil
    end
    object = object[name]
  end
  return object
end

local function text_of(row, field)
  local value = field and dig(row, field)
  return type(value) == "string" and value or nil
end

local Reading = {}
Reading.__index = Reading

--- Read one list, page by page.
---@param source elevenlabs.workspace.offboard.Source
---@param query string[]|nil parameters of every page
---@return table reading { seen = how many rows it named so far }
function M.reading(source, query)
  return setmetatable({
    source = source,
    query = query or {},
    size = source.most,
    cursor = false,
    page = 1,
    cursors = {}, -- that were sent
    seen = 0,
    is_numbered = source.paging ~= nil and source.paging.total ~= nil,
  }, Reading)
end

local function add(parameters, name, value)
  parameters[#parameters + 1] = name
  parameters[#parameters + 1] = value
end

--- The query of the next page: names and values in turns.
---@return string[]
function Reading:parameters()
  local source, parameters = self.source, {}
  if source.size then
    add(parameters, source.size, ("%d"):format(self.size))
  end
  for _, text in ipairs(self.query) do
    parameters[#parameters + 1] = text
  end
  if self.cursor then
    add(parameters, source.paging.send, self.cursor)
  elseif self.is_numbered then
    add(parameters, source.paging.send, ("%d"):format(self.page))
  end
  return parameters
end

--- Ask for the same page again with half the rows, because the answer was too large. A list that is
--- paged by number starts anew, because the numbers then mean other rows.
---@return boolean false: a page of one row is too large too
function Reading:halve()
  if not self.size or self.size <= 1 then
    return false
  end
  self.size = math.floor(self.size / 2)
  self.page = 1
  if self.is_numbered then
    self.seen = 0
  end
  return true
end

--- The rows of a page.
local function rows_of(source, body)
  local list = body
  if source.list then
    list = type(body) == "table" and body[source.list]
  end
  if type(list) ~= "table" or (next(list) ~= nil and list[1] == nil) then
    return nil, source.list and "its answer has no array " .. source.list
      or "its answer is no array"
  end
  local rows = {}
  for i = 1, #list do
    local row = list[i]
    list[i] = false -- a page may be large: let what was read be collected
    local id = text_of(row, source.id)
    if not id or id == "" or #id > LONGEST_ID then
      return nil, ("a row has no %s"):format(source.id)
    end
    rows[i] = { id = id, name = text_of(row, source.title), creator = text_of(row, source.creator) }
  end
  return rows
end

--- Count what a page names, each id once if a total is to be compared with the count. -> how many ids
--- are new
local function count(self, rows, total)
  if self.seen == 0 and (total or self.is_numbered) then
    self.ids = assert(core.new_set())
  end
  local before = self.seen
  for _, row in ipairs(rows) do
    local known, failure = 0, nil
    if self.ids then
      known, failure = self.ids:add(row.id, 1)
    end
    if not known then
      error(failure.message, 0)
    end
    self.seen = self.seen + (known == 0 and 1 or 0)
  end
  return self.seen - before
end

--- -> true: another page follows | false: this was the last | false, why the list cannot be trusted
local function go_on_by_cursor(self, said)
  local cursor = said.cursor
  if not cursor then
    return false, paging.doubt(said, self.seen)
  elseif self.cursors[cursor] then
    return false, "it gave the same cursor again"
  end
  self.cursors[cursor], self.cursor = true, cursor
  return true
end

local function go_on_by_number(self, said, fresh)
  if not said.total then
    return false, "it does not say how many rows there are"
  elseif self.seen >= said.total or fresh == 0 then
    return false, paging.doubt(said, self.seen)
  end
  self.page = self.page + 1
  return true
end

--- Take a page's decoded body, and its rows out of it.
---@param body any
---@return table[]|nil rows { id, name, creator }, with `name` and `creator` if the page says them
---@return boolean|string more; or why there are no rows
---@return string|nil why the list cannot be trusted
function Reading:take(body)
  local rows, why = rows_of(self.source, body)
  if not rows then
    return nil, why
  elseif not self.source.list then
    return rows, false -- an array says nothing about more
  end
  local said, said_why = paging.read(body, self.source.paging and self.source.paging.receive)
  if not said then
    return rows, false, said_why
  end
  local fresh = count(self, rows, said.total)
  local go_on = self.is_numbered and go_on_by_number or go_on_by_cursor
  local more, doubt = go_on(self, said, fresh)
  return rows, more, doubt
end

--- A list without pages that came back full may have more rows that nobody can read.
---@return boolean
function Reading:may_be_cut()
  local source = self.source
  return source.size ~= nil and not source.paging and self.seen >= self.size
end

return M
