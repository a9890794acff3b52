local support = require "spec.support.items"

local csv_of = support.csv_of
local assert_invalid = support.assert_invalid

describe("the columns of a CSV file", function()
  before_each(support.make_file)
  after_each(support.remove_file)

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

  it("case 12: has all its wrong columns named at once", function()
    local header = "Resource ID,Type,resource_id,Email Address,Name,_Kind,resource_id,\n"
    local source, err = csv_of(header)
    assert.is_nil(source)
    local place = support.path .. ", line 1, column "
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
    local place = support.path .. ", line 1, column "
    local expected = { place .. '2: unknown column "Gr??e"', place .. '3: unknown column "Größe"' }
    assert.are.same(expected, err.details)
  end)
end)
