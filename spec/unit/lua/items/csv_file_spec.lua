local support = require "spec.support.items"

local csv_of = support.csv_of
local assert_invalid, read_all = support.assert_invalid, support.read_all

local HEADER = "resource_id,resource_type,user_email\n"
local ROW = { resource_id = "a", resource_type = "voice", user_email = "x@y.z" }

describe("a CSV file of items", function()
  before_each(support.make_file)
  after_each(support.remove_file)

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

  it("refuses a row with another target than the one that all have", function()
    local source = csv_of(
      "resource_id,user_email,group_id,workspace_api_key_id\n"
        .. "a,All@y.z,,\nb,x@y.z,,\nc,,g,\nd,,,k\ne,,,\n",
      { user_email = "all@y.z" }
    )
    local other = 'but the whole list is to have user_email "all@y.z": leave one of the two out'
    assert.are.same({
      { resource_id = "a", user_email = "All@y.z" },
      'FILE, line 3, column 2: user_email is "x@y.z", ' .. other,
      'FILE, line 4, column 3: group_id is "g", ' .. other,
      'FILE, line 5, column 4: workspace_api_key_id is "k", ' .. other,
      { resource_id = "e", user_email = "all@y.z" },
    }, (read_all(source)))
  end)

  it("needs no column resource_id if all items have the same", function()
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
    local line = support.path .. ", line 7"
    assert.are.equal(line .. ", column 2 (resource_type)", source:place "resource_type")
    assert.are.equal(line, source:place "role")
    assert.are.equal(line, source:place "no such field")
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

  it("case 11: that begins with sep=, is read", function()
    for _, line in ipairs { "sep=,\r\n", "SEP=,\n", '"sep=,"\n', "\239\187\191sep=,\n\n" } do
      local source = assert(csv_of(line .. HEADER .. "a,voice,x@y.z\n"))
      assert.are.same({ ROW }, (read_all(source)))
      assert.is_true(source:rewind())
      assert.are.same({ ROW }, (read_all(source)))
    end
  end)

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
end)
