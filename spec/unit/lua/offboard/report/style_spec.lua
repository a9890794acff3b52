local style = require "elevenlabs.workspace.offboard.report.style"

describe("the report's style", function()
  it("loads nothing and closes no tag", function()
    for _, word in ipairs { "url(", "@import", "image-set", "src:", "<" } do
      assert.is_nil(style:find(word, 1, true), word)
    end
  end)

  it("has a dark form for screens alone, so that paper stays light", function()
    assert.matches("@media screen and (prefers-color-scheme: dark)", style, 1, true)
    local _, count = style:gsub("prefers%-color%-scheme", "")
    assert.are.equal(1, count)
  end)

  it("closes every block", function()
    local _, opened = style:gsub("{", "")
    local _, closed = style:gsub("}", "")
    assert.are.equal(opened, closed)
  end)
end)
