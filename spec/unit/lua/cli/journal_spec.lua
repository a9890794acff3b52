local process = require "spec.support.process"

describe("cli.journal", function()
  it("names its commands", function()
    local code, out, err = process.run { "elevenlabs-workspace", "journal", "--help" }
    assert.are.same({ 0, "" }, { code, err })
    assert.matches("\n   report +say what became of a list's items, and what is left\n", out)
    code, out, err = process.run { "elevenlabs-workspace", "journal", "reprot" }
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("unknown command reprot. Did you mean report?", err, 1, true)
  end)
end)
