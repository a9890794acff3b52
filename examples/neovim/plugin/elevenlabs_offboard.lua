-- :ElevenLabsOffboard EMAIL FOLDER takes away what a leaver can reach, while you go on editing. It
-- shows each planned removal first. Nothing is removed without agreement. FOLDER keeps the proof.
--
--   make LUA=luajit && eval "$(make -s env LUA=luajit)"
--   ELEVENLABS_API_KEY=... nvim --cmd 'set runtimepath+=examples/neovim' \
--     -c 'ElevenLabsOffboard leaver@example.com leaver'
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE point it at another server, such as the sandbox.
-- The status line shows how far it is with: set statusline+=%{g:elevenlabs_offboard}

vim.g.elevenlabs_offboard = ""

vim.api.nvim_create_user_command("ElevenLabsOffboard", function(command)
  if #command.fargs ~= 2 then
    return vim.notify("give an address and a folder", vim.log.levels.ERROR)
  end
  require("elevenlabs_offboard").run(command.fargs[1], command.fargs[2])
end, { nargs = "+", complete = "dir" })
