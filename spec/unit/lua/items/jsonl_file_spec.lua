local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local jsonl_of = support.jsonl_of
local assert_invalid, id, read_all = support.assert_invalid, support.id, support.read_all

describe("a file of JSON lines", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  it("gives a fresh item for each line, null left out and blank lines skipped", function()
    local found = read_all(jsonl_of(table.concat({
      '\239\187\191{"resource_id":"a","_reason":[1],"role":null,'
        .. '"allow_unknown_resource_type":false}',
      "",
      ' {"resource_id":"b\\u0000\\n","user_email":""}\t\r',
      " \t\r",
      "{}",
    }, "\n")))
    local first = { resource_id = "a", allow_unknown_resource_type = false }
    assert.are.same({ first, { resource_id = "b\0\n", user_email = "" }, {} }, found)
  end)

  it("gives the fields that a line lacks, as for CSV", function()
    local found = read_all(jsonl_of(
      '{"resource_id":"a"}\n{"resource_id":"b","group_id":"g","role":null}\n'
        .. '{"resource_id":"c","allow_unknown_resource_type":false}',
      { user_email = "x@y.z", allow_unknown_resource_type = true }
    ))
    assert.are.same({
      { resource_id = "a", user_email = "x@y.z", allow_unknown_resource_type = true },
      'FILE, line 2: group_id is "g", but the whole list is to have user_email "x@y.z": '
        .. "leave one of the two out",
      { resource_id = "c", user_email = "x@y.z", allow_unknown_resource_type = false },
    }, found)
  end)

  local broken = {
    { "{", "not JSON: " },
    { "a,voice", "not JSON: " },
    { '{"resource_id":"a"}{', "not JSON: " },
    { '{"resource_id":NaN}', "not JSON: " },
    { '{"resource_id":"a"}\0{"resource_id":"b"}', "not JSON: a NUL byte" },
    { '["resource_id"]', "not a JSON object" },
    { "[]", "not a JSON object" },
    { '"{"', "not a JSON object" },
    { '{"role":"a","role":"a"}', 'the name "role" is given twice', "role" },
    { '{"x":1,"role":"a","\\u0072ole":null}', 'the name "role" is given twice', "role" },
    { '{"_a:":{"b":":"},"x":[{}],"_a:":1}', 'the name "_a:" is given twice', "_a:" },
    { [[{"_\\":":","_\"":{},"_\\":"\\"}]], [[the name "_\" is given twice]], "_\\" },
    { "null", "not a JSON object" },
    { "17", "not a JSON object" },
    { '{"user_mail":"a"}', 'unknown field "user_mail": did you mean user_email?', "user_mail" },
    { '{"x\\ny":"a"}', 'unknown field "x y"', "x\ny" },
    { '{"resource_id":7}', "resource_id must be a string, got number", "resource_id" },
    { '{"role":{}}', "role must be a string, got table", "role" },
    {
      '{"allow_unknown_resource_type":"true"}',
      "allow_unknown_resource_type must be a boolean, got string",
      "allow_unknown_resource_type",
    },
    { (" "):rep(1024 * 1024) .. "{}", "a line of more than 1048576 bytes" },
  }
  for _, case in ipairs(broken) do
    local number = case[2]:find "given twice" and "case 9: " or ""
    it(number .. "has a problem with the line " .. case[1]:sub(1, 40), function()
      local found, fields = read_all(jsonl_of("{}\n" .. case[1] .. '\n{"resource_id":"next"}\n'))
      assert.are.equal("FILE, line 2: " .. case[2], found[2]:sub(1, #case[2] + 14))
      assert.are.same({ { case[3] }, id "next" }, { fields, found[3] })
    end)
  end

  it("knows the line of the item that it gave last", function()
    local source = jsonl_of '{}\n\n{"role":"viewer"}\n'
    source:next()
    source:next()
    assert.are.equal(support.path .. ", line 3", source:place "role")
    assert.are.equal(support.path .. ", line 3", source:place())
  end)

  it("refuses fields that no item has", function()
    assert_invalid("user_mail", "did you mean", items.from_jsonl(support.path, { user_mail = "a" }))
  end)
end)
