local items_csv = require "elevenlabs.workspace.items.csv"
local lines = require "elevenlabs.workspace.items.lines"
local report = require "spec.support.report"
local report_csv = require "elevenlabs.workspace.offboard.report.csv"
local workspace = require "elevenlabs.workspace"

local function written(document)
  local parts = {}
  report_csv.write(document, function(text)
    parts[#parts + 1] = text
  end)
  return table.concat(parts)
end

--- Call with the path of a file that holds the CSV.
local function with_file(document, use)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(written(document))
  file:close()
  use(path)
  os.remove(path)
end

--- The rows as tables by column.
local function rows_of(document)
  local rows = {}
  with_file(document, function(path)
    local file = assert(io.open(path, "rb"))
    local reader = items_csv.over(lines.new(file))
    local header, cells = reader:next(), reader:next()
    while cells do
      local row = {}
      for i, name in ipairs(header) do
        row[name] = items_csv.bare(cells[i])
      end
      rows[#rows + 1], cells = row, reader:next()
    end
    file:close()
  end)
  return rows
end

describe("the report as CSV", function()
  it("holds all that is known of a row", function()
    local row = rows_of(report.document {
      report.row("voice_1", "voice", "Narrator", {
        roles_before = { "viewer", "role_night", "editor" },
        why = "slow",
        attempts = 2,
        seen = "changed",
        roles_now = { "admin" },
        granted = { role = "editor", outcome = "confirmed", at = "2026-11-29T17:00:01Z" },
        given_back = { role = "editor", outcome = "refused", at = "2026-11-29T18:00:01Z" },
      }),
    })[1]
    assert.are.same({
      resource_id = "voice_1",
      resource_type = "voice",
      user_email = "mia@example.com",
      role = "editor",
      _name = "Narrator",
      _creator = "user_ada",
      _roles_before = "viewer role_night editor",
      _action = "remove",
      _reason = "",
      _outcome = "confirmed",
      _why = "slow",
      _read_back = "gone",
      _seen = "changed",
      _roles_now = "admin",
      _status = "200",
      _request_id = "req_voice_1",
      _at = "2026-11-29T17:00:07Z",
      _attempts = "2",
      _granted_role = "editor",
      _granted_outcome = "confirmed",
      _granted_at = "2026-11-29T17:00:01Z",
      _given_back_role = "editor",
      _given_back_outcome = "refused",
      _given_back_at = "2026-11-29T18:00:01Z",
    }, row)
  end)

  it("is what unshare reads, and names the subject as unshare does", function()
    local person = { kind = "user", id = "user_mia", label = "mia@example.com" }
    local group = { kind = "group", id = "group_studio", label = "Studio" }
    for _, case in ipairs {
      { person, "user_email", "mia@example.com" },
      { group, "group_id", "group_studio" },
    } do
      local document = report.document({ report.row("voice_1", "voice") }, { subject = case[1] })
      with_file(document, function(path)
        local item = assert(workspace.items.from_csv(path)):next()
        assert.are.same({ "voice_1", case[3] }, { item.resource_id, item[case[2]] })
        assert.is_nil(item._name)
      end)
    end
  end)

  it("names no target for a subject without a name that unshare knows", function()
    for _, subject in ipairs {
      { kind = "user", id = "user_mia", label = "user_mia" },
      { kind = "service_account", id = "service_deploy", label = "deploy@home" },
    } do
      local row = rows_of(report.document({ report.row("a", "voice") }, { subject = subject }))[1]
      assert.is_nil(row.user_email or row.group_id or row.workspace_api_key_id)
      assert.are.equal(subject.id, row._subject)
    end
  end)

  it("keeps names from being formulas, and is UTF-8 whatever a name holds", function()
    local text = written(report.document {
      report.row("=1+1", "voice", '=HYPERLINK("http://x","y")'),
      report.row("b", "voice", "Caf\233, \"two\"\nlines"),
      report.row("c", "voice", "\27[2J\226\128\174evil"),
    })
    assert.matches("\n'=1+1,voice,", text, 1, true)
    assert.matches([["'=HYPERLINK(""http://x"",""y"")"]], text, 1, true)
    assert.matches('"Caf\239\191\189, ""two"" lines"', text, 1, true)
    assert.matches('" [2J evil"', text, 1, true)
  end)

  it("has a header alone if no row is there", function()
    local _, lines_written = written(report.document({})):gsub("\n", "")
    assert.are.equal(1, lines_written)
  end)
end)
