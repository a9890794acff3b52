local record_file = require "elevenlabs.workspace.offboard.record_file"
local support = require "spec.support.offboard"

local function read(path, kind)
  local file, err = record_file.open(path, kind or "case", false)
  if not file then
    return nil, err
  end
  local records = {}
  local ok
  ok, err = file:each(function(record)
    records[#records + 1] = record
  end)
  file:close()
  return ok and records, err
end

local function write(path, count)
  local file = assert(record_file.open(path, "case", true))
  assert(file:begin { made_at = "now" })
  for i = 1, count do
    assert(file:append { number = i })
  end
  assert(file:sync())
  return file
end

describe("offboard record_file", function()
  local path

  before_each(function()
    support.begin()
    path = support.path "file.jsonl"
  end)
  after_each(support.finish)

  it("keeps records, the kind first, and is its owner's alone", function()
    write(path, 2):close()
    local records = read(path)
    assert.are.same(
      { "elevenlabs-workspace case 1", 1, 2, nil },
      { records[1].format, records[2].number, records[3].number, records[4] }
    )
    assert.are.equal("600", support.mode(path))
  end)

  it("is nothing, and no error, if there is no file", function()
    local file, err = record_file.open(path, "case", false)
    assert.are.same({}, { file, err })
  end)

  it("is locked while it is open", function()
    local file = write(path, 1)
    local second, err = record_file.open(path, "case", false)
    assert.is_nil(second)
    assert.are.same({ "journal", "not_sent", "folder" }, { err.kind, err.outcome, err.field })
    assert.is_true(err.retryable)
    file:close()
    assert.are.equal(2, #read(path))
  end)

  it("drops what was not synced, and a line that a crash cut off", function()
    local file = write(path, 1)
    assert(file:append { number = 2 })
    file:close()
    assert.are.equal(2, #read(path))
    support.write(path, support.read(path) .. '{"number":3,"crc')
    assert.are.equal(2, #read(path))
  end)

  it("refuses a damaged line, and a file of another kind", function()
    write(path, 2):close()
    local _, err = read(path, "plan")
    assert.are.equal("journal", err.kind)
    support.write(path, (support.read(path):gsub('"number":1', '"number":7')))
    local records
    records, err = read(path)
    assert.is_nil(records)
    assert.matches("line 2", err.message)
  end)
end)
