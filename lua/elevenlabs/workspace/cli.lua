--- The command line. Run as a script, it is the command `elevenlabs-workspace`.

local M = {}

local EXIT_USAGE, EXIT_INTERRUPTED = 2, 130

local function operation(name)
  return function()
    return require("elevenlabs.workspace.cli.operations").command(name)
  end
end

--- How to load each command: { SUMMARY, USAGE, run }, where run(arguments, complain)
--- returns its exit status, or nil and a misuse. Loaded where Ctrl-C is looked after.
local COMMANDS = {
  unshare = operation "unshare",
  share = operation "share",
  get = operation "get",
  sandbox = function()
    return (require "elevenlabs.workspace.cli.sandbox")
  end,
}
local NAMES = { "unshare", "share", "get", "sandbox" }

local function usage()
  local lines = { "Usage: elevenlabs-workspace COMMAND [OPTION...]", "" }
  for _, name in ipairs(NAMES) do
    lines[#lines + 1] = ("  %-9s %s"):format(name, COMMANDS[name]().SUMMARY)
  end
  lines[#lines + 1] = "\nelevenlabs-workspace COMMAND --help tells more.\n"
  return table.concat(lines, "\n")
end

local function complain(text)
  io.stderr:write("elevenlabs-workspace: ", text, "\n")
end

local function asks_for_help(arguments)
  for _, argument in ipairs(arguments) do
    if argument == "--help" then
      return true
    elseif argument == "--" then
      return false
    end
  end
  return false
end

local function run(command, arguments)
  if asks_for_help(arguments) then
    io.write(command.USAGE)
    return 0
  end
  local status, misuse = command.run(arguments, complain)
  if misuse then
    complain(misuse .. "\n" .. command.USAGE)
  end
  return status or EXIT_USAGE
end

---@param arguments string[]
---@return integer exit status
function M.main(arguments)
  local name = arguments[1]
  if name == "--help" or name == "help" then
    io.write(usage())
    return 0
  elseif name == "--version" then
    io.write("elevenlabs-workspace ", require("elevenlabs.workspace").VERSION, "\n")
    return 0
  elseif not COMMANDS[name or ""] then
    complain((name and "unknown command " .. name or "which command?") .. "\n" .. usage())
    return EXIT_USAGE
  end
  return run(COMMANDS[name](), { (unpack or table.unpack)(arguments, 2) })
end

if ... == "elevenlabs.workspace.cli" then
  return M
end

local ok, status = pcall(M.main, { ... })
if not ok then
  -- lua's own answer to SIGINT, before the commands watch for it: nothing was sent.
  local interrupted = tostring(status):find("interrupted!", 1, true)
  complain(interrupted and "interrupted before anything was sent" or tostring(status))
  status = interrupted and EXIT_INTERRUPTED or 1
end
os.exit(status)
