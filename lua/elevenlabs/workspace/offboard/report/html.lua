--- The report as one HTML page without scripts. The page loads nothing.

local groups = require "elevenlabs.workspace.offboard.report.groups"
local markup = require "elevenlabs.workspace.offboard.report.markup"
local resources = require "elevenlabs.workspace.offboard.report.resources"
local style = require "elevenlabs.workspace.offboard.report.style"

local M = {}

local fill = markup.fill

local HEAD = [[
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Offboarding report: {label}</title>
<style>
{!style}@page { @bottom-left { content: {!footer}; font: 8pt sans-serif; color: #545c66; } }
</style>
</head>
<body>
<header>
<p class="kind">Offboarding report: <strong>{label}</strong></p>
<h1>{headline}</h1>
<p class="soft">{seen}</p>
</header>
<main>
]]

local KINDS = { user = "person", group = "group", service_account = "service account" }

-- Values are joined and not formatted: in Lua 5.1 and LuaJIT %s may end at a NUL.

local function head(document)
  local label = document.subject.label
  return fill(HEAD, {
    label = label,
    headline = document.headline,
    style = style,
    footer = markup.css_string("Offboarding report: " .. label .. ", " .. document.made_at),
    seen = "As read at " .. markup.moment(document.read_at) .. " by " .. document.read_by .. ".",
  })
end

-- ---- parts

local function section(title, content)
  return fill("<section>\n<h2>{title}</h2>\n{!content}</section>\n", {
    title = title,
    content = content,
  })
end

--- Fill the template for each entry.
local function each(list, template, values_of)
  local parts = {}
  for i, entry in ipairs(list) do
    parts[i] = fill(template, values_of and values_of(entry) or entry)
  end
  return table.concat(parts)
end

local TABLE_END = "</tbody>{!foot}</table>\n"

--- The beginning of a table with a class. The first cell of `columns` heads the column of row heads.
local function table_start(class, columns)
  local heads = {}
  for i, column in ipairs(columns) do
    local is_number = column:find "^#" ~= nil
    heads[i] = fill('<th scope="col"{!class}>{title}</th>', {
      class = is_number and ' class="number"' or "",
      title = column:gsub("^#", ""),
    })
  end
  return fill('<table class="{class}">\n<thead><tr>{!heads}</tr></thead>\n<tbody>\n', {
    class = class,
    heads = table.concat(heads),
  })
end

local function framed(class, columns, body, foot)
  return table_start(class, columns) .. body .. fill(TABLE_END, { foot = foot })
end

-- ---- sections

local function capitalised(text)
  return text:sub(1, 1):upper() .. text:sub(2)
end

local function remains(document)
  local residuals = document.residuals
  if #residuals == 0 then
    return section("What remains", "<p>Nothing that was found.</p>\n")
  end
  local list = each(
    residuals,
    "<li><p><strong>{text}</strong></p><p>Next step: {next_step}</p></li>\n",
    function(residual)
      return { text = capitalised(residual.text), next_step = residual.next_step }
    end
  )
  return section("What remains", '<ul class="remains">\n' .. list .. "</ul>\n")
end

local OUTCOMES = {
  { "confirmed", "confirmed", "The server answered that the role was removed." },
  { "refused", "refused", "The server said no." },
  { "unconfirmed", "unconfirmed", "Sent. What became of the request is not known." },
  { "not_sent", "not sent", "No server received the request." },
}
local TOTAL_ROW =
  '<tr><th scope="row">{word}</th><td class="number">{count}</td><td>{meaning}</td></tr>\n'

local function totals_table(totals)
  local body = each(OUTCOMES, TOTAL_ROW, function(row)
    return { word = row[2], count = markup.count(totals[row[1]]), meaning = row[3] }
  end)
  local foot = fill("<tfoot>\n" .. TOTAL_ROW .. "</tfoot>", {
    word = "planned",
    count = markup.count(totals.total),
    meaning = "The sum of the four.",
  })
  return framed("totals", { "Outcome", "#Removals", "Meaning" }, body, foot)
end

--- "3 confirmed, 1 refused" of what was granted or given back; nil if there is none.
local function outcomes_of(rows, name)
  local counts, parts = {}, {}
  for _, row in ipairs(rows) do
    if row[name] then
      counts[row[name].outcome] = (counts[row[name].outcome] or 0) + 1
    end
  end
  for _, outcome in ipairs(OUTCOMES) do
    local count = counts[outcome[1]]
    parts[#parts + 1] = count and markup.count(count) .. " " .. outcome[2]
  end
  return parts[1] and table.concat(parts, ", ")
end

--- The confirmed removals that the last round did not read back.
local function not_read_back(rows)
  local count = 0
  for _, row in ipairs(rows) do
    count = count + (row.outcome == "confirmed" and not row.read_back and 1 or 0)
  end
  return count
end

local NOT_READ_BACK = "%s confirmed removals were not read back by the last round: an earlier round"
  .. " made them, or the round was cut short. The last reading of each resource is below."

local function totals(document, counts)
  local read, rows = document.read_back, document.rows
  local granted, given_back = outcomes_of(rows, "granted"), outcomes_of(rows, "given_back")
  local lines = {
    ("Read back by the last round: %s gone, %s still there, %s could not be read."):format(
      markup.count(read.gone),
      markup.count(read.still_there),
      markup.count(read.unreadable)
    ),
  }
  local others = not_read_back(rows)
  lines[#lines + 1] = others > 0 and NOT_READ_BACK:format(markup.count(others)) or nil
  lines[#lines + 1] = granted
    and "Granted to a successor: " .. granted .. "."
  lines[#lines + 1] = given_back and "Given back by undo: " .. given_back .. "."
  local text = each(lines, "<p>{line}</p>\n", function(line)
    return { line = line }
  end)
  local links = resources.links(counts)
  local each_resource = links ~= "" and "<p>Each resource: " .. links .. ".</p>\n" or ""
  return section("Planned removals", totals_table(document.totals) .. text .. each_resource)
end

local COVERAGE_ROW = [[
<tr><th scope="row">{name}</th><td class="number">{listed}</td>]]
  .. [[<td class="number">{read}</td><td>{!complete}{!missing}{!why}</td></tr>
]]

--- What of the resources of a list could not be read: "1 forbidden, 2 failed".
local function missing_of(covered)
  local parts = {}
  for _, name in ipairs { "forbidden", "not_found", "failed" } do
    local count = covered[name]
    parts[#parts + 1] = count > 0 and markup.count(count) .. " " .. name:gsub("_", " ") or nil
  end
  return parts[1] and table.concat(parts, ", ")
end

local function covered_values(covered)
  local missing = missing_of(covered)
  local is_whole = covered.complete and not missing
  return {
    name = covered.name,
    listed = markup.count(covered.listed),
    read = markup.count(covered.read),
    complete = is_whole and '<span class="good">yes</span>' or '<span class="wait">no</span>',
    missing = missing and fill("<small>Not read: {it}.</small>", { it = missing }),
    why = covered.why and fill("<small>{why}</small>", covered),
  }
end

local function coverage_table(coverage)
  local listed, read = 0, 0
  for _, covered in ipairs(coverage) do
    listed, read = listed + covered.listed, read + covered.read
  end
  local foot = fill("<tfoot>\n" .. COVERAGE_ROW .. "</tfoot>", {
    name = "all",
    listed = markup.count(listed),
    read = markup.count(read),
  })
  local columns = { "List", "#Listed", "#Read", "Complete" }
  return framed("coverage", columns, each(coverage, COVERAGE_ROW, covered_values), foot)
end

--- Lists of people, groups and accounts that could not be read.
local function unread(document)
  local names = {}
  for name in pairs(document.unread) do
    names[#names + 1] = name
  end
  table.sort(names)
  return each(names, "<p>The list of {name} could not be read: {why}</p>\n", function(name)
    return { name = name:gsub("_", " "), why = document.unread[name] }
  end)
end

local function without_list(names)
  if #names == 0 then
    return ""
  end
  local text = "<p>The service has no list for {kinds} of resource, so nobody can find them all: "
    .. "<code>{names}</code>.</p>\n"
  return fill(text, {
    kinds = markup.plural(#names, "kind"),
    names = table.concat(names, ", "),
  })
end

local function what_was_read(document)
  local listed = #document.coverage > 0 and coverage_table(document.coverage)
    or "<p>No list was read.</p>\n"
  return section(
    "What was read",
    listed .. unread(document) .. without_list(document.without_list)
  )
end

local ONLY_CREATOR = [[
<section>
<h2>Left to their creator alone</h2>
<p>Nobody but the creator has a role on these.</p>
]]
local ONLY_CREATOR_ROW = '<tr><th scope="row">{name}</th><td><code>{resource_id}</code></td>'
  .. "<td>{resource_type}</td></tr>\n"

--- Write a section with the resources on which the creator alone has a role. Each row is written by
--- itself, because a workspace may have thousands of rows.
local function write_only_creator(document, write)
  if #document.only_creator == 0 then
    return
  end
  write(ONLY_CREATOR .. table_start("alone", { "Resource", "Id", "Type" }))
  for _, row in ipairs(document.only_creator) do
    write(fill(ONLY_CREATOR_ROW, row))
  end
  write(fill(TABLE_END, {}) .. "</section>\n")
end

-- ---- the case

local function facts(document)
  local subject, owner, successor = document.subject, document.owner, document.replace_by
  local list = {
    { "Subject", KINDS[subject.kind] .. ": " .. subject.label .. " (" .. subject.id .. ")" },
    successor and { "Successor", successor.label .. " (" .. successor.id .. ")" } or false,
    document.note and { "Note", document.note } or false,
    { "Server", document.server },
    {
      "Owner of the API key",
      owner.user_id .. (owner.seat_type and " (" .. owner.seat_type .. ")" or ""),
    },
    { "Made", markup.moment(document.made_at) .. " by " .. document.tool },
  }
  local parts = {}
  for _, fact in ipairs(list) do
    parts[#parts + 1] = fact and fill("<dt>{name}</dt><dd>{value}</dd>\n", {
      name = fact[1],
      value = fact[2],
    }) or nil
  end
  return '<dl class="facts">\n' .. table.concat(parts) .. "</dl>\n"
end

local COMMAND_ROW = [[
<tr><th scope="row">{name}{!arguments}</th><td>{began}</td><td>{ended}</td><td>{by}</td></tr>
]]

local NO_END = "stopped or killed before its end"

--- A program that uses the library need not say who runs it.
local function runner_of(command)
  if command.operator and command.host then
    return command.operator .. " on " .. command.host
  end
  return command.operator or command.host or "not recorded"
end

local function command_values(command)
  local round = command.round and (", round %d"):format(command.round) or ""
  return {
    name = command.command .. round,
    arguments = command.arguments and fill("<small><code>{arguments}</code></small>", command),
    began = markup.moment(command.began_at),
    ended = command.ended_at and markup.moment(command.ended_at) or NO_END,
    by = runner_of(command),
  }
end

local function history(document)
  local rows = each(document.commands, COMMAND_ROW, command_values)
  local content = rows ~= "" and framed("commands", { "Command", "Began", "Ended", "Run by" }, rows)
    or "<p>No command was recorded.</p>\n"
  return section("The case", facts(document) .. content)
end

local function files(document)
  local rows = each(
    document.files,
    '<tr><th scope="row">{name}</th><td>{!hash}</td></tr>\n',
    function(file)
      local hash = file.sha256 and fill("<code>{sha256}</code>", file) or "not computed"
      return { name = file.name, hash = hash }
    end
  )
  local content = rows ~= "" and framed("files", { "File", "SHA-256" }, rows) or "<p>None.</p>\n"
  return section("Files of the case", content)
end

local function limits(document)
  if #document.limits == 0 then
    return ""
  end
  local list = each(document.limits, "<li>{line}</li>\n", function(line)
    return { line = line }
  end)
  return section("Limits", '<ul class="dashed">\n' .. list .. "</ul>\n")
end

--- Write the page of a document.
---@param document table
---@param write fun(html: string)
function M.write(document, write)
  local counts = groups.count(document.rows)
  write(head(document))
  write(remains(document))
  write(totals(document, counts))
  write(what_was_read(document))
  write "<section>\n<h2>Each resource</h2>\n"
  if #document.rows == 0 then
    write "<p>None has a role of the subject.</p>\n"
  end
  resources.write(document, counts, write)
  write "</section>\n"
  write_only_creator(document, write)
  write(history(document))
  write(files(document))
  write(limits(document))
  write "</main>\n</body>\n</html>\n"
end

return M
