local cjson = require "cjson"
local html = require "elevenlabs.workspace.offboard.report.html"
local report = require "spec.support.report"
local report_csv = require "elevenlabs.workspace.offboard.report.csv"
local report_json = require "elevenlabs.workspace.offboard.report.json"

local function written(document, form)
  local parts, write = {}, (form or html).write
  write(document, function(text)
    parts[#parts + 1] = text
  end)
  return table.concat(parts)
end

local function has(text, ...)
  for _, part in ipairs { ... } do
    assert.matches(part, text, 1, true)
  end
end

--- The text of a section by its title; nil without such a section.
local function section(page, title)
  for heading, content in page:gmatch "<h2>(.-)</h2>(.-)</section>" do
    if heading == title then
      return content
    end
  end
end

--- Every string of a document becomes this one, numbers and words that have a meaning excepted.
local function spoil(value, evil, name)
  local has_meaning = {
    action = true,
    outcome = true,
    read_back = true,
    kind = true,
  }
  if type(value) == "string" then
    return has_meaning[name] and value or evil
  elseif type(value) ~= "table" then
    return value
  end
  local all = {}
  for key, entry in pairs(value) do
    all[key] = spoil(entry, evil, key)
  end
  return all
end

describe("the report as HTML", function()
  it("says who ran a command as far as this was recorded", function()
    local document = report.case()
    document.commands = {
      { command = "plan", began_at = "2026-11-29T17:00:00Z", operator = "root", host = "admin-1" },
      { command = "verify", began_at = "2026-11-29T17:10:00Z", host = "admin-2" },
      { command = "verify", began_at = "2026-11-29T17:20:00Z" },
    }
    has(
      written(document),
      "<td>root on admin-1</td>",
      "<td>admin-2</td>",
      "<td>not recorded</td>"
    )
  end)

  it("begins with the headline, what remains and the totals, in this order", function()
    local page, titles = written(report.case()), {}
    for title in page:gmatch "<h2>(.-)</h2>" do
      titles[#titles + 1] = title
    end
    assert.are.same({
      "What remains",
      "Planned removals",
      "What was read",
      "Each resource",
      "Left to their creator alone",
      "The case",
      "Files of the case",
      "Limits",
    }, titles)
    local headline = page:find("<h1>Access remains: workspace admin; group Studio", 1, true)
    assert.is_true(headline < page:find("<h2>What remains", 1, true))
  end)

  it("has no script, and a policy that lets nothing load", function()
    local page = written(report.case())
    has(page, [[content="default-src 'none'; style-src 'unsafe-inline'"]])
    for _, word in ipairs { "<script", "<img", "<link", "<iframe", "src=", "url(" } do
      assert.is_nil(page:find(word, 1, true), word)
    end
  end)

  it("names each residual with its next step", function()
    has(
      section(written(report.case()), "What remains"),
      "<strong>The group Studio gives them the editor role on 12 resources.</strong>",
      "Next step: Take them out of the group Studio."
    )
  end)

  it("has totals that add up", function()
    local text = section(written(report.case(1200)), "Planned removals")
    local sum, rows = 0, 0
    for count in text:match("<tbody>(.-)</tbody>"):gmatch '"number">([%d,]+)<' do
      sum, rows = sum + tonumber((count:gsub(",", ""))), rows + 1
    end
    local total = text:match("<tfoot>(.-)</tfoot>"):match '"number">([%d,]+)<'
    assert.are.same({ 4, "1,207", 1207 }, { rows, total, sum })
    has(
      text,
      "Read back by the last round: 1,205 gone, 2 still there, 0 could not be read.",
      "Granted to a successor: 1 confirmed, 1 refused.",
      ">3 to look at first</a>, ",
      ">1,204 gone</a>, ",
      ">2 kept</a>"
    )
  end)

  it("says how many removals the last round did not read back", function()
    assert.is_nil(written(report.case(3)):find("not read back by the last round", 1, true))
    local page = written(report.document {
      report.row("voice_1", "voice"),
      report.row("voice_2", "voice", nil, { read_back = "none" }),
      report.row("voice_3", "voice", nil, { read_back = "none", outcome = "refused" }),
    })
    has(page, "<p>1 confirmed removals were not read back by the last round: an earlier round made")
  end)

  it("says what undo gave back", function()
    local back = { role = "editor", outcome = "confirmed", at = "2026-11-30T09:00:00Z" }
    local page = written(report.document {
      report.row("voice_1", "voice", nil, { read_back = "still_there", given_back = back }),
    })
    has(page, "Given back by undo: 1 confirmed.", '<h3 id="given_back">Given back (1)</h3>')
  end)

  it("says what was read, list by list, and what could not be", function()
    local text = section(written(report.case()), "What was read")
    has(
      text,
      '<tr><th scope="row">voice</th><td class="number">212</td><td class="number">212</td>'
        .. '<td><span class="good">yes</span></td></tr>',
      '<td class="number">94</td><td><span class="wait">no</span>'
        .. "<small>Not read: 1 not found, 1 failed.</small>",
      "<small>HTTP 401: the API key is missing the permission convai_read</small>",
      '<th scope="row">all</th><td class="number">1,212</td><td class="number">1,210</td>',
      "The list of service accounts could not be read: HTTP 401",
      "no list for 4 kinds of resource",
      "avatars, avatar_video_generations, content_generations, songs"
    )
  end)

  it("tells the case: who, for whom, with what, by which commands and from which files", function()
    local page = written(report.case())
    has(
      section(page, "The case"),
      "<dt>Subject</dt><dd>person: mia@example.com (user_mia)</dd>",
      "<dt>Successor</dt><dd>tom@example.com (user_tom)</dd>",
      "<dt>Note</dt><dd>Ticket 4711, asked for by the head of Studio</dd>",
      "<dt>Server</dt><dd>https://api.elevenlabs.io</dd>",
      "<dt>Owner of the API key</dt><dd>user_ada (workspace_admin)</dd>",
      "<dt>Made</dt><dd>29 November 2026, 17:00:09 UTC by elevenlabs-workspace 1.0.0</dd>",
      '<th scope="row">apply, round 1<small><code>offboard apply mia</code></small></th>'
        .. "<td>29 November 2026, 16:40:02 UTC</td><td>stopped or killed before its end</td>"
        .. "<td>root on admin-1</td>"
    )
    has(
      section(page, "Files of the case"),
      "plan.jsonl</th><td><code>8d3f61c0",
      "round-1.unshare.jsonl</th><td>not computed</td>"
    )
    has(section(page, "Limits"), "<li>Later grants are possible: by an admin,")
  end)

  it("leaves empty parts out, or says that nothing is there", function()
    local page = written(report.document({}, { owner = { user_id = "user_ada" } }))
    has(section(page, "What remains"), "Nothing that was found.")
    has(section(page, "What was read"), "No list was read.")
    has(section(page, "Each resource"), "None has a role of the subject.")
    has(section(page, "Files of the case"), "None.")
    has(section(page, "The case"), "<dd>user_ada</dd>", "No command was recorded.")
    assert.is_nil(section(page, "Limits"))
    assert.is_nil(section(page, "Left to their creator alone"))
    local body = page:match "<body>.*"
    for _, word in ipairs { "<dt>Note", "<dt>Successor", "read:", "<h3", "nil", "{" } do
      assert.is_nil(body:find(word, 1, true), word)
    end
  end)

  it("escapes every value", function()
    for _, evil in ipairs {
      "<script>x()</script>",
      "\"'&<b",
      "a\0\27\n\226\128\174b",
      "\255<i>",
    } do
      local page = written(spoil(report.case(), evil))
      assert.is_nil(page:find(evil, 1, true))
      assert.is_nil(page:find "<script")
      assert.is_nil(page:find "<[bi]>[^<]*<[bi]>")
      assert.is_nil(page:find("\0", 1, true))
      assert.is_nil(page:find "[\1-\9\11-\31\127\255]")
      assert.is_nil(page:find("\226\128\174", 1, true))
      local styled = page:match "<style>(.-)</style>"
      assert.is_nil(styled:find("<", 1, true))
    end
  end)

  it("cuts no value at a NUL", function()
    local page = written(spoil(report.case(), "a\0b"))
    has(section(page, "The case"), "person: a\\x00b (a\\x00b)", "<td>a\\x00b on a\\x00b</td>")
    has(page, "by a\\x00b.")
  end)

  it("is the same each time for the same document", function()
    assert.are.equal(written(report.case(20)), written(report.case(20)))
  end)

  it("holds the rows that the CSV and the JSON hold", function()
    local document = report.case(30)
    local in_html, in_csv, in_json = {}, {}, {}
    local tables = section(written(document), "Each resource")
    for id in tables:gmatch '<th scope="row">.-<code>(.-)</code>' do
      in_html[#in_html + 1] = id
    end
    for id in written(document, report_csv):gmatch "\n([%w_]+)," do
      in_csv[#in_csv + 1] = id
    end
    for i, row in ipairs(cjson.decode(written(document, report_json)).rows) do
      in_json[i] = row.resource_id
    end
    assert.are.same(in_json, in_csv)
    table.sort(in_html)
    table.sort(in_csv)
    assert.are.equal(#document.rows, #in_csv)
    assert.are.same(in_csv, in_html)
  end)
end)
