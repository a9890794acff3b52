std = "min" -- what Lua 5.1 to 5.4 and LuaJIT share
read_globals = { "unpack", "table.unpack" }
max_line_length = 100
max_comment_line_length = 120
files["lua/elevenlabs/workspace/sandbox/worker.lua"].globals = { "ngx" }
files["spec"].std = "min+busted"
files["spec/system/docs/filter.lua"] = { globals = { "Pandoc" }, read_globals = { "pandoc", "FORMAT" } }
files["examples/neovim"].globals = { "vim" }
files["examples/love"].globals = { "love" }
