local groups = require "elevenlabs.workspace.offboard.report.groups"
local report = require "spec.support.report"
local resources = require "elevenlabs.workspace.offboard.report.resources"

local function written(rows)
  local parts = {}
  resources.write(report.document(rows), groups.count(rows), function(html)
    parts[#parts + 1] = html
  end)
  return table.concat(parts)
end

--- The HTML of a row.
local function row_html(...)
  return written({ report.row(...) }):match "<tbody>\n(.-)</tbody>"
end

local function has(text, ...)
  for _, part in ipairs { ... } do
    assert.matches(part, text, 1, true)
  end
end

describe("the report's tables of resources", function()
  it("tell all of a removal", function()
    has(
      row_html("voice_1", "voice", "Narrator", { roles_before = { "editor", "role_night" } }),
      "<b>Narrator</b><code>voice_1</code><small>voice</small>",
      "<td>editor, role_night</td>",
      '<td><span class="good">confirmed</span></td>',
      '<td><span class="good">gone</span></td>',
      "HTTP 200, 1 attempt<small>2026-11-29 17:00:07Z</small><code>req_voice_1</code>"
    )
  end)

  it("tell why a removal failed, what the successor got and what undo gave back", function()
    local part = { role = "editor", outcome = "not_sent", at = "2026-11-29T17:00:01Z" }
    local html = row_html("voice_1", "voice", nil, {
      outcome = "refused",
      why = "You may not.",
      read_back = "unreadable",
      granted = part,
      given_back = { role = "admin", outcome = "unconfirmed" },
    })
    has(
      html,
      'no name',
      '<span class="bad">refused</span><small>You may not.</small>',
      'Successor: editor, <span class="wait">not sent</span>, 2026-11-29 17:00:01Z',
      'Given back: admin, <span class="wait">unconfirmed</span></small>',
      '<span class="wait">could not be read</span>'
    )
  end)

  it("say what is not there in words", function()
    has(
      row_html("voice_1", "voice", nil, report.unsent { roles_before = {} }),
      '<span class="soft">none</span>',
      '<span class="soft">nothing sent</span>',
      '<span class="soft">not read</span>'
    )
  end)

  it("say why a resource is kept, for reasons that are not known too", function()
    for reason, text in pairs {
      creator = "They created the resource, and no request removes a creator&#39;s role.",
      protected = "The list of protected resources names it.",
      only_in_group = "only in group",
      ["<none>"] = "&lt;none&gt;",
    } do
      local changes = report.unsent { action = "keep", reason = reason, read_back = "still_there" }
      has(row_html("a", "voice", nil, changes), "<td>" .. text .. "</td><td>still there</td>")
    end
    local kept = report.unsent { action = "keep" }
    has(row_html("a", "voice", nil, kept), "no reason given", "not read")
  end)

  it("hold a table for each group that has rows, in a fixed order", function()
    local html = written {
      report.row("kept", "voice", nil, report.unsent { action = "keep" }),
      report.row("gone", "voice"),
      report.row("planned", "voice", nil, report.unsent {}),
      report.row("open", "voice", nil, { read_back = "still_there" }),
    }
    local ids = {}
    for id in html:gmatch '<h3 id="([^"]+)"' do
      ids[#ids + 1] = id
    end
    assert.are.same({ "open", "planned", "gone", "kept" }, ids)
    has(html, "To look at first (1)", "To be removed (1)", "Gone (1)", "Kept (1)")
    assert.are.equal("", written {})
  end)

  it("hold 500 rows at most, so that a browser can show 100,000", function()
    local rows = {}
    for i = 1, 1001 do
      rows[i] = report.row("voice_" .. i, "voice")
    end
    local html, sizes = written(rows), {}
    for body in html:gmatch "<tbody>\n(.-)</tbody></table></div>\n" do
      sizes[#sizes + 1] = select(2, body:gsub("<tr>", ""))
    end
    assert.are.same({ 500, 500, 1 }, sizes)
    assert.are.equal(1, select(2, html:gsub("<h3", "")))
  end)

  it("are linked to by counts", function()
    local counts = { open = 2, given_back = 0, planned = 0, gone = 1200, kept = 0 }
    assert.are.equal(
      '<a href="#open">2 to look at first</a>, <a href="#gone">1,200 gone</a>',
      resources.links(counts)
    )
  end)
end)
