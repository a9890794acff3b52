local core = require "elevenlabs.workspace.core"
local records = require "elevenlabs.workspace.bulk.records"
local support = require "spec.support.bulk"

local HEADER = '{"format":"elevenlabs-workspace journal 1","operation":"unshare"}'
local ITEM = '{"resource_id":"x","resource_type":"voice","group_id":"g","outcome":"confirmed"}'

describe("the records of a journal", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  --- A file with these records, open to be read.
  local function file_of(...)
    local file = assert(core.open_journal(journal.path, true))
    file:next()
    for _, text in ipairs { ... } do
      assert(file:append(text))
    end
    assert(file:sync())
    file:close()
    return assert(core.read_journal(journal.path))
  end

  it("are told by their kind and line, after the header", function()
    local file = file_of(HEADER, ITEM, '{"end":true}', '{"resume":true}', ITEM)
    assert.are.equal("unshare", records.read_header(file, journal.path).operation)
    local seen = {}
    assert.is_true(records.read(file, journal.path, function(kind, record, line)
      seen[#seen + 1] = ("%s %d %s"):format(kind, line, tostring(record.resource_id))
      return true
    end))
    assert.are.same({ "item 2 x", "end 3 nil", "resume 4 nil", "item 5 x" }, seen)
  end)

  it("end with what the visitor cannot take", function()
    local file = file_of(HEADER, ITEM, ITEM)
    assert(records.read_header(file, journal.path))
    local seen = 0
    local ok, err = records.read(file, journal.path, function()
      seen = seen + 1
      return nil, "no"
    end)
    assert.are.same({ "no", 1 }, { ok == nil and err, seen })
  end)

  it("are refused if this program did not write one", function()
    for _, text in ipairs {
      '{"resource_id":"x","resource_type":"voice"}',
      '{"resource_id":7,"resource_type":"voice","group_id":"g"}',
      '{"resource_id":"x","group_id":"g"}',
      '{"end":false}',
      '{"what":1}',
    } do
      journal:write ""
      local file = file_of(HEADER, ITEM, text)
      assert(records.read_header(file, journal.path))
      local ok, err = records.read(file, journal.path, function()
        return true
      end)
      assert.is_nil(ok)
      assert.matches("has a line 3 that this program did not write", err.message, 1, true)
    end
  end)

  it("are refused without a header, or with another program's", function()
    journal:write ""
    local file = assert(core.read_journal(journal.path))
    assert.matches("has no header", select(2, records.read_header(file, journal.path)).message)
    journal:write '{"format":"elevenlabs-workspace journal 1","a":1'
    file = assert(core.read_journal(journal.path))
    assert.matches("has no header", select(2, records.read_header(file, journal.path)).message)
    journal:write ""
    file = file_of '{"format":"elevenlabs-workspace journal 1","format":"other"}'
    assert.matches("not a journal", select(2, records.read_header(file, journal.path)).message)
  end)
end)
