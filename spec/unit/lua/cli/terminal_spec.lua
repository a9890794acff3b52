local process = require "spec.support.process"
local support = require "spec.support.command"
local terminal = require "elevenlabs.workspace.cli.terminal"

describe("cli.terminal", function()
  it("knows that a pipe is no terminal", function()
    local pipe = io.popen([["$SPEC_LUA" -e '
      print(require("elevenlabs.workspace.cli.terminal").is_terminal(1))
    ']])
    assert.are.equal("false\n", pipe:read "*a")
    pipe:close()
    assert.is_false(terminal.is_terminal(63)) -- which is closed
  end)

  describe("asks a question", function()
    before_each(support.begin)
    after_each(support.finish)

    it("case 5: and does not take what was typed before the question for its answer", function()
      local from = support.write("all.csv", support.resources())
      local ahead = { prompt = "[y/N]", TERMINAL_AHEAD = "y\nyes\n" }
      local code, shown = support.on_terminal(ahead, "n", { "--from", from }, support.LEAVER)
      assert.are.equal(3, code)
      assert.matches("nothing was sent", shown, 1, true)
    end)

    it("and gives signals back to whom they went before", function()
      local script = [[
        local driver = require("elevenlabs.workspace.cli.loop").new()
        local function on_signal() end
        driver.on_signal = on_signal
        require("elevenlabs.workspace.cli.terminal").ask("Well? ", driver)
        print(driver.on_signal == on_signal)
        driver.close()
      ]]
      local code, shown = process.run {
        "python3",
        "spec/support/terminal.py",
        "Well? ",
        "yes",
        os.getenv "SPEC_LUA",
        "-e",
        script,
      }
      assert.are.equal(0, code, shown)
      assert.matches("true%s*$", shown)
    end)

    it("and a signal ends that", function()
      local from = support.write("all.csv", support.resources())
      local code, shown = support.on_terminal("[y/N]", "^C", { "--from", from }, support.LEAVER)
      assert.are.equal(130, code)
      assert.is_nil(shown:find "total")
      assert.matches("interrupted: nothing was sent", shown, 1, true)
    end)
  end)
end)
