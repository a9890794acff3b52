-- :ElevenLabs with its subcommands: see :help elevenlabs. The library is loaded with the first one.

if vim.g.loaded_elevenlabs then
  return
end
vim.g.loaded_elevenlabs = true
vim.g.elevenlabs_status = "" -- for the status line: how far the job is

vim.api.nvim_create_user_command("ElevenLabs", function(command)
  require("elevenlabs_workspace.commands").run(command.fargs)
end, {
  nargs = "+",
  desc = "Take roles away on ElevenLabs workspace resources",
  complete = function(lead, line, cursor)
    return require("elevenlabs_workspace.commands").complete(lead, line:sub(1, cursor))
  end,
})
