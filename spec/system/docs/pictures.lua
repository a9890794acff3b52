--- `make pictures`: the two pictures of the README, of a case on a sandbox.

local process = require "spec.support.process"

local M = {}

local FOLDER = "examples/offboard/"
local COLUMNS = 104
local CASE = [[
cd "$1"
elevenlabs-workspace offboard plan mia --user-email mia@example.com >plan.txt 2>plan.err
elevenlabs-workspace offboard apply mia --yes >apply.txt 2>apply.err
]]
local TERMINAL = [[
<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #14171f; color: #d8dce6; }
pre { margin: 24px; font: 15px/1.45 "DejaVu Sans Mono", monospace; }
b { color: #7fd1a0; }
</style><pre>%s</pre>
]]

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  return lines
end

--- Add lines from one number to another, each as wide as the terminal at most.
local function add(shown, lines, first, last)
  for i = first, last do
    local line = lines[i]
    shown[#shown + 1] = #line > COLUMNS and line:sub(1, COLUMNS - 3) .. "..." or line
  end
end

local function find(lines, pattern)
  for i, line in ipairs(lines) do
    if line:find(pattern) then
      return i
    end
  end
end

--- What the terminal shows of both commands, with the middle left out.
local function transcript(folder)
  local shown = { "<b>$ elevenlabs-workspace offboard plan mia --user-email mia@example.com</b>" }
  add(shown, lines_of(folder .. "/plan.err"), 1, 2)
  local plan = lines_of(folder .. "/plan.txt")
  add(shown, plan, 1, 5)
  shown[#shown + 1] = "  ..."
  local at = find(plan, "^The plan has ")
  add(shown, plan, at, at + 4)
  add(shown, plan, #plan - 1, #plan)
  shown[#shown + 1] = "\n<b>$ elevenlabs-workspace offboard apply mia</b>\n  ..."
  local told = lines_of(folder .. "/apply.err")
  add(shown, told, 1, #told)
  local applied = lines_of(folder .. "/apply.txt")
  add(shown, applied, #applied - 1, #applied)
  return table.concat(shown, "\n")
end

local function take(page, picture, size)
  local command = "chromium --headless --no-sandbox --disable-gpu --hide-scrollbars"
    .. " --window-size=%s --screenshot='%s' 'file://%s' 2>/dev/null"
  local status = os.execute(command:format(size, picture, page))
  assert(status == 0 or status == true, "chromium failed")
end

function M.main()
  local pipe = assert(io.popen "mktemp -d")
  local folder = pipe:read "*l"
  pipe:close()
  local code, _, err = process.run {
    "elevenlabs-workspace", "sandbox", "--port", "0", "--resources", "1000", "--",
    "sh", "-ec", CASE, "sh", folder,
  }
  assert(code == 0, err)
  local file = assert(io.open(folder .. "/terminal.html", "w"))
  file:write(TERMINAL:format(transcript(folder)))
  file:close()
  take(folder .. "/terminal.html", FOLDER .. "terminal.png", "1000,680")
  take(folder .. "/mia/report.html", FOLDER .. "report.png", "1000,1050")
  process.run { "rm", "-r", folder }
end

return M
