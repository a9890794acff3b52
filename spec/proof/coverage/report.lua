--- `make coverage`: what of csrc/ the specs run, from gcov's JSON. Argument: the folder of the
--- objects; and anything, for a list of the branches that were not taken. Fails where a line
--- was not run and spec/proof/coverage/unreached.lua has no reason.

local cjson = require "cjson"
local unreached = require "spec.proof.coverage.unreached"

local folder, tells_branches = arg[1], arg[2]

--- Every file of csrc/ that has code, with gcov's lines of it.
local function read_all()
  local pipe = assert(io.popen(("gcov -b -j -t '%s'/*/*.gcda"):format(folder)))
  local files = {}
  for text in pipe:lines() do
    for _, file in ipairs(cjson.decode(text).files) do
      if file.file:find "^csrc/.*%.c$" then
        files[#files + 1] = file
      end
    end
  end
  pipe:close()
  table.sort(files, function(a, b)
    return a.file < b.file
  end)
  return files
end

--- The source's lines, without what they are indented by.
local function read_source(name)
  local lines = {}
  for line in io.lines(name) do
    lines[#lines + 1] = line:match "^%s*(.-)%s*$"
  end
  return lines
end

local used = {} -- reasons that belong to a line of code

--- -> why that line cannot be run, where there is a reason
local function reason_of(file, name)
  for beginning, reason in pairs(unreached[file] or {}) do
    if name:sub(1, #beginning) == beginning then
      used[file .. beginning] = true
      return reason
    end
  end
end

local function new_result()
  return {
    lines = 0,
    run = 0,
    branches = 0,
    taken = 0,
    missing = {},
    excused = {},
    not_taken = {},
  }
end

local function measure(file)
  local source, result = read_source(file.file), new_result()
  for _, line in ipairs(file.lines) do
    local name = ("%s: %s"):format(line.function_name, source[line.line_number])
    local reason = reason_of(file.file, name)
    result.lines = result.lines + 1
    result.run = result.run + (line.count > 0 and 1 or 0)
    local place = ("%s:%d: %s"):format(file.file, line.line_number, name)
    for _, branch in ipairs(line.branches) do
      result.branches = result.branches + 1
      if branch.count > 0 then
        result.taken = result.taken + 1
      else
        table.insert(result.not_taken, place)
      end
    end
    if line.count == 0 then
      table.insert(reason and result.excused or result.missing, place)
    end
  end
  return result
end

--- Reasons for lines that are not there any more.
local function stale()
  local list = {}
  for file, reasons in pairs(unreached) do
    for beginning in pairs(reasons) do
      if not used[file .. beginning] then
        list[#list + 1] = ("%s has no such line any more: %s"):format(file, beginning)
      end
    end
  end
  return list
end

local function percent(part, whole)
  return whole == 0 and 100 or 100 * part / whole
end

local function tell(name, r)
  print(
    ("%-24s lines %5.1f %% of %4d  branches %5.1f %% of %4d  excused %d"):format(
      name,
      percent(r.run, r.lines),
      r.lines,
      percent(r.taken, r.branches),
      r.branches,
      #r.excused
    )
  )
end

local total = new_result()
for _, file in ipairs(read_all()) do
  local result = measure(file)
  tell(file.file, result)
  for name, value in pairs(result) do
    if type(value) == "number" then
      total[name] = total[name] + value
    else
      for _, entry in ipairs(value) do
        table.insert(total[name], entry)
      end
    end
  end
end
tell("total", total)
if tells_branches then
  print("branches not taken:\n  " .. table.concat(total.not_taken, "\n  "))
end
for _, entry in ipairs(stale()) do
  table.insert(total.missing, entry)
end
if #total.missing > 0 then
  print "not run, without a reason in spec/proof/coverage/unreached.lua:"
  print("  " .. table.concat(total.missing, "\n  "))
end
os.exit(#total.missing == 0 and total.lines > 0 and 0 or 1)
