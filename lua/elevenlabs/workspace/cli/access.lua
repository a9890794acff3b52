--- The command `access`: prints who has which role on every resource that the key can list and read.

local access = require "elevenlabs.workspace.offboard.access"
local connections = require "elevenlabs.workspace.cli.connections"
local csv = require "elevenlabs.workspace.items.csv"
local json = require "elevenlabs.workspace.json"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local progress = require "elevenlabs.workspace.cli.progress"
local texts = require "elevenlabs.workspace.text"

local EXIT = { complete = 0, usage = 2, stopped = 3, incomplete = 4, unwritten = 5 }
local FORMATS = { "csv", "jsonl" }

local M = {
  name = "access",
  summary = "list who has which role on what",
  description = "Prints one row for each role of each user, group and service account, on every"
    .. " resource that the API key can list and read. `unshare --from` reads the rows: print"
    .. " them, remove those that stay, and hand over the rest. What could not be listed or read is"
    .. " named at the end.",
  groups = {
    {
      title = "Rows",
      options = {
        options.one_type_alone(access.resource_types()),
        {
          name = "--format",
          value = "FORMAT",
          text = "csv (default) or jsonl",
          read = options.choice(FORMATS),
          choices = FORMATS,
        },
        {
          name = "--out",
          value = "FILE",
          text = "write the rows to FILE, and what was read to FILE.coverage.json. Both are"
            .. " readable by you alone",
        },
        options.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
  statuses = {
    { "2", "wrong usage" },
    { "130, 143, 129", "interrupted by SIGINT, SIGTERM, SIGHUP" },
    { "3", "stopped early: run the command again" },
    { "5", "a row could not be written" },
    { "4", "a list or a resource could not be read" },
    { "0", "all was read" },
  },
}

-- ---- rows

local WRITERS = {}

function WRITERS.csv(write)
  write(csv.row(access.COLUMNS))
  return function(row)
    local cells = {}
    for i, name in ipairs(access.COLUMNS) do
      cells[i] = texts.cell(row[name] or "")
    end
    write(csv.safe_row(cells))
  end
end

function WRITERS.jsonl(write)
  return function(row)
    write(json.encode(row) .. "\n")
  end
end

-- ---- what was read

local function describe_covered(covered)
  local parts = {}
  for _, name in ipairs { "forbidden", "not_found", "failed" } do
    if covered[name] > 0 then
      parts[#parts + 1] = ("%d %s"):format(covered[name], (name:gsub("_", " ")))
    end
  end
  if not covered.complete then
    parts[#parts + 1] = covered.why
  end
  return parts[1] and ("  %-32s %6d read, %s"):format(
    covered.name,
    covered.read,
    table.concat(parts, ", ")
  )
end

--- What is missing first, then the sum.
local function describe(found)
  local lines, listed, read = {}, 0, 0
  for name, why in pairs(found.unread) do
    lines[#lines + 1] = ("  %s: %s"):format((name:gsub("_", " ")), why)
  end
  table.sort(lines)
  for _, covered in ipairs(found.coverage) do
    listed, read = listed + covered.listed, read + covered.read
    lines[#lines + 1] = describe_covered(covered)
  end
  if lines[1] then
    table.insert(lines, 1, "Not all could be listed and read:")
  end
  lines[#lines + 1] = ("%d kinds have no list: %s"):format(
    #found.without_list,
    table.concat(found.without_list, ", ")
  )
  lines[#lines + 1] = ("%d resources listed, %d read"):format(listed, read)
  return table.concat(lines, "\n")
end

local function coverage_of(found)
  return json.encode {
    owner = found.owner,
    unread = found.unread,
    coverage = json.list(found.coverage),
    without_list = json.list(found.without_list),
    complete = access.is_complete(found),
  } .. "\n"
end

-- ---- the command

--- Write both files. -> why not
local function commit(files, found)
  files.coverage:write(coverage_of(found))
  for _, name in ipairs { "rows", "coverage" } do
    local ok, why = files[name]:commit()
    if not ok then
      return why
    end
  end
end

local function open_files(path)
  local rows, why = output.open_list(path)
  if not rows then
    return nil, why
  end
  local coverage
  coverage, why = output.open_list(path .. ".coverage.json")
  return coverage and { rows = rows, coverage = coverage }, why
end

--- Read, and print. -> exit status
local function read(client, driver, values, files)
  local display = progress.on_stderr(true)
  local write = files and function(text)
    files.rows:write(text)
  end or output.write
  local found, err = access.read(client, {
    resource_types = values.resource_type,
    max_concurrency = values.max_concurrency,
    on_row = WRITERS[values.format or "csv"](write),
    on_progress = function(seen)
      seen.refused = 0 -- what could not be read is told at the end
      display:update(seen)
    end,
    on_run = function(run)
      function driver.on_signal()
        run:cancel()
      end
      if driver.is_interrupted() then
        run:cancel()
      end
    end,
  })
  display:finish()
  if not found then
    output.complain(err.message)
    return EXIT.stopped
  end
  local unwritten = files and commit(files, found)
  io.stderr:write(describe(found), "\n")
  if driver.status then
    return driver.status
  elseif found.report.stopped then
    output.complain("stopped: " .. found.report.stop_message)
    return EXIT.stopped
  elseif unwritten then
    output.complain("cannot write --out: " .. unwritten)
    return EXIT.unwritten
  end
  return access.is_complete(found) and EXIT.complete or EXIT.incomplete
end

--- Run the command.
---@param values table the options
---@return integer status
function M.run(values)
  local files, why
  if values.out then
    files, why = open_files(values.out)
    if not files then
      output.complain("cannot write --out: " .. why)
      return EXIT.usage
    end
  end
  local client, driver = connections.open(values)
  if not client then
    output.complain(driver)
    return EXIT.usage
  end
  local status = read(client, driver, values, files)
  client:close()
  return status
end

return M
