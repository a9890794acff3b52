--- The tables of resources in the HTML report: a table for each group of rows, a row a resource.

local groups = require "elevenlabs.workspace.offboard.report.groups"
local markup = require "elevenlabs.workspace.offboard.report.markup"

local M = {}

local fill = markup.fill

-- A browser lays a table out as a whole, and lays out only the parts of a page that are seen.
local ROWS_A_TABLE = 500

local HEADING = [[
<h3 id="{group}">{title} ({count})</h3>
<p>{text}</p>
]]
local TABLE = [[
<div class="part"><table class="resources {class}">
<thead><tr><th scope="col">Resource</th><th scope="col">Role before</th>{!heads}</tr></thead>
<tbody>
]]
local TABLE_END = "</tbody></table></div>\n"
local SENT = [[<th scope="col">Outcome</th><th scope="col">Last reading</th>]]
  .. [[<th scope="col">Answer of the server</th>]]
local KEPT = [[<th scope="col">Why it was kept</th><th scope="col">Last reading</th>]]

local TEXTS = {
  open = {
    title = "To look at first",
    text = "The server did not confirm a change here, or the last reading saw a role.",
  },
  given_back = {
    title = "Given back",
    text = "An undo gave these roles back.",
  },
  planned = {
    title = "To be removed",
    text = "The plan removes these roles. No request was sent for them.",
  },
  gone = {
    title = "Gone",
    text = "These roles were not there at the last reading.",
  },
  kept = {
    title = "Kept",
    text = "The plan does not touch these.",
  },
}

--- The states of a row, as word and class.
local OUTCOMES = {
  confirmed = { "confirmed", "good" },
  refused = { "refused", "bad" },
  unconfirmed = { "unconfirmed", "wait" },
  not_sent = { "not sent", "wait" },
}
local READINGS = {
  gone = { "gone", "good" },
  still_there = { "still there", "bad" },
  changed = { "another role", "bad" },
  new = { "a new role", "bad" },
  came_back = { "a role came back", "bad" },
  kept = { "the role is there", "good" },
  unreadable = { "could not be read", "wait" },
  resource_gone = { "the resource is gone", "good" },
}
local REASONS = {
  creator = "They created the resource, and no request removes a creator's role.",
  protected = "The list of protected resources names it.",
}

local function state(words, value)
  local known = words[value] or { value, "wait" }
  return fill('<span class="{class}">{word}</span>', { word = known[1], class = known[2] })
end

local function small(text)
  return text and fill("<small>{text}</small>", { text = text }) or ""
end

-- ---- cells

local function resource(row)
  return fill('<th scope="row">{!name}<code>{id}</code><small>{type}</small></th>', {
    name = row.name and fill("<b>{name}</b>", row) or '<span class="soft">no name</span>',
    id = row.resource_id,
    type = row.resource_type,
  })
end

local function roles(row)
  local list = table.concat(row.roles_before, ", ")
  return list ~= "" and markup.escape(list) or '<span class="soft">none</span>'
end

--- What was granted to the successor, or given back.
local function further(label, part)
  if not part then
    return ""
  end
  return fill("<small>{label}: {role}, {!state}{at}</small>", {
    label = label,
    role = part.role,
    state = state(OUTCOMES, part.outcome),
    at = part.at and ", " .. markup.stamp(part.at),
  })
end

local function outcome(row)
  local first = row.outcome and state(OUTCOMES, row.outcome)
    or '<span class="soft">nothing sent</span>'
  return first
    .. small(row.why)
    .. further("Successor", row.granted)
    .. further("Given back", row.given_back)
end

local NOT_READ = '<span class="soft">not read</span>'

--- What the last verify saw, or else the round that removed.
local function last_reading(row)
  local seen = row.seen or row.read_back
  local now = row.roles_now and row.roles_now[1] and table.concat(row.roles_now, ", ")
  return seen and state(READINGS, seen) .. small(now) or NOT_READ
end

--- The same for a role that is to stay: no state of the role is good or bad.
local function reading_of_kept(row)
  local seen = row.seen or row.read_back
  local known = READINGS[seen]
  return seen and markup.escape(known and known[1] or seen) or NOT_READ
end

--- What the server said, and when.
local function answer(row)
  local parts = {}
  parts[#parts + 1] = row.status and ("HTTP %d"):format(row.status)
  parts[#parts + 1] = row.attempts and markup.plural(row.attempts, "attempt")
  local text = table.concat(parts, ", ")
  return markup.escape(text)
    .. small(row.at and markup.stamp(row.at))
    .. (row.request_id and fill("<code>{request_id}</code>", row) or "")
end

local function reason(row)
  local text = row.reason and (REASONS[row.reason] or row.reason:gsub("_", " "))
  return text and markup.escape(text) or '<span class="soft">no reason given</span>'
end

-- ---- tables

local function cells(list)
  return "<td>" .. table.concat(list, "</td><td>") .. "</td>"
end

local function sent_row(row)
  return cells { roles(row), outcome(row), last_reading(row), answer(row) }
end

local function kept_row(row)
  return cells { roles(row), reason(row), reading_of_kept(row) }
end

local function write_group(name, count, rows, write)
  local is_kept = name == "kept"
  local cells_of = is_kept and kept_row or sent_row
  local table_start = fill(TABLE, {
    class = is_kept and "kept" or "sent",
    heads = is_kept and KEPT or SENT,
  })
  write(fill(HEADING, {
    group = name,
    title = TEXTS[name].title,
    text = TEXTS[name].text,
    count = markup.count(count),
  }))
  local written = 0
  for _, row in ipairs(rows) do
    if groups.of(row) == name then
      if written % ROWS_A_TABLE == 0 then
        write((written > 0 and TABLE_END or "") .. table_start)
      end
      write("<tr>" .. resource(row) .. cells_of(row) .. "</tr>\n")
      written = written + 1
    end
  end
  write(TABLE_END)
end

--- Links to the groups: "4 to look at first, 1,200 gone".
---@param counts table<string, integer>
---@return string html
function M.links(counts)
  local links = {}
  for _, name in ipairs(groups.ORDER) do
    if counts[name] > 0 then
      links[#links + 1] = fill('<a href="#{name}">{count} {title}</a>', {
        name = name,
        count = markup.count(counts[name]),
        title = TEXTS[name].title:lower(),
      })
    end
  end
  return table.concat(links, ", ")
end

--- Write the tables. A group without rows has none.
---@param document table
---@param counts table<string, integer>
---@param write fun(html: string)
function M.write(document, counts, write)
  for _, name in ipairs(groups.ORDER) do
    if counts[name] > 0 then
      write_group(name, counts[name], document.rows, write)
    end
  end
end

return M
