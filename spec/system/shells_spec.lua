-- What the command says of itself: its manual page, and completions in the real shells.

local process = require "spec.support.process"
local tls = require "spec.support.servers.tls"

describe("a shell that completes", function()
  local folder

  setup(function()
    folder = tls.output "mktemp -d"
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      local code, out, err = process.run { "elevenlabs-workspace", "completion", shell }
      assert.are.same({ 0, "" }, { code, err })
      local name = shell == "zsh" and "_elevenlabs-workspace" or shell
      local file = assert(io.open(folder .. "/" .. name, "w"))
      file:write(out)
      file:close()
    end
  end)

  teardown(function()
    process.run { "rm", "-r", folder }
  end)

  local COMPLETED = {
    { { "uns" }, "unshare" },
    { { "get", "--reg" }, "--region" },
    { { "share", "--role", "ed" }, "editor" },
    { { "get", "--resource-type", "pronun" }, "pronunciation_dictionary" },
    { { "comp" }, "completion" },
    { { "offboard", "veri" }, "verify" },
    { { "offboard", "plan", "--repl" }, "--replace-by" },
    { { "offboard", "plan", "--resource-type", "pronun" }, "pronunciation_dictionary" },
  }

  --- bash calls a function with the words of the line, the last of which is to be completed.
  local BASH = [[
    source "$0/bash"
    set -- elevenlabs-workspace "$@"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=$((${#COMP_LINE}))
    previous=${COMP_WORDS[$((COMP_CWORD - 1))]}
    _elevenlabs-workspace "$1" "${COMP_WORDS[$COMP_CWORD]}" "$previous" 2>/dev/null
    echo "${COMPREPLY[*]}"
  ]]

  --- zsh completes in its line editor alone. The prompt is shown when the line before is done;
  --- Ctrl-U then takes away what was completed.
  local ZSH = "PS1='REA''DY '; fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -D\n"
  local CTRL_U = "\21"

  for _, row in ipairs(COMPLETED) do
    local words, completed = row[1], row[2]
    local typed = table.concat(words, " ")

    it("bash: " .. typed, function()
      local _, out, err = process.run(process.join({ "bash", "-c", BASH, folder }, words))
      assert.are.same({ completed .. "\n", "" }, { (out:gsub(" +\n", "\n")), err })
    end)

    it("zsh: " .. typed, function()
      local line = "elevenlabs-workspace " .. typed .. "\t" .. CTRL_U .. "exit"
      local command = { "/usr/bin/python3", "spec/support/terminal.py", "READY ", line }
      local _, out = process.run(process.join(command, { "zsh", "-f", "-i" }), {
        env = { HOME = folder, TERM = "dumb", TERMINAL_AHEAD = ZSH, TERMINAL_COLUMNS = "200" },
      })
      assert.matches(completed, out, 1, true)
    end)

    it("fish: " .. typed, function()
      local script = 'source $HOME/fish; complete -C "elevenlabs-workspace $argv"'
      local command = process.join({ "fish", "-c", script }, words)
      local _, out, err = process.run(command, { env = { HOME = folder } })
      assert.are.equal("", err)
      assert.matches("^" .. completed:gsub("%-", "%%-") .. "\t", out)
    end)
  end
end)

describe("the manual page", function()
  it("is clean troff, and names every command and option", function()
    local path = os.tmpname()
    local lua = 'require("elevenlabs.workspace.cli").show "manual"'
    local code, page, err = process.run { os.getenv "SPEC_LUA", "-e", lua }
    assert.are.same({ 0, "" }, { code, err })
    local file = assert(io.open(path, "w"))
    file:write(page)
    file:close()
    local out
    code, out, err = process.run({ "man", "--warnings", "-l", path }, {
      env = { MANWIDTH = "100", MANPAGER = "cat", MAN_KEEP_FORMATTING = false },
    })
    os.remove(path)
    assert.are.same({ 0, "" }, { code, err })
    local all = {}
    for _, declaration in ipairs(require("elevenlabs.workspace.cli").declarations()) do
      for _, single in ipairs(declaration.commands or { declaration }) do
        all[#all + 1] = single
      end
    end
    for _, declaration in ipairs(all) do
      assert.matches("elevenlabs%-workspace " .. declaration.name, out)
      for _, group in ipairs(declaration.groups) do
        for _, option in ipairs(group.options) do
          assert.matches(option.name, out, 1, true)
        end
      end
    end
    assert.matches("EXIT STATUS", out, 1, true)
  end)
end)
