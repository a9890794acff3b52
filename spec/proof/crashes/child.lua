--- The child of crashes.lua: one bulk run with a journal, each result written to a file the
--- moment it is told, and then a byte to standard error. Arguments: the items' file, the leaver,
--- the journal, the results' file, the client's io.

local cjson = require "cjson"
local workspace = require "elevenlabs.workspace"

local list, user_email, journal, results, io_mode = ...

local file = assert(io.open(results, "w"))
file:setvbuf "no" -- what was told before a kill is there after it

local client = assert(workspace.new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
  io = io_mode,
  max_attempts = 2, -- so that some items stay unconfirmed, for a later run to send again
})

local report, err =
  client:unshare_many(assert(workspace.items.from_jsonl(list, { user_email = user_email })), {
    journal = journal,
    on_result = function(item, receipt, err)
      local result = receipt or err
      file:write(cjson.encode {
        id = item.resource_id,
        outcome = result.outcome,
        attempts = result.attempts,
        reason = err and err.message,
      } .. "\n")
      io.stderr:write "."
    end,
  })
client:close()
if not report or report.stopped then
  error(report and report.stop_message or tostring(err))
end
print(report)
