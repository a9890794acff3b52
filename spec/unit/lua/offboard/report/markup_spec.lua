local markup = require "elevenlabs.workspace.offboard.report.markup"

describe("the report's markup", function()
  for _, row in ipairs {
    { "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
    { [["'&]], "&quot;&#39;&amp;" },
    { "a\0b\27[31m\r\n", "a\\x00b\\x1B[31m\\x0D\\x0A" },
    { "no\226\128\174sey", "no\\u{202E}sey" },
    { "\194\133", "\\u{85}" },
    { "a\195<b>\255", "a\239\191\189&lt;b&gt;\239\191\189" },
    { "Zoë 日本 😀", "Zoë 日本 😀" },
    { 12, "12" },
  } do
    it(("escapes %q"):format(row[1]), function()
      assert.are.equal(row[2], markup.escape(row[1]))
    end)
  end

  it("escapes what fills a template, but for what is HTML already", function()
    local values = { name = "{!name}<%1>", html = "<b>{name}%1</b>", sha256 = "0f" }
    assert.are.equal(
      "<i>{!name}&lt;%1&gt;</i><b>{name}%1</b>0f {}",
      markup.fill("<i>{name}</i>{!html}{none}{sha256} {}", values)
    )
  end)

  it("writes a string for a style sheet that nothing in the string ends", function()
    assert.are.equal('"mia@example.com, 2026-11"', markup.css_string "mia@example.com, 2026-11")
    assert.are.equal(
      [["a\000022\00003B\00007D\00003C\00002Fstyle\00003E\00005Cn"]],
      markup.css_string 'a";}</style>\\n'
    )
    assert.is_nil(markup.css_string("a\nb\255"):find "\n")
  end)

  it("groups the digits of numbers", function()
    local written = {}
    for i, number in ipairs { 0, 7, 999, 1000, 123456, 1234567.0 } do
      written[i] = markup.count(number)
    end
    assert.are.same({ "0", "7", "999", "1,000", "123,456", "1,234,567" }, written)
    assert.are.equal("1 attempt", markup.plural(1, "attempt"))
    assert.are.equal("1,204 resources", markup.plural(1204, "resource"))
  end)

  it("writes times for people, and leaves other text as it is", function()
    assert.are.equal("9 March 2026, 07:00:03 UTC", markup.moment "2026-03-09T07:00:03Z")
    assert.are.equal("9 March 2026, 07:00:03 UTC", markup.moment "2026-03-09T07:00:03.250Z")
    assert.are.equal("2026-03-09 07:00:03Z", markup.stamp "2026-03-09T07:00:03Z")
    for _, other in ipairs { "", "soon", "2026-13-09T07:00:03Z", "2026-03-09T07:00:03+01:00" } do
      assert.are.equal(other, markup.moment(other))
    end
  end)
end)
