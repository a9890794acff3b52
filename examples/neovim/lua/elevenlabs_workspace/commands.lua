-- The subcommands of :ElevenLabs: what they take, what completes them, and what they do.

local jobs = require "elevenlabs_workspace.job"

local M = {}

--- Start the job of a module, which requires the library.
local function start(name, ...)
  local found, job = pcall(require, "elevenlabs_workspace." .. name)
  if not found then
    local text = "the library cannot be loaded: see :checkhealth elevenlabs_workspace"
    return jobs.tell(text, "ERROR")
  end
  jobs.start(name, job.run, ...)
end

-- By name. `takes` has the kind of each argument, as getcompletion() names it, or "" for none.
local COMMANDS = {
  revoke = {
    usage = "revoke FILE EMAIL",
    takes = { "file", "" },
    run = function(path, email)
      start("revoke", path, email)
    end,
  },
  offboard = {
    usage = "offboard EMAIL FOLDER",
    takes = { "", "dir" },
    run = function(address, folder)
      start("offboard", address, folder)
    end,
  },
  stop = { usage = "stop", takes = {}, run = jobs.stop },
}

local function names()
  local list = vim.tbl_keys(COMMANDS)
  table.sort(list)
  return list
end

--- Run `:ElevenLabs` with its words.
function M.run(words)
  local command = COMMANDS[words[1]]
  if not command then
    local known = table.concat(names(), ", ")
    return jobs.tell(("there is no %s: one of %s"):format(words[1], known), "ERROR")
  elseif #words - 1 ~= #command.takes then
    return jobs.tell("usage: :ElevenLabs " .. command.usage, "ERROR")
  end
  command.run(unpack(words, 2))
end

local function starts_with(lead)
  return function(name)
    return vim.startswith(name, lead)
  end
end

--- What may stand in place of `lead`, the last word of `line`.
function M.complete(lead, line)
  local before = line:sub(1, #line - #lead):gsub("^.-%u%a*%s+", "", 1) -- without :ElevenLabs
  local words = vim.split(before, "%s+", { trimempty = true })
  if #words == 0 then
    return vim.tbl_filter(starts_with(lead), names())
  end
  local command = COMMANDS[words[1]]
  local kind = command and command.takes[#words] or ""
  return kind ~= "" and vim.fn.getcompletion(lead, kind) or {}
end

return M
