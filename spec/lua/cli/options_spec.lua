local options = require "elevenlabs.workspace.cli.options"

describe("cli.options", function()
  local READERS = {
    ["--file"] = options.text "file",
    ["--number"] = options.number("number", 99),
    ["--size"] = options.number("size", 99, 1),
    ["--share"] = options.fraction "share",
    ["--quiet"] = options.flag("loud", false),
    command = true,
  }

  it("reads texts, numbers and flags", function()
    assert.are.same(
      { file = "--quiet", number = 99, loud = false },
      options.read({ "--file", "--quiet", "--number", "99", "--quiet" }, READERS)
    )
  end)

  it("reads decimal numbers from 0 to 1", function()
    for text, share in pairs { ["0"] = 0, ["1"] = 1, ["0.05"] = 0.05, [".5"] = 0.5, ["1.0"] = 1 } do
      assert.are.equal(share, options.read({ "--share", text }, READERS).share)
    end
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
    ["--size needs another value than 0"] = { "--size", "0" },
    ["--share needs another value than none"] = { "--share" },
    ["--share needs another value than 1.01"] = { "--share", "1.01" },
    ["--share needs another value than -0.1"] = { "--share", "-0.1" },
    ["--share needs another value than 1."] = { "--share", "1." },
    ["--share needs another value than 1e-2"] = { "--share", "1e-2" },
    ["--share needs another value than nan"] = { "--share", "nan" },
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
