local support = require "spec.support.items"

local csv_of, jsonl_of = support.csv_of, support.jsonl_of
local assert_invalid = support.assert_invalid

local HEADER = "resource_id,resource_type,user_email\n"

describe("the content of a file", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  local foreign = {
    { "PK\3\4\20\0\6\0", "is a workbook or another zip file: save the list" },
    { "\208\207\17\224\161\177", "is a workbook of an old kind (.xls): save the list" },
    { "\31\139\8\0", "is compressed: unpack the file first (gunzip)" },
    { "%PDF-1.7\n", "is a PDF: save the list" },
    { "\255\254r\0e\0", "is UTF-16: save the file as UTF-8" },
    { "\254\255\0r\0e", "is UTF-16: save the file as UTF-8" },
    { "r\0e\0s\0", "is UTF-16: save the file as UTF-8" },
    { "\0r\0e\0s", "is UTF-16: save the file as UTF-8" },
    { "<!DOCTYPE html>\n<html>", "is HTML or XML" },
    { "\239\187\191\n <?xml version", "is HTML or XML" },
    { "resource_id,resource_type\ra,voice\rb,voice", "has line ends of CR alone" },
    { '[{"resource_id":"a"}]', "is a JSON array: write one object a line (jq -c '.[]')" },
    { '\n [\n  {"resource_id":"a"}\n]\n', "is a JSON array: write one object a line" },
  }
  for _, case in ipairs(foreign) do
    it(("cases 11 and 15: that begins with %q is named"):format(case[1]), function()
      for _, open in ipairs { csv_of, jsonl_of } do
        assert_invalid("path", support.path .. " " .. case[2], open(case[1]))
      end
      local _, err = csv_of(case[1])
      assert.is_nil(err.message:find "[%z\1-\31\127-\255]") -- its bytes stay off the terminal
    end)
  end

  it("case 11: that is compressed otherwise, or is a text of a word processor, is named", function()
    for begin, what in pairs {
      ["PK\5\6"] = "is an empty zip file",
      ["BZh91AY"] = "(bunzip2)",
      ["\2537zXZ\0"] = "(unxz)",
      ["\40\181\47\253"] = "(unzstd)",
      ["{\\rtf1\\ansi"] = "(RTF)",
    } do
      assert_invalid("path", what, csv_of(begin))
    end
  end)

  for _, case in ipairs {
    { csv_of, '{"resource_id":"a"}\n', "is JSON, not CSV: give the file a name that ends in" },
    { jsonl_of, HEADER .. "a,voice,x@y.z\n", "is CSV, not JSON" },
    { jsonl_of, '"resource_id"\na\n', "is CSV, not JSON" },
    { jsonl_of, '{\n  "resource_id": "a"\n}\n', "over several lines: write one object a line" },
    { jsonl_of, '{"resource_id": "a",\n"role": "viewer"}\n', "over several lines" },
  } do
    it(("cases 11 and 15: that is of the other kind is named: %q"):format(case[2]), function()
      assert_invalid("path", case[3], case[1](case[2]))
    end)
  end

  for text, separator in pairs {
    ["resource_id;resource_type;user_email\n"] = "semicolons",
    ['"resource_id";"resource_type"\n'] = "semicolons",
    ['"a, b";"resource_id"\n'] = "semicolons",
    ["_note|resource_id\n"] = "bars",
    ["resource_id\tresource_type\n"] = "tabs",
    ["Resource\tType\n"] = "tabs",
    ["sep=;\nresource_id;role\n"] = "semicolons",
    ['"SEP=\t"\r\nresource_id\n'] = "tabs",
    ["sep=:\nresource_id:role\n"] = "another character",
    ["sep=,\nresource_id;role\n"] = "semicolons",
  } do
    it(("case 11: separated by %s is named: %q"):format(separator, text), function()
      local what = "columns are separated by " .. separator .. ": save the file as CSV with commas"
      assert_invalid("path", what, csv_of(text))
    end)
  end

  it("is looked at in no time, whatever its first line is", function()
    local started = os.clock()
    for _, piece in ipairs { " ", "_", "a", ";", "\t", "'", "\r", "{", "sep=", '""', "-", "@" } do
      local long = ("x" .. piece:rep(30000 / #piece)):rep(30)
      for _, open in ipairs { csv_of, jsonl_of } do
        for _, text in ipairs { long .. "x\n", "\n" .. long, piece:rep(65536) .. "x" } do
          open(text)
        end
      end
    end
    assert.is_true(os.clock() - started < (os.getenv "SPEC_SLOW_MACHINE" and 60 or 6))
  end)
end)
