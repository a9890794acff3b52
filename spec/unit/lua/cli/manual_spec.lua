local cli = require "elevenlabs.workspace.cli"
local manual = require "elevenlabs.workspace.cli.manual"

describe("cli.manual", function()
  local page = manual.page(cli.declarations(), "1.2.3")

  it("has a section for each command, with its options", function()
    local all = {}
    for _, declaration in ipairs(cli.declarations()) do
      all[#all + 1] = declaration
      for _, below in ipairs(declaration.commands or {}) do
        all[#all + 1] = below
      end
    end
    for _, declaration in ipairs(all) do
      assert.matches("\n.SS " .. declaration.name, page, 1, true)
      for _, group in ipairs(declaration.groups) do
        for _, option in ipairs(group.options) do
          local name = option.name:gsub("%-", "\\-")
          assert.matches("\n.B " .. name, page, 1, true)
        end
      end
    end
    local sections = {}
    for section in page:gmatch "\n%.SH ([^\n]+)" do
      sections[#sections + 1] = section
    end
    assert.are.same(
      { "NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO" },
      sections
    )
    assert.matches('"elevenlabs\\-workspace 1.2.3"', page, 1, true)
  end)

  it("has the exit statuses of every command, each list once", function()
    local statuses = page:match "\n.SH EXIT STATUS\n(.-)\n.SH "
    local commands = {}
    for names in statuses:gmatch "%.SS ([^\n]*)\n" do
      commands[#commands + 1] = names
    end
    assert.are.same({ "offboard", "unshare, share, get", "access", "journal", "sandbox" }, commands)
    assert.matches("a plan that must not be applied", statuses, 1, true)
  end)

  it("escapes what troff would take for its own", function()
    local odd = {
      {
        name = "odd",
        description = "a-b \\ c\n.d 'e\n'f",
        groups = {},
        statuses = { { ".f", ".g" } },
      },
    }
    local text = manual.page(odd, "1")
    assert.matches("\na\\-b \\e c\n\\&.d 'e\n\\&'f\n", text, 1, true)
    assert.matches("\n.SS odd\n.TP\n.B \\&.f\n\\&.g.\n", text, 1, true)
  end)
end)
