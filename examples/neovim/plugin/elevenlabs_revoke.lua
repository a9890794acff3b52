-- :ElevenLabsRevoke FILE.csv EMAIL takes a leaver's roles on the resources of a CSV away,
-- while you go on editing.
--
--   make LUA=luajit && eval "$(make -s env LUA=luajit)"
--   ELEVENLABS_API_KEY=... nvim --cmd 'set runtimepath+=examples/neovim' \
--     -c 'ElevenLabsRevoke resources.csv leaver@example.com'
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE point it at another server, such as the sandbox.
-- The status line shows how far it is with: set statusline+=%{g:elevenlabs_revoke}

vim.g.elevenlabs_revoke = ""

vim.api.nvim_create_user_command("ElevenLabsRevoke", function(command)
  require("elevenlabs_revoke").run(command.fargs[1], command.fargs[2])
end, { nargs = "+", complete = "file" })
