local cjson = require "cjson"
local errors = require "elevenlabs.workspace.error"
local givens = require "elevenlabs.workspace.items.given"
local items = require "elevenlabs.workspace.items"
local process = require "spec.support.process"

local LUA = os.getenv "SPEC_LUA"
local path -- of a file that is there for each spec

local function write(text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

--- All that a source gives: items, and the messages of problems without the file's name.
local function read_all(source)
  local found, fields = {}, {}
  local given, problem
  repeat
    given, problem = source:next()
    if problem then
      found[#found + 1] = problem.message:gsub("^" .. path:gsub("%p", "%%%0"), "FILE")
      fields[#fields + 1] = problem.field
    else
      found[#found + 1] = given
    end
  until not given and not problem
  return found, fields
end

local function csv_of(text, fields)
  write(text)
  return items.from_csv(path, fields)
end

local function jsonl_of(text, fields)
  write(text)
  return items.from_jsonl(path, fields)
end

local function assert_invalid(field, message, ...)
  local source, err = ...
  assert.is_nil(source)
  assert.is_true(errors.is(err))
  assert.are.same({ "invalid_argument", "not_sent", field }, { err.kind, err.outcome, err.field })
  assert.matches(message, err.message, 1, true)
end

--- Run a script that has `items` with a shell's command line around it: LUA SCRIPT.
local function shell(around, script)
  local code, out, err = process.run {
    "sh",
    "-ec",
    around:gsub("LUA", '"$1" -e "$2"'),
    "sh",
    LUA,
    'local items = require "elevenlabs.workspace.items"\n' .. script,
    path,
  }
  assert.are.same({ 0, "" }, { code, err })
  return out
end

local function id(value)
  return { resource_id = value }
end

before_each(function()
  path = os.tmpname()
end)

after_each(function()
  os.remove(path)
end)

describe("items.from_csv", function()
  local HEADER = "resource_id,resource_type,user_email\n"

  it("gives a fresh item for each row, empty cells left out", function()
    local source = csv_of(
      "role,resource_id,_reason,group_id,workspace_api_key_id,allow_unknown_resource_type,_\n"
        .. "viewer,a,no,g,,true,x\n,b,,,k,false,\n,,kept,,,,\n"
    )
    assert.is_nil(source.count)
    local found = read_all(source)
    assert.are.same({
      { role = "viewer", resource_id = "a", group_id = "g", allow_unknown_resource_type = true },
      { resource_id = "b", workspace_api_key_id = "k", allow_unknown_resource_type = false },
      {},
    }, found)
    assert.is_nil(getmetatable(found[1]))
    assert.is_nil(source:next())
  end)

  it("passes on what the core is to refuse: NUL, UTF-8 that is none, two targets", function()
    local found = read_all(csv_of "resource_id,user_email,group_id\na\0,\255,g\n")
    assert.are.same({ { resource_id = "a\0", user_email = "\255", group_id = "g" } }, found)
  end)

  it("gives the fields that a row lacks, and keeps those that it has", function()
    local fields = { resource_type = "voice", role = "viewer", allow_unknown_resource_type = true }
    local source = csv_of(
      "resource_id,role,allow_unknown_resource_type\na,,\nb,editor,false\n",
      fields
    )
    fields.role = "admin" -- too late
    assert.are.same({
      {
        resource_id = "a",
        resource_type = "voice",
        role = "viewer",
        allow_unknown_resource_type = true,
      },
      {
        resource_id = "b",
        resource_type = "voice",
        role = "editor",
        allow_unknown_resource_type = false,
      },
    }, (read_all(source)))
  end)

  it("lets a row's own target stand in for the one that all have", function()
    local source = csv_of(
      "resource_id,user_email,group_id,workspace_api_key_id\nb,x@y.z,,\nc,,g,\nd,,,k\ne,,,\n",
      { user_email = "all@y.z" }
    )
    assert.are.same({
      { resource_id = "b", user_email = "x@y.z" },
      { resource_id = "c", group_id = "g" },
      { resource_id = "d", workspace_api_key_id = "k" },
      { resource_id = "e", user_email = "all@y.z" },
    }, (read_all(source)))
  end)

  it("needs no column resource_id where all items have the same", function()
    local found = read_all(csv_of("user_email\na@b.c\n", { resource_id = "r" }))
    assert.are.same({ { resource_id = "r", user_email = "a@b.c" } }, found)
  end)

  it("names the place of what is wrong with a row, and goes on", function()
    local found, fields = read_all(csv_of(HEADER .. table.concat({
      "a,voice,x@y.z",
      "b,voice",
      "c,voice,x@y.z,more",
      'd,vo"ice,x@y.z',
      '"e\ne",voice,x@y.z',
      '"f\nf"f,voice,x@y.z',
      "g,voice,x@y.z",
      'h,"voice',
    }, "\n")))
    assert.are.same({
      { resource_id = "a", resource_type = "voice", user_email = "x@y.z" },
      "FILE, line 3, column 3: the row has 2 cells, but the header 3",
      "FILE, line 4, column 4: the row has 4 cells, but the header 3",
      "FILE, line 5, column 2: a quote in the middle of an unquoted cell",
      { resource_id = "e\ne", resource_type = "voice", user_email = "x@y.z" },
      "FILE, line 8, column 1: text after a closing quote (read to line 9)",
      { resource_id = "g", resource_type = "voice", user_email = "x@y.z" },
      "FILE, line 11, column 2: a quote that is never closed",
    }, found)
    assert.are.same({}, fields)
  end)

  it("takes true and false alone for a flag", function()
    local found, fields = read_all(csv_of "resource_id,allow_unknown_resource_type\na,yes\n")
    local what = "FILE, line 2, column 2: allow_unknown_resource_type must be true or false"
    assert.are.same({ { what }, { "allow_unknown_resource_type" } }, { found, fields })
  end)

  it("knows the place of the item that it gave last", function()
    local source = csv_of(HEADER .. '\na,voice,"x\ny"\nb,voice,\n\nc\n', { role = "viewer" })
    local lines = {}
    for _ = 1, 3 do
      source:next()
      lines[#lines + 1] = source:place():match "line %d+$"
    end
    assert.are.same({ "line 3", "line 5", "line 7" }, lines)
    assert.are.equal(path .. ", line 7, column 2 (resource_type)", source:place "resource_type")
    assert.are.equal(path .. ", line 7", source:place "role")
    assert.are.equal(path .. ", line 7", source:place "no such field")
  end)

  local headers = {
    { "", "path", "is empty: its first row must name the columns" },
    { "\r\n\n", "path", "is empty" },
    { "resource_id,user_mail\n", "user_mail", 'line 1, column 2: unknown column "user_mail": did' },
    { "resource_id,user_mail\n", "user_mail", "did you mean user_email?" },
    { "resource_id,xyzzyxyzzy\n", "xyzzyxyzzy", 'unknown column "xyzzyxyzzy"' },
    { "resource_id,\n", "", "column 2: the column has no name: does the header end with a comma" },
    { "resource_id, ,role\n", " ", "column 2: the column has no name" },
    { "resource_id,role,role\n", "role", "line 1, column 3: a second column role" },
    { "resource_type,user_email\n", "resource_id", "line 1: there is no column resource_id" },
    {
      "resource_id;resource_type\n",
      "path",
      "is CSV whose columns are separated by semicolons: save the file as CSV with commas",
    },
    { '"resource_id\n', "path", "line 1, column 1: a quote that is never closed" },
    { "\nresource_id,x\27y\n", "x\27y", 'line 2, column 2: unknown column "x y"' },
  }
  for _, case in ipairs(headers) do
    it(("refuses the header %q: %s"):format(case[1], case[3]), function()
      assert_invalid(case[2], case[3], csv_of(case[1]))
    end)
  end

  it("refuses fields that no item has, before it opens a file", function()
    local no = path .. ".none"
    assert_invalid("user_mail", "did you mean user_email?", items.from_csv(no, { user_mail = "" }))
    assert_invalid("fields", "must be strings, got a number", items.from_csv(no, { "voice" }))
    assert_invalid("role", "role must be a string, got number", items.from_csv(no, { role = 1 }))
    local flag = { allow_unknown_resource_type = "true" }
    assert_invalid("allow_unknown_resource_type", "must be a boolean", items.from_csv(no, flag))
  end)

  it("takes JSON's null among the fields for none", function()
    local found = read_all(csv_of("resource_id\na\n", { role = cjson.null }))
    assert.are.same({ id "a" }, found)
  end)

  it("reads an open file too, to its end", function()
    local pipe = assert(io.popen "printf 'resource_id\\nx\\n'")
    local source = assert(items.from_csv(pipe, { resource_type = "voice" }))
    assert.are.same({ resource_id = "x", resource_type = "voice" }, (source:next()))
    assert.are.equal("the input, line 2", source:place())
    assert.is_nil(source:next())
    assert.is_false(source:rewind())
    source:close()
  end)

  it("raises where it is given no path or no table", function()
    for _, name in ipairs { "from_csv", "from_jsonl" } do
      local _, message = pcall(function()
        items[name](nil)
      end)
      assert.matches("^spec/unit/lua/items_spec.lua:%d+: " .. name .. " takes a path", message)
      assert.has_error(function()
        items[name]("x", "voice")
      end)
    end
  end)

  for _, name in ipairs { "from_csv", "from_jsonl" } do
    it("says why a file cannot be opened or read: " .. name, function()
      local no = path .. ".none"
      assert_invalid("path", no .. ": No such file or directory", items[name](no))
      assert_invalid("path", "cannot read /tmp: Is a directory", items[name] "/tmp")
    end)
  end
end)

describe("items.from_jsonl", function()
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
      '{"resource_id":"a"}\n{"resource_id":"b","group_id":"g","user_email":null}\n'
        .. '{"resource_id":"c","allow_unknown_resource_type":false}',
      { user_email = "x@y.z", allow_unknown_resource_type = true }
    ))
    assert.are.same({
      { resource_id = "a", user_email = "x@y.z", allow_unknown_resource_type = true },
      { resource_id = "b", group_id = "g", allow_unknown_resource_type = true },
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
    assert.are.equal(path .. ", line 3", source:place "role")
    assert.are.equal(path .. ", line 3", source:place())
  end)

  it("refuses fields that no item has", function()
    assert_invalid("user_mail", "did you mean", items.from_jsonl(path, { user_mail = "a" }))
  end)
end)

describe("a list as people have it", function()
  local HEADER = "resource_id,resource_type,user_email\n"
  local ROW = { resource_id = "a", resource_type = "voice", user_email = "x@y.z" }

  -- ---- what the file is

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
        assert_invalid("path", path .. " " .. case[2], open(case[1]))
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

  it("case 11: that begins with sep=, is read", function()
    for _, line in ipairs { "sep=,\r\n", "SEP=,\n", '"sep=,"\n', "\239\187\191sep=,\n\n" } do
      local source = assert(csv_of(line .. HEADER .. "a,voice,x@y.z\n"))
      assert.are.same({ ROW }, (read_all(source)))
      assert.is_true(source:rewind())
      assert.are.same({ ROW }, (read_all(source)))
    end
  end)

  for _, header in ipairs {
    "21m00Tcm4TlvDq8ikWAM,voice,mia@example.com\n",
    "a,voice\n",
    "mia@example.com\n",
    "21m00Tcm4TlvDq8ikWAM\n",
  } do
    it(("case 11: without a header is named: %q"):format(header), function()
      assert_invalid("path", "line 1: the first row looks like data", csv_of(header))
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

  -- ---- columns

  it("case 12: has all its wrong columns named at once", function()
    local header = "Resource ID,Type,resource_id,Email Address,Name,_Kind,resource_id,\n"
    local source, err = csv_of(header)
    assert.is_nil(source)
    local place = path .. ", line 1, column "
    assert.are.same({
      place .. '1: unknown column "Resource ID": did you mean resource_id?',
      place .. '2: unknown column "Type": did you mean resource_type?',
      place .. '4: unknown column "Email Address": did you mean user_email?',
      place .. '5: unknown column "Name"',
      place .. "7: a second column resource_id",
      place .. "8: the column has no name: does the header end with a comma?",
    }, err.details)
    assert.are.equal("Resource ID", err.field)
    assert.are.equal(
      place .. '1: unknown column "Resource ID": did you mean resource_id? (and 5 more); '
        .. "the known columns are resource_id, resource_type, user_email, group_id, "
        .. "workspace_api_key_id, role, allow_unknown_resource_type; a column whose name begins "
        .. "with _ is ignored",
      err.message
    )
  end)

  it("case 12: has no more than 100 columns named", function()
    local _, err = csv_of("resource_id" .. (",x"):rep(500) .. "\n")
    assert.are.equal(100, #err.details)
    assert.matches("(and 499 more)", err.message, 1, true)
  end)

  it("case 12: has names in other words understood", function()
    for name, field in pairs {
      id = "resource_id", ["resource-id"] = "resource_id", Email = "user_email",
      ["E-Mail"] = "user_email", [" role "] = "role", Permission = "role",
      ["API key ID"] = "workspace_api_key_id", Group = "group_id",
    } do
      assert_invalid(name, "did you mean " .. field, csv_of("resource_type," .. name .. "\n"))
    end
  end)

  it("case 11: has the bytes of a name that is not UTF-8 shown as question marks", function()
    local _, err = csv_of "resource_id,Gr\246\223e,Größe\n"
    local place = path .. ", line 1, column "
    local expected = { place .. '2: unknown column "Gr??e"', place .. '3: unknown column "Größe"' }
    assert.are.same(expected, err.details)
  end)

  -- ---- rows

  it("case 13: has blank rows and lines of spaces skipped", function()
    local text = HEADER
      .. ',,\n   \na,voice,x@y.z\n\t\n" ","",\n , , \n""\n,\na,voice,x@y.z\r\n,,\r\n'
    assert.are.same({ ROW, ROW }, (read_all(csv_of(text))))
    assert.are.same({ ROW }, (read_all(csv_of("\n ,\n  \n" .. HEADER .. "a,voice,x@y.z\n"))))
  end)

  it("case 14: has TRUE and False in any case", function()
    local found = read_all(csv_of(
      "resource_id,allow_unknown_resource_type\na,TRUE\nb,False\nc,true\nd,\n"
    ))
    local flags = {}
    for i, item in ipairs(found) do
      flags[i] = tostring(item.allow_unknown_resource_type)
    end
    assert.are.same({ "true", "false", "true", "nil" }, flags)
  end)

  it("case 10: has the header of a second file named", function()
    local row = "a,voice,x@y.z\n"
    local second = "user_email,_note,resource_id\n"
    local found = read_all(csv_of(
      HEADER .. row .. HEADER .. row .. "\239\187\191" .. HEADER .. second .. "_x,role\n" .. row
    ))
    local what = " repeats the header: were two files joined? Take the line out"
    local expected = { ROW, "FILE, line 3" .. what, ROW, "FILE, line 5" .. what }
    expected[5], expected[6], expected[7] = "FILE, line 6" .. what, "FILE, line 7" .. what, ROW
    assert.are.same(expected, found)
  end)

  it("case 10: may have ids that are called as fields are, or begin like a note", function()
    local found = read_all(csv_of(HEADER .. "role,voice,x@y.z\n_a,_b,_c\n"))
    assert.are.equal("role", found[1].resource_id)
    assert.are.same({ resource_id = "_a", resource_type = "_b", user_email = "_c" }, found[2])
  end)

  it("case 30: has the quote before what looks like a formula taken off", function()
    local found = read_all(csv_of("resource_id,group_id,_note\n'+a,\"'-b\",'=c\n''+a,'b,\n"))
    assert.are.same({
      { resource_id = "+a", group_id = "-b" },
      { resource_id = "'+a", group_id = "'b" },
    }, found)
  end)

  -- ---- the kind

  describe("case 15: is read by", function()
    local JSON, CSV = '{"resource_id":"a"}\n', "resource_id\na\n"

    local function named(ending, text)
      local name = path .. ending
      local file = assert(io.open(name, "wb"))
      file:write(text)
      file:close()
      local source, err = items.from_file(name, { role = "viewer" })
      os.remove(name)
      return source and source:next(), err
    end

    for _, ending in ipairs { ".jsonl", ".JSONL", ".ndjson", ".Json", "", ".txt", ".csv.1" } do
      it("its name, or what it holds: JSON lines in a file " .. ending, function()
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, JSON)))
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, "\n " .. JSON)))
      end)
    end

    for _, ending in ipairs { ".csv", ".CSV", "", ".txt", ".json.bak" } do
      it("its name, or what it holds: CSV in a file " .. ending, function()
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, CSV)))
      end)
    end

    it("its name before what it holds", function()
      assert.matches("is JSON, not CSV", select(2, named(".csv", JSON)).message)
      assert.matches("is CSV, not JSON", select(2, named(".json", CSV)).message)
    end)

    it("what it holds, if it is a pipe", function()
      for text, line in pairs { [JSON] = 1, [CSV] = 2 } do
        write(text)
        local out = shell('cat "$3" | LUA', [[
          local source = items.from_file "-"
          print(source:next().resource_id, source:place(), (source:next()))
        ]])
        assert.are.equal(("a\tstandard input, line %d\tnil\n"):format(line), out)
      end
    end)
  end)

  it("case 15: has nothing said of names that are once in each object", function()
    local lines = table.concat({
      '{"resource_id":"a:b","_note":{"a":1,"b":{"a":2}},"_list":[{"a":1},{"a":":"}]}',
      [[{"resource_id":"a\"","_x":"\\","_\":":"{\"_x\":1","_y":null}]],
      '{"resource_id":"a","_x":"resource_id","_y":"resource_id"}',
    }, "\n")
    local found = read_all(jsonl_of(lines))
    assert.are.same({ id "a:b", id 'a"', id "a" }, found)
  end)

  it("case 28: may have no items at all", function()
    for _, source in ipairs { csv_of(HEADER), jsonl_of "", jsonl_of "\n \n" } do
      assert.are.same({}, (read_all(source)))
    end
  end)

  -- ---- ignored

  it("case 40: has a field left out that the source is told to ignore, and says so", function()
    for open, text in pairs {
      [csv_of] = "role,resource_id\n,a\nviewer,b\n,c\n",
      [jsonl_of] = '{"role":null,"resource_id":"a"}\n{"role":7,"resource_id":"b"}\n'
        .. '{"resource_id":"c"}',
    } do
      local source = open(text)
      source:ignore "role"
      for _ = 1, 2 do
        assert.are.same(id "a", (source:next()))
        assert.are.same({ id "b", id "c" }, (read_all(source)))
        assert.are.same({ "role" }, source:ignored())
        source:rewind()
      end
      source = open(text)
      source:ignore "role"
      source:next()
      assert.is_nil(source:ignored())
    end
  end)

  it("case 40: has a field of its caller's kept, which is no row's", function()
    local source = csv_of("resource_id\na\n", { role = "viewer" })
    source:ignore "role"
    assert.are.same({ { resource_id = "a", role = "viewer" } }, (read_all(source)))
    assert.is_nil(source:ignored())
  end)
end)

describe("a file", function()
  for open, text in pairs {
    [csv_of] = "resource_id\na\nb\n",
    [jsonl_of] = '{"resource_id":"a"}\n{"resource_id":"b"}',
  } do
    it(("is read anew after rewind, from any place: %q"):format(text), function()
      local source = open(text)
      for count = 0, 3 do
        for _ = 1, count do
          source:next()
        end
        assert.is_true(source:rewind())
      end
      assert.are.same({ id "a", id "b" }, (read_all(source)))
    end)
  end

  it("whose header was changed meanwhile is read by the new one", function()
    local source = csv_of "resource_id,role\na,b\n"
    write "role,resource_id\na,b\n"
    assert.is_true(source:rewind())
    assert.are.same({ { resource_id = "b", role = "a" } }, (read_all(source)))
    write "role\na\n"
    assert.is_true(source:rewind())
    assert.are.same({ "FILE, line 1: there is no column resource_id" }, (read_all(source)))
  end)

  it("that is a FIFO cannot be rewound, and is read on", function()
    write "resource_id\na\n"
    local out = shell(
      'folder=$(mktemp -d); trap "rm -r $folder" EXIT; mkfifo "$folder/fifo"\n'
        .. 'cat "$3" >"$folder/fifo" & FIFO="$folder/fifo" LUA',
      [[
        local source = items.from_csv(os.getenv "FIFO")
        print(source:rewind(), source:next().resource_id, (source:next()))
      ]]
    )
    assert.are.equal("false\ta\tnil\n", out)
  end)

  it("gives nothing once closed, and closes twice", function()
    for _, source in ipairs { csv_of "resource_id\na\n", jsonl_of '{"resource_id":"a"}' } do
      source:close()
      source:close()
      assert.is_nil(source:next())
      assert.is_nil(source:place())
      assert.is_false(source:rewind())
    end
  end)

  it("is closed, with its header refused too", function()
    write "user_mail\n"
    local out = shell(
      "LUA",
      ([[
        for _ = 1, 3 do
          items.from_csv(%q)
          items.from_csv(%q, { user_mail = "" })
          items.from_csv "/tmp"
          items.from_jsonl(%q):close()
        end
        local pipe = io.popen "ls -l /proc/$PPID/fd"
        print(pipe:read "*a")
      ]]):format(path, path, path)
    )
    assert.is_nil(out:find(path, 1, true))
    assert.is_nil(out:find("/tmp\n", 1, true))
  end)
end)

describe("standard input", function()
  local SCRIPT = [[
    io.read(2)
    local source = items.%s("-", { role = "viewer" })
    for _ = 1, 2 do
      local item = source:next()
      print(item.resource_id, item.role, source:place "resource_id")
      print(source:rewind())
    end
    source:close()
    print(source:next(), io.type(io.stdin))
  ]]
  local COLUMN = { from_csv = ", column 1 (resource_id)", from_jsonl = "" }
  local TEXT = {
    from_csv = "# resource_id\na\nb\n",
    from_jsonl = '# {"resource_id":"a"}\n\n{"resource_id":"b"}\n',
  }
  local LINE = { from_csv = 2, from_jsonl = 1 }

  for name, text in pairs(TEXT) do
    local lines = "%s\tviewer\tstandard input, line %d" .. COLUMN[name] .. "\n%s\n"

    it("that is a file can be rewound to where it stood: " .. name, function()
      write(text)
      local line = lines:format("a", LINE[name], "true")
      assert.are.equal(line .. line .. "nil\tfile\n", shell('LUA <"$3"', SCRIPT:format(name)))
    end)

    it("that is a pipe is read on: " .. name, function()
      write(text)
      assert.are.equal(
        lines:format("a", LINE[name], "false") .. lines:format("b", 3, "false") .. "nil\tfile\n",
        shell('cat "$3" | LUA', SCRIPT:format(name))
      )
    end)
  end
end)

describe("memory", function()
  -- KiB: room for Lua's own table of strings. The items, kept, would take 20 times that.
  local LITTLE = 2048

  --- The most that is live while `count` items are read, in KiB.
  local function growth(source, count)
    collectgarbage()
    local before, most, seen = collectgarbage "count", 0, 0
    while source:next() do
      seen = seen + 1
      if seen % 50000 == 0 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.are.equal(count, seen)
    return most
  end

  it("stays the same for 200,000 rows, lines and items of an iterator", function()
    local rows = { "resource_id,resource_type,user_email\n" }
    for i = 1, 200000 do
      rows[i + 1] = ('voice_%d,voice,"leaver ""x"" %d@example.com"\n'):format(i, i)
    end
    write(table.concat(rows))
    rows = nil -- luacheck: ignore 311 (so that it is collected)
    assert.is_true(growth(items.from_csv(path), 200000) < LITTLE)

    local file = assert(io.open(path, "wb"))
    for i = 1, 200000 do
      file:write(('{"resource_id":"voice_%d"}\n'):format(i))
    end
    file:close()
    assert.is_true(growth(items.from_jsonl(path, { resource_type = "voice" }), 200000) < LITTLE)

    local left = 200000
    local source = givens.from(function()
      left = left - 1
      return left >= 0 and id("voice_" .. left) or nil
    end)
    assert.is_true(growth(source, 200000) < LITTLE)
  end)
end)

describe("items.product", function()
  local function product(changes)
    local arguments = {
      resource_ids = { "a", "b" },
      resource_type = "voice",
      user_emails = { "x", "y", "z" },
    }
    for name, value in pairs(changes or {}) do
      arguments[name] = value
    end
    return items.product(arguments)
  end

  it("gives every id with every target, in order, and again after rewind", function()
    local source = product()
    assert.are.equal(6, source.count)
    local expected = {}
    for _, resource_id in ipairs { "a", "b" } do
      for _, email in ipairs { "x", "y", "z" } do
        expected[#expected + 1] =
          { resource_id = resource_id, resource_type = "voice", user_email = email }
      end
    end
    local found = read_all(source)
    assert.are.same(expected, found)
    assert.are_not.equal(found[1], found[2])
    assert.is_true(source:rewind())
    assert.are.same(expected, (read_all(source)))
    assert.is_nil(source:place "resource_id")
  end)

  it("has each kind of target, and a role", function()
    for _, field in ipairs { "group_id", "workspace_api_key_id" } do
      local source = assert(items.product {
        resource_ids = { "a" },
        resource_type = "voice",
        [field .. "s"] = { "t" },
        user_emails = cjson.null,
        role = "viewer",
      })
      assert.are.same({
        { resource_id = "a", resource_type = "voice", [field] = "t", role = "viewer" },
      }, (read_all(source)))
    end
  end)

  it("is empty where a list is", function()
    for _, name in ipairs { "resource_ids", "user_emails" } do
      local source = product { [name] = {} }
      assert.are.equal(0, source.count)
      assert.are.same({}, (read_all(source)))
    end
  end)

  it("is what its lists were when it was made", function()
    local ids = { "a" }
    local source = product { resource_ids = ids }
    ids[1], ids[2] = "c", "d"
    assert.are.equal(3, source.count)
    assert.are.equal("a", source:next().resource_id)
  end)

  it("gives nothing once closed", function()
    local source = product()
    source:close()
    assert.is_nil(source:next())
  end)

  local wrong = {
    { { user_mails = {} }, "user_mails", "did you mean user_emails?" },
    { { "a" }, "number", "argument names must be strings, got a number" },
    { { resource_ids = cjson.null }, "resource_ids", "resource_ids must be a list, got nil" },
    { { resource_ids = "a" }, "resource_ids", "resource_ids must be a list, got string" },
    { { resource_ids = { "a", 7 } }, "resource_ids", "resource_ids[2] must be a string, got num" },
    { { user_emails = { x = "y" } }, "user_emails", "without holes, but has a key x" },
    { { resource_type = cjson.null }, "resource_type", "resource_type must be a string" },
    { { resource_type = {} }, "resource_type", "resource_type must be a string, got table" },
    { { role = 7 }, "role", "role must be a string, got number" },
    { { group_ids = {} }, "group_ids", "user_emails and group_ids: pass exactly one" },
    { { user_emails = cjson.null }, "user_emails", "pass exactly one of user_emails, group" },
  }
  for _, case in ipairs(wrong) do
    it("refuses: " .. case[3], function()
      assert_invalid(case[2], case[3], product(case[1]))
    end)
  end

  it("raises where it is given no table", function()
    local _, message = pcall(function()
      items.product "a"
    end)
    assert.matches("^spec/unit/lua/items_spec.lua:%d+: items.product takes a table", message)
  end)
end)

describe("items that are given", function()
  it("gives the entries of an array as they are, and again after rewind", function()
    local list = { id "a", setmetatable(id "b", { __index = error }), n = 2 }
    local source = givens.from(list)
    assert.are.equal(2, source.count)
    for _ = 1, 2 do
      for i = 1, 2 do
        assert.are.equal(list[i], source:next())
        assert.are.equal("item " .. i, source:place "resource_id")
      end
      assert.is_nil(source:next())
      assert.is_true(source:rewind())
    end
    source:close()
    assert.is_nil(source:next())
  end)

  it("reads an array raw", function()
    local list = setmetatable({ id "a", 0, id "c" }, { __index = error, __len = error })
    local source = givens.from(list)
    list[2] = nil
    assert.are.same({ id "a", "item 2 is nil, not a table", id "c" }, (read_all(source)))
    list = setmetatable({ "a", 0, "c" }, { __index = error, __len = error })
    list[2] = nil
    list = { resource_ids = list, resource_type = "voice", group_ids = {} }
    assert_invalid("resource_ids", "resource_ids", items.product(list)) -- # may be 1 or 3
  end)

  it("has a problem with each entry that is no table, a hole too", function()
    local list = { id "a", id "b", 7, "x", id "c" }
    local source = givens.from(list)
    list[2] = nil -- now: # may be less
    local expected = { id "a", "item 2 is nil, not a table", "item 3 is a number, not a table" }
    expected[4], expected[5] = "item 4 is a string, not a table", id "c"
    assert.are.same(expected, (read_all(source)))
  end)

  it("refuses a table that says more than an array can", function()
    assert_invalid("items", "but has a key resource_id", givens.from(id "a"))
    assert_invalid("items", "but has a key 9", givens.from { [9] = id "a" })
    assert_invalid("items", "but has a key 0.5", givens.from { id "a", [0.5] = id "b" })
    assert_invalid("items", "but has a key 1.5", givens.from { id "a", id "b", [1.5] = id "c" })
  end)

  it("is empty for an empty array", function()
    assert.are.same({ 0 }, { givens.from({}).count, (givens.from({}):next()) })
  end)

  it("asks an iterator until its end, and not again", function()
    local values = { id "a", 7, false, id "b" }
    local i, asked = 0, 0
    local source = givens.from(function()
      i, asked = i + 1, asked + 1
      return values[i]
    end)
    assert.is_nil(source.count)
    local expected = { id "a", "item 2 is a number, not a table" }
    expected[3], expected[4] = "item 3 is a boolean, not a table", id "b"
    assert.are.same(expected, (read_all(source)))
    assert.are.equal("item 4", source:place())
    assert.is_nil(source:next())
    assert.are.equal(5, asked)
    assert.is_false(source:rewind())
  end)

  it("asks an iterator no more once closed", function()
    local source = givens.from(error)
    source:close()
    assert.is_nil(source:next())
  end)

  it("lets through what an iterator raises", function()
    local source = givens.from(function()
      error({ "mine" })
    end)
    local _, raised = pcall(source.next, source)
    assert.are.same({ "mine" }, raised)
  end)

  it("gives a source back as it is", function()
    local list = givens.from {}
    assert.are.equal(list, givens.from(list))
    for _, source in ipairs {
      csv_of "resource_id\n",
      jsonl_of "",
      items.product { resource_ids = {}, resource_type = "voice", group_ids = {} },
      givens.from(error),
    } do
      assert.are.equal(source, givens.from(source))
    end
  end)

  it("raises for anything else, in the name of its caller's caller", function()
    for _, value in ipairs { 7, "leavers.csv", true, cjson.null } do
      local function unshare_many()
        local source = givens.from(value)
        return source
      end
      local load_text = rawget(_G, "loadstring") or load
      local caller = load_text("local source = (...)() return source", "=caller")
      local _, message = pcall(caller, unshare_many)
      assert.matches("^caller:1: a bulk run takes an array, an iterator or", message)
    end
  end)
end)
