-- Takes away what leavers can reach, and keeps the proof in folders:
--
--   ELEVENLABS_API_KEY=... lua examples/offboard.lua leavers.csv [FOLDER]
--
-- The file has a column user_email. Run the script as often as you like, from cron for example: a
-- run that was cut short goes on, roles that are left are tried again, and who has none left is only
-- read. The exit status is
--
--   0  no role of the leavers' own is left, and everything could be read
--   1  read what was printed: a role is left, or something could not be read
--   2  a person must act: the message says what is wrong
--   3  run it again: the service is down or busy, or another run works on the same leavers
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE name another server than the service, such as the
-- sandbox: elevenlabs-workspace sandbox --port 0 -- lua examples/offboard.lua leavers.csv

local offboard = require "elevenlabs.workspace.offboard"
local workspace = require "elevenlabs.workspace"

local file, folder = arg[1], arg[2] or "leavers"
local BY = { operator = os.getenv "USER" or os.getenv "LOGNAME" } -- for the report
local status = 0

if not file then
  io.stderr:write "name the leavers: offboard.lua FILE [FOLDER]\n"
  os.exit(2)
end

--- Print why something was not done. -> the exit status
local function complain(err)
  io.stderr:write(tostring(err), "\n")
  return err.retryable and 3 or 2
end

--- End here if there is an error.
local function must(value, err)
  return value or os.exit(complain(err))
end

local client = must(workspace.new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})

-- Planning reads and changes nothing.
local cases = must(offboard.plan_many(client, folder, {
  user_emails = must(offboard.people(file)),
  resume = true,
  by = BY,
}))
for _, case in ipairs(cases) do
  local count = #case:summary().left
  if count > 0 then
    print(("%s: %d roles are to be removed"):format(case.folder, count))
    -- It removes and reads back.
    local _, err = case:apply(client, { max_removals = 1000, verify = false, by = BY })
    status = err and math.max(status, complain(err)) or status
  end
end

-- It reads the whole workspace again, once for all, and writes the reports.
for i, summary in ipairs(must(offboard.verify_many(client, cases, { by = BY }))) do
  print("\n" .. summary)
  for _, row in ipairs(summary.left) do
    print(("  still there: %s %s: %s"):format(row.resource_type, row.resource_id, row.why_left))
  end
  for _, residual in ipairs(summary.residuals) do
    print(("  %s: %s"):format(residual.text, residual.next_step))
  end
  print(("Report: %s/report.html"):format(cases[i].folder))
  status = math.max(status, summary.is_done and 0 or 1)
  cases[i]:close()
end
client:close()
os.exit(status)
