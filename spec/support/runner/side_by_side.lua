-- Runs spec files side by side, a process for each file, one more at once than there are cores:
-- a file waits for a fifth of its time. Arguments: the command of the interpreter, --, and files
-- or folders of specs. Prints a line for each file, in a fixed order, and all that a file with
-- failures printed. The last line counts.

local uv = require "luv"

local arguments = { ... }

-- Files that take long are started first, so that none is left alone at the end.
local LONG = {
  "spec/system/hosts/plugin_host_spec.lua",
  "spec/system/packaging_spec.lua",
  "spec/system/hosts/exit_spec.lua",
  "spec/proof/faults/faults_spec.lua",
  "spec/system/hosts/nginx_spec.lua",
  "spec/unit/lua/sandbox/nginx_spec.lua",
  "spec/proof/limits/worlds_spec.lua",
  "spec/proof/limits/nginx_spec.lua",
  "spec/unit/csrc/transport/transport_spec.lua",
  "spec/unit/lua/cli/signals_spec.lua",
  "spec/proof/limits/rounds_spec.lua",
  "spec/system/hosts/love_spec.lua",
  "spec/unit/lua/cli/bulk_spec.lua",
  "spec/unit/lua/cli/offboard/apply_spec.lua",
  "spec/unit/lua/driver/contract_spec.lua",
}

local function lines_of(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

local function split(words)
  local before, after, at = {}, {}, nil
  for i, word in ipairs(words) do
    if word == "--" then
      at = i
    elseif at then
      after[#after + 1] = word
    else
      before[#before + 1] = word
    end
  end
  return before, after
end

local interpreter, places = split(arguments)

--- Every spec file, the long ones first, then by name.
local function spec_files()
  local files = lines_of("find " .. table.concat(places, " ") .. " -name '*_spec.lua' | sort -u")
  local rank = {}
  for i, name in ipairs(LONG) do
    rank[name] = i - #LONG - 1
  end
  table.sort(files, function(a, b)
    local of_a, of_b = rank[a] or 0, rank[b] or 0
    return of_a < of_b or of_a == of_b and a < b
  end)
  return files
end

local totals = { passed = 0, failed = 0, skipped = 0 }

--- Says how a file went. One that did not come to its own last line has failed.
local function say(job)
  local passed, failed, skipped =
    job.output:match "(%d+) passed, (%d+) failed, (%d+) skipped\n$"
  local counts = {
    passed = tonumber(passed) or 0,
    failed = tonumber(failed) or 1,
    skipped = tonumber(skipped) or 0,
  }
  if job.code ~= 0 and counts.failed == 0 then
    counts.failed = 1
  end
  for name, count in pairs(counts) do
    totals[name] = totals[name] + count
  end
  if counts.failed > 0 then
    io.write(job.output, job.code and ("exit status %d\n"):format(job.code) or "")
  end
  io.write(
    ("%-44s %4d passed, %d failed, %d skipped  %5.1f s\n"):format(
      job.file,
      counts.passed,
      counts.failed,
      counts.skipped,
      job.ms / 1000
    )
  )
  io.flush()
end

local files, jobs, next_file, next_to_say = spec_files(), {}, 1, 1

local function say_what_is_over()
  while jobs[next_to_say] and jobs[next_to_say].over do
    say(jobs[next_to_say])
    next_to_say = next_to_say + 1
  end
end

local start_next

local function on_event(job, name)
  job[name] = true
  if job.exited and job.read then
    job.over = true
    say_what_is_over()
    start_next()
  end
end

local function command_for(file)
  local words = { "-c", 'exec "$@" 2>&1', "sh", (unpack or table.unpack)(interpreter) }
  for _, word in ipairs {
    "spec/support/runner/run.lua",
    "--helper=spec/support/runner/helper.lua",
    "-o",
    "spec/support/runner/output.lua",
    file,
  } do
    words[#words + 1] = word
  end
  return words
end

function start_next()
  local file = files[next_file]
  if not file then
    return
  end
  local job, pipe = { file = file, output = "", began = uv.now() }, uv.new_pipe(false)
  jobs[next_file] = job
  next_file = next_file + 1
  local process, why
  process, why = uv.spawn("/bin/sh", {
    args = command_for(file),
    stdio = { nil, pipe },
  }, function(code, signal)
    process:close()
    job.code = signal == 0 and code or 128 + signal
    job.ms = uv.now() - job.began
    on_event(job, "exited")
  end)
  assert(process, why)
  pipe:read_start(function(_, chunk)
    if chunk then
      job.output = job.output .. chunk
    else
      pipe:close()
      on_event(job, "read")
    end
  end)
end

for _ = 0, tonumber(lines_of("nproc")[1]) do
  start_next()
end
uv.run()
io.write(
  ("%d passed, %d failed, %d skipped\n"):format(totals.passed, totals.failed, totals.skipped)
)
if totals.passed + totals.failed == 0 then
  io.stderr:write "no spec was run: SPECS names no spec file\n"
end
os.exit(totals.failed == 0 and totals.passed > 0 and 0 or 1)
