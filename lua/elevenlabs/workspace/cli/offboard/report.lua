--- The command `offboard report`.

local jobs = require "elevenlabs.workspace.cli.offboard.job"
local output = require "elevenlabs.workspace.cli.output"

local M = {
  name = "offboard report",
  summary = "write the report again",
  description = "Writes report.html, report.csv and report.json into the folder of the case, from"
    .. " what was read and done so far. Sends no request.",
  arguments = jobs.FOLDERS,
  groups = {},
}

local function report(case)
  local paths, err = case:report()
  if not paths then
    output.complain(err.message)
    return err.field == "report" and jobs.EXIT.unwritten or jobs.EXIT.usage
  end
  for _, format in ipairs { "html", "csv", "json" } do
    output.write(paths[format] .. "\n")
  end
  return jobs.EXIT.done
end

function M.run(values)
  return jobs.with_cases(values.folder, function(cases)
    return jobs.each(cases, report)
  end)
end

return M
