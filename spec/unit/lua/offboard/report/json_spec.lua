local cjson = require "cjson"
local report = require "spec.support.report"
local report_json = require "elevenlabs.workspace.offboard.report.json"

local function written(document)
  local parts = {}
  report_json.write(document, function(text)
    parts[#parts + 1] = text
  end)
  return table.concat(parts)
end

describe("the report as JSON", function()
  it("is the document", function()
    local document = report.case(3)
    assert.are.same(document, cjson.decode(written(document)))
  end)

  it("writes an empty list as a list, and a map as a map", function()
    local text = written(report.document { report.row("a", "voice", nil, { roles_before = {} }) })
    for _, name in ipairs {
      "commands",
      "coverage",
      "files",
      "limits",
      "residuals",
      "roles_before",
      "without_list",
    } do
      assert.matches(('"%s":[]'):format(name), text, 1, true)
    end
    assert.matches('"unread":{}', text, 1, true)
    local end_of_empty = '"only_creator":[\n],"rows":[\n]}\n'
    assert.matches(end_of_empty, written(report.document {}), 1, true)
  end)

  it("has a line for each row", function()
    local _, count = written(report.case(5)):gsub('\n{"action":', "")
    assert.are.equal(#report.case(5).rows, count)
  end)

  it("is UTF-8 whatever a value holds, and leaves the document as it is", function()
    local document = report.document({ report.row("a\255", "voice") }, {
      note = "\195",
      unread = { ["\254"] = "x" },
    })
    local text = written(document)
    assert.is_nil(text:find "[\195\254\255]")
    assert.matches('"resource_id":"a\239\191\189"', text, 1, true)
    assert.are.equal("a\255", document.rows[1].resource_id)
    assert.is_nil(getmetatable(document.coverage))
  end)
end)
