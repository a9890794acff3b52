local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local support = require "spec.support.bulk"

local RECORDS = {
  '{"format":"elevenlabs-workspace journal 1","a":1}',
  '{"a":1}',
  '{"name":"J\195\188rgen \\"x\\"","crc32c":"kept"}',
}

describe("line", function()
  local journal

  before_each(function()
    journal = support.journal()
    local file = assert(core.open_journal(journal.path, true))
    file:next()
    for _, record in ipairs(RECORDS) do
      assert(file:append(record))
    end
    assert(file:sync())
    file:close()
  end)

  after_each(function()
    journal:remove()
  end)

  it("is JSON, with the checksum of what is before it", function()
    local lines = 0
    for line in journal:read():gmatch "([^\n]*)\n" do
      lines = lines + 1
      local body, sum = line:match '^(.*),"crc32c":"(%x+)"}$'
      assert.are.equal(RECORDS[lines], body .. "}")
      assert.are.equal(probe.crc32c(body), sum)
      assert.are.equal("table", type(cjson.decode(line)))
    end
    assert.are.equal(#RECORDS, lines)
  end)

  it("is damaged if its checksum is another, or has capital letters, or is not there", function()
    local text = journal:read()
    for _, damaged in ipairs {
      (text:gsub('{"a":1,', '{"a":2,')),
      (text:gsub('{"a":1(,"crc32c":)"%x+"', '{"a":1%1"00000000"')),
      (text:gsub('{"a":1,[^\n]*', '{"a":1}')),
      (text:gsub('{"a":1,[^\n]*', function(line)
        return line:upper():gsub('"A"', '"a"'):gsub("CRC32C", "crc32c")
      end)),
    } do
      assert.are_not.equal(text, damaged)
      journal:write(damaged)
      local file = assert(core.read_journal(journal.path))
      assert.are.equal(RECORDS[1], (file:next()))
      local record, failure = file:next()
      assert.is_nil(record)
      assert.matches("line 2 is damaged", failure.message, 1, true)
      file:close()
    end
  end)
end)
