local options = require "elevenlabs.workspace.cli.options"

local DECLARATION = {
  name = "try",
  summary = "a try",
  description = "Tries what an option is.",
  groups = {
    {
      title = "All",
      options = {
        { name = "--file", value = "FILE", text = "a file" },
        { name = "--number", value = "N", text = "a number", read = options.number(0, 99) },
        { name = "--share", value = "P", text = "a share", read = options.fraction },
        { name = "--time", value = "TIME", text = "a time", read = options.time },
        { name = "--quiet", text = "say nothing" },
      },
    },
  },
  arguments = { { name = "rest", shown = "[-- REST]", text = "the rest", count = "*" } },
  statuses = { { "2", "wrong" }, { "0", "right" } },
}

local function read(...)
  return options.read(DECLARATION, { ... })
end

describe("cli.options", function()
  it("reads texts, numbers and flags", function()
    assert.are.same(
      { file = "a b", number = 99, quiet = true, rest = {} },
      read("--file", "a b", "--number", "99", "--quiet")
    )
  end)

  it("case 16: takes --option=value, also if the value begins with -", function()
    assert.are.same(
      { file = "--quiet", number = 7, rest = {} },
      read("--file=--quiet", "--number=7")
    )
  end)

  it("reads decimal numbers from 0 to 1", function()
    for text, share in pairs { ["0"] = 0, ["1"] = 1, ["0.05"] = 0.05, [".5"] = 0.5, ["1.0"] = 1 } do
      assert.are.equal(share, read("--share", text).share)
    end
  end)

  it("reads times in milliseconds", function()
    local times =
      { ["90"] = 90000, ["90s"] = 90000, ["15m"] = 900000, ["2h"] = 7200000, ["7d"] = 604800000 }
    for text, ms in pairs(times) do
      assert.are.equal(ms, read("--time", text).time)
    end
  end)

  it("keeps what follows -- apart", function()
    assert.are.same(
      { number = 1, rest = { "--number", "--", "x" } },
      read("--number", "1", "--", "--number", "--", "x")
    )
  end)

  local TAKES = "--number takes a whole number from 0 to 99"
  local SHARE = "--share takes a number from 0 to 1, such as 0.05"
  local NEEDS = "--file needs a value (write --file=VALUE if it begins with -)"
  for _, row in ipairs {
    { "case 2", NEEDS, "--file", "--quiet" },
    { "case 2", NEEDS, "--file" },
    { "case 2", "--file has an empty value", "--file", "" },
    { "case 2", "--file has an empty value", "--file=" },
    { "case 3", "--file is given twice", "--file", "a", "--file", "b" },
    { "case 3", "--quiet is given twice", "--quiet", "--quiet" },
    { "case 3", "--number is given twice", "--number", "1", "--number=1" },
    { "case 16", "unknown option --flie. Did you mean --file?", "--flie", "x" },
    { "case 16", "unknown option --api-key", "--api-key=sk_secret" },
    { "case 18", "--quiet takes no value", "--quiet=yes" },
    { "case 18", TAKES, "--number", "100" },
    { "case 18", TAKES, "--number", "1e1" },
    { "case 18", TAKES, "--number=-1" },
    { "case 18", SHARE, "--share", "1.01" },
    { "case 18", SHARE, "--share", "1." },
    { "case 18", SHARE, "--share", "nan" },
    { "case 18", "--time takes a time above 0: 90, 90s, 15m, 2h or 7d", "--time", "0" },
    { "case 18", "--time takes a time above 0: 90, 90s, 15m, 2h or 7d", "--time", "2w" },
  } do
    it(("%s: says %s"):format(row[1], row[2]), function()
      local values, why = read((unpack or table.unpack)(row, 3))
      assert.is_nil(values)
      assert.are.equal(row[2], why)
    end)
  end

  it("shows no argument that belongs to no option: it may be a secret", function()
    local _, why = options.read(
      { name = "bare", summary = "", description = "", groups = {} },
      { "sk_secret" }
    )
    assert.are.equal("an argument that belongs to no option", why)
  end)

  it("makes help of the same declaration", function()
    local help = options.help(DECLARATION)
    assert.matches("^Usage: elevenlabs%-workspace try %[OPTION%.%.%.%] %[%-%- REST%]\n", help)
    local statuses = "Exit status, the first that holds: 2 (wrong); 0 (right)."
    for _, words in ipairs { "--number N", "a number", "-h, --help", statuses } do
      assert.matches(words, help, 1, true)
    end
  end)
end)
