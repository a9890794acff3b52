-- Takes away what a leaver can reach, and keeps the proof in a folder:
--
--   ELEVENLABS_API_KEY=... lua examples/offboard.lua mia@example.com [FOLDER]
--
-- The exit status is 0 if no role of the leaver's own is left and everything could be read, and
-- otherwise 1. If the script is cut short, run it again.
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE name another server than the service, such as the
-- sandbox: elevenlabs-workspace sandbox --port 0 -- lua examples/offboard.lua mia@example.com

local offboard = require "elevenlabs.workspace.offboard"
local workspace = require "elevenlabs.workspace"

local address = arg[1] or error("name the leaver: offboard.lua ADDRESS [FOLDER]", 0)
local folder = arg[2] or address
local by = { operator = os.getenv "USER" } -- for the report

--- In some Luas assert takes nothing but text for its message, and the library's errors are tables.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local client = must(workspace.new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})

--- The case of a run that was cut short, or a new plan. Planning reads and changes nothing.
local function open_case()
  local case = offboard.open(folder)
  local summary = case and case:summary() -- nil: the planning was cut short
  if summary and summary.state ~= "ended" then
    return case
  elseif case then
    case:close()
  end
  return must(offboard.plan(client, folder, {
    user_email = address,
    again = true, -- the plan of a case that ended stays beside the new one
    by = by,
  }))
end

local function print_rows(title, rows)
  print(title)
  for _, row in ipairs(rows) do
    local roles = table.concat(row.roles_now or row.roles, ", ")
    print(("  %-32s %-16s %s: %s"):format(row.resource_type, row.resource_id, roles, row.why_left))
  end
end

local case = open_case()
print_rows(case:summary().headline .. "\n\nTo be removed:", case:summary().left)

-- It removes, reads back, reads the whole workspace again, and writes the report.
local summary = must(case:apply(client, { max_removals = 1000, by = by }))
print_rows("\nStill there:", summary.left)
print "\nAlso look at:"
for _, residual in ipairs(summary.residuals) do
  print(("  %s: %s"):format(residual.text, residual.next_step))
end
print(("\nReport: %s/report.html\n%s"):format(folder, tostring(summary)))

case:close()
client:close()
os.exit(#summary.left == 0 and summary.is_complete and 0 or 1)
