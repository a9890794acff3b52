--- The command `elevenlabs-workspace`: this file is run as a script, and loads the command that is
--- named.

-- Relative entries are dropped: a module in the current folder could read the API key.
local function keep_absolute(path)
  local kept = {}
  for template in path:gmatch "[^;]+" do
    kept[#kept + 1] = template:sub(1, 1) == "/" and template or nil
  end
  return table.concat(kept, ";")
end

if ... ~= "elevenlabs.workspace.cli" then
  package.path, package.cpath = keep_absolute(package.path), keep_absolute(package.cpath)
end

local M = {}

local EXIT_USAGE, EXIT_UNWRITTEN, EXIT_INTERRUPTED = 2, 5, 130

local NAMES =
  { "offboard", "unshare", "share", "get", "access", "journal", "sandbox", "completion" }
local OPERATIONS = { unshare = true, share = true, get = true }

--- The declaration of a command, loaded at first use. Its `run(values, arguments)` returns the exit
--- status, or nil and what is wrong with the usage.
---@return elevenlabs.workspace.cli.Declaration
local function command(name)
  if OPERATIONS[name] then
    return require("elevenlabs.workspace.cli.operations").command(name)
  end
  return require("elevenlabs.workspace.cli." .. name)
end

--- The declarations of all commands, for the manual page and completions.
---@return elevenlabs.workspace.cli.Declaration[]
function M.declarations()
  local all = {}
  for i, name in ipairs(NAMES) do
    all[i] = command(name)
  end
  return all
end

--- Write the manual page or a completion script, for `make install`.
---@param what "manual"|"bash"|"zsh"|"fish"
function M.show(what)
  if what == "manual" then
    local version = require "elevenlabs.workspace.version"
    io.write(require("elevenlabs.workspace.cli.manual").page(M.declarations(), version))
  else
    require("elevenlabs.workspace.cli.completion").run { shell = what }
  end
end

local function usage()
  local lines = { "Usage: elevenlabs-workspace COMMAND [OPTION...]", "" }
  for _, declaration in ipairs(M.declarations()) do
    lines[#lines + 1] = ("  %-11s %s"):format(declaration.name, declaration.summary)
  end
  lines[#lines + 1] = "\nelevenlabs-workspace help COMMAND tells more. -V shows the version.\n"
  return table.concat(lines, "\n")
end

local function complain(text)
  io.stderr:write("elevenlabs-workspace: ", text, "\n")
end

local function is_command(name)
  for _, known in ipairs(NAMES) do
    if known == name then
      return true
    end
  end
  return false
end

local function has(arguments, wanted)
  for _, argument in ipairs(arguments) do
    if argument == wanted then
      return true
    elseif argument == "--" then
      return false
    end
  end
  return false
end

--- Complain about wrong usage in one line, which names the help. With --json print an error as JSON
--- too.
---@return integer status
local function misuse(arguments, text, name)
  local about = name and "elevenlabs-workspace " .. name or "elevenlabs-workspace"
  complain(("%s (try %s --help)"):format(text, about))
  if has(arguments, "--json") then
    local errors = require "elevenlabs.workspace.error"
    local err = errors.invalid(nil, text)
    require("elevenlabs.workspace.cli.output").write(
      require("elevenlabs.workspace.json").encode(err) .. "\n"
    )
  end
  return EXIT_USAGE
end

local VERSION = { ["--version"] = true, ["-V"] = true }
local HELP = { ["--help"] = true, ["-h"] = true, ["help"] = true }

local function show_version(output)
  output.write("elevenlabs-workspace " .. require "elevenlabs.workspace.version" .. "\n")
  return 0
end

--- The message on a name that is no command, with the nearest that is one.
local function unknown_command(name, names)
  local near = require("elevenlabs.workspace.core").nearest(name, names)
  local hint = near and (". Did you mean %s?"):format(near) or ""
  return ("unknown command %s%s"):format(name:sub(1, 40), hint)
end

--- The command below this one that the first argument names, and the arguments after it.
---@return elevenlabs.workspace.cli.Declaration|nil
---@return string[]|string arguments, or what is wrong with the usage
local function below(declaration, arguments)
  local names = {}
  for i, single in ipairs(declaration.commands) do
    names[i] = single.name:match "%S+$"
    if names[i] == arguments[1] then
      return single, { (unpack or table.unpack)(arguments, 2) }
    end
  end
  if not arguments[1] or arguments[1]:sub(1, 1) == "-" then
    return nil, "which command? " .. table.concat(names, ", ")
  end
  return nil, unknown_command(arguments[1], names)
end

local function run(name, arguments, output)
  local options = require "elevenlabs.workspace.cli.options"
  local declaration = command(name)
  if declaration.commands and not (HELP[arguments[1]] or VERSION[arguments[1]]) then
    local single, rest = below(declaration, arguments)
    if not single then
      return misuse(arguments, rest, name)
    end
    declaration, arguments, name = single, rest, single.name
  end
  if has(arguments, "--help") or has(arguments, "-h") then
    output.write(options.help(declaration))
    return 0
  elseif has(arguments, "--version") or has(arguments, "-V") then
    return show_version(output)
  end
  local values, wrong = options.read(declaration, arguments)
  local status
  if values then
    status, wrong = declaration.run(values, arguments)
  end
  return status or misuse(arguments, wrong, name)
end

local function unknown(arguments, name)
  if name:sub(1, 1) == "-" then
    local shown = name:match "^%-%-?[%w_-]*"
    return misuse(arguments, ("%s: options come after the command"):format(shown))
  end
  return misuse(arguments, unknown_command(name, NAMES))
end

--- If a result could not be written, a success becomes a failure.
local function finish(status, output)
  local why = output.finish()
  if not why then
    return status
  end
  complain("cannot write the result: " .. why)
  return (status == 0 or status == 1 or status == 4) and EXIT_UNWRITTEN or status
end

---@param arguments string[]
---@return integer exit status
function M.main(arguments)
  require("elevenlabs.workspace.core").open_descriptors() -- before anything opens a file
  local output = require "elevenlabs.workspace.cli.output"
  local name, rest = arguments[1], { (unpack or table.unpack)(arguments, 2) }
  local status
  if not name then
    status = misuse({}, "which command? " .. table.concat(NAMES, ", "))
  elseif HELP[name] and not rest[1] then
    output.write(usage())
    status = 0
  elseif HELP[name] and is_command(rest[1]) then
    rest[#rest + 1] = "--help"
    status = run(rest[1], { (unpack or table.unpack)(rest, 2) }, output)
  elseif HELP[name] then
    status = unknown(rest, rest[1])
  elseif VERSION[name] then
    status = show_version(output)
  elseif is_command(name) then
    status = run(name, rest, output)
  else
    status = unknown(rest, name)
  end
  return finish(status, output)
end

if ... == "elevenlabs.workspace.cli" then
  return M
end

package.loaded["elevenlabs.workspace.cli"] = M
local ok, status = pcall(M.main, { ... })
if not ok then
  -- Lua raises this at SIGINT until a command watches for signals. Nothing was sent until then.
  local interrupted = tostring(status):find("interrupted!", 1, true)
  complain(interrupted and "interrupted: nothing was sent" or tostring(status))
  status = interrupted and EXIT_INTERRUPTED or 1
end
os.exit(status)
