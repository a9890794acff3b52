--- The command `completion`: a script that completes commands and options in a shell.

local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"

local M = {
  name = "completion",
  summary = "print a completion script for a shell",
  description = "Prints a script that completes commands and options. In bash:"
    .. ' eval "$(elevenlabs-workspace completion bash)". In fish: elevenlabs-workspace completion'
    .. " fish | source. For zsh, write the script to a file _elevenlabs-workspace in a folder of"
    .. " fpath. `make install` installs all three scripts.",
  arguments = { { name = "shell", shown = "SHELL", text = "bash, zsh or fish", count = 1,
    choices = { "bash", "zsh", "fish" } } },
  groups = {},
}

---@return integer status
function M.run(values)
  local parser = options.parser_of_all(require("elevenlabs.workspace.cli").declarations())
  output.write(parser["get_" .. values.shell .. "_complete"](parser))
  return 0
end

return M
