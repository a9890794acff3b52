local options = require "elevenlabs.workspace.cli.options"

describe("cli.options", function()
  local READERS = {
    ["--file"] = options.text "file",
    ["--number"] = options.number("number", 99),
    ["--quiet"] = options.flag("loud", false),
    command = true,
  }

  it("reads texts, numbers and flags", function()
    assert.are.same(
      { file = "--quiet", number = 99, loud = false },
      options.read({ "--file", "--quiet", "--number", "99", "--quiet" }, READERS)
    )
  end)

  it("keeps what follows -- apart", function()
    assert.are.same(
      { number = 1, command = { "--number", "--", "x" } },
      options.read({ "--number", "1", "--", "--number", "--", "x" }, READERS)
    )
  end)

  local wrong = {
    ["unknown option -x"] = { "-x" },
    ["unknown option --api-key"] = { "--api-key=sk_secret" },
    ["an argument that belongs to no option"] = { "--number", "1", "sk_secret" },
    ["--file needs another value than none"] = { "--file" },
    ["--number needs another value than 100"] = { "--number", "100" },
    ["--number needs another value than 1e1"] = { "--number", "1e1" },
    ["--number needs another value than -1"] = { "--number", "-1" },
  }
  for problem, arguments in pairs(wrong) do
    it("says: " .. problem, function()
      local values, why = options.read(arguments, READERS)
      assert.is_nil(values)
      assert.are.equal(problem, why)
    end)
  end

  it("takes no command where none is expected", function()
    local _, why = options.read({ "--", "x" }, { ["--file"] = options.text "file" })
    assert.are.equal("unknown option --", why)
  end)
end)
