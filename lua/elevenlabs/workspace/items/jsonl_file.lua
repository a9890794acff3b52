--- A file of JSON lines as a source of items: each line is an item.

local files = require "elevenlabs.workspace.items.file"
local item = require "elevenlabs.workspace.items.item"
local json_line = require "elevenlabs.workspace.items.json_line"

local problem = files.problem

local Jsonl = files.kind()
Jsonl.format = "jsonl"

function Jsonl.rows_of(its_lines)
  return its_lines
end

function Jsonl.read_head()
  return true
end

function Jsonl:next()
  if not self.rows then
    return nil
  end
  local line, why
  repeat
    line, why = self.rows:next()
  until not line or line:find "%S"
  if not line then
    return nil, why and problem(self, why)
  end
  local row, what, field = json_line.read(line, self.ignores)
  if not row then
    return nil, problem(self, what, nil, field)
  end
  row, what, field = item.complete(row, self.fields)
  return row, not row and problem(self, what, nil, field) or nil
end

return Jsonl
