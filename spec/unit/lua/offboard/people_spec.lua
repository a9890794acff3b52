local people = require "elevenlabs.workspace.offboard.people"
local support = require "spec.support.offboard"

describe("offboard.people", function()
  before_each(support.begin)
  after_each(support.finish)

  local function read(text)
    return people.read(support.write(support.path "people.csv", text))
  end

  it("takes the column user_email, wherever it stands", function()
    assert.are.same(
      { "mia@example.com", "tom, jr@example.com" },
      read 'name,user_email\nMia,mia@example.com\nTom,"tom, jr@example.com"\n'
    )
  end)

  it("takes files of spreadsheets, with a byte order mark and CRLF", function()
    assert.are.same({ "mia@example.com" }, read "\239\187\191user_email\r\nmia@example.com\r\n")
  end)

  for text, why in pairs {
    ["email\nmia@example.com\n"] = "has no column user_email",
    [""] = "has no column user_email",
    ["user_email\n"] = "has no rows",
    ["user_email,name\nmia@example.com,Mia\n,Tom\n"] = "line 3: there is no address",
    ['user_email\n"mia@example.com\n'] = "line 2: ",
  } do
    it("says that the file " .. why, function()
      local list, problem = read(text)
      assert.is_nil(list)
      assert.are.same({ "invalid_argument", "people" }, { problem.kind, problem.field })
      assert.matches(why, problem.message, 1, true)
    end)
  end

  it("says why a file cannot be opened", function()
    local path = "/nonexistent/" .. ("long"):rep(20) .. "/people.csv"
    local list, err = people.read(path)
    assert.is_nil(list)
    assert.are.equal(path .. ": No such file or directory", err.message)
  end)
end)
