-- `get --from FILE`: a line for each resource.

local cjson = require "cjson"
local process = require "spec.support.process"
local support = require "spec.support.command"

local lines_of, resources, write = support.lines_of, support.resources, support.write

local function get(...)
  local command = process.join({ "elevenlabs-workspace", "get" }, support.to_sandbox(...))
  return process.run(command, support.env())
end

describe("cli.bulk of a get", function()
  before_each(support.begin)
  after_each(support.finish)

  it("prints a line for each resource, and the report to standard error", function()
    local code, out, err = get { "--from", write("all.csv", resources(10)) }
    assert.are.equal(0, code)
    assert.are.equal(10, lines_of(out))
    assert.matches("voice voice_0001 \"[^\n]*\", created by [^\n]*: admin %[", out)
    assert.matches("\ntotal 10 confirmed 10 refused 0 unconfirmed 0 not_sent 0\n$", err)
  end)

  it("prints what could not be read, goes on, and ends with 1", function()
    local list = resources(3) .. "gone,voice\n"
    local code, out, err = get { "--from", write("all.csv", list) }
    assert.are.equal(1, code)
    assert.matches("\nvoice gone: refused %(not_found, HTTP 404", "\n" .. out)
    assert.matches("total 4 confirmed 3 refused 1 ", err)
  end)

  it("prints JSON, a line each", function()
    local list = resources(3) .. "gone,voice\n"
    local code, out = get { "--from", write("all.csv", list), "--json" }
    local by_id = {}
    for line in out:gmatch "[^\n]+" do
      local row = cjson.decode(line)
      by_id[row.resource_id] = row
    end
    assert.are.equal(1, code)
    assert.is_table(by_id.voice_0001.role_to_group_ids)
    assert.are.same({ "voice", "not_found" }, { by_id.gone.resource_type, by_id.gone.error.kind })
  end)

  it("reads a list in parts, whatever its targets are", function()
    local rows, lines = { "resource_id,resource_type,user_email" }, {}
    for line in resources(20):gmatch "\n([^\n]+)" do
      rows[#rows + 1] = ("%s,user%d@example.com"):format(line, #rows)
    end
    local from = write("all.csv", table.concat(rows, "\n") .. "\n")
    local without = write("some.csv", resources(20))
    for number = 0, 2 do
      local part = { "--part", number .. "/3" }
      for _, list in ipairs { from, without } do
        local code, out = get({ "--from", list }, part)
        assert.are.equal(0, code)
        for line in out:gmatch "[^\n]+" do
          local seen = lines[line] or {}
          lines[line] = seen
          seen[#seen + 1] = number
        end
      end
    end
    local count = 0
    for _, numbers in pairs(lines) do
      count = count + 1
      assert.are.same({ numbers[1], numbers[1] }, numbers) -- once in each list
    end
    assert.are.equal(20, count)
  end)

  it("takes a list of changes, and no option of a change", function()
    local list = "resource_id,resource_type,user_email\nvoice_0001,voice,mia@example.com\n"
    local code, _, err = get { "--from", write("all.csv", list) }
    assert.are.equal(0, code)
    assert.matches("the user_email of the rows is ignored: a read is of the resource alone", err)
    code, _, err = get { "--from", write("all.csv", list), "--journal", "x" }
    assert.are.equal(2, code)
    assert.matches("%-%-journal", err)
  end)
end)
