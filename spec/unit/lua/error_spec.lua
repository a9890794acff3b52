local errors = require "elevenlabs.workspace.error"

describe("error", function()
  local err = errors.new {
    kind = "permission",
    outcome = "refused",
    message = "no admin access",
    status = 403,
    code = "no_admin_access",
    request_id = "r1",
    attempts = 1,
  }
  local TEXT = "refused (permission, HTTP 403, no_admin_access): no admin access [request-id r1]"

  it("reads like text", function()
    assert.are.equal(TEXT, tostring(err))
  end)

  it("concatenates like text, on both sides", function()
    assert.are.equal("failed: " .. TEXT .. "!", "failed: " .. err .. "!")
    assert.are.equal(TEXT .. TEXT, err .. err)
  end)

  it("is told from other tables", function()
    assert.is_true(errors.is(err))
    assert.is_false(errors.is {})
    assert.is_false(errors.is "text")
  end)

  it("lets no server text move a terminal's cursor or begin a line", function()
    local evil = errors.new { kind = "server", outcome = "unconfirmed", message = "a\27[2J\r\nb" }
    evil.code = "c\nd"
    assert.is_nil(tostring(evil):find "%c")
    local message = "a\194\15531mb\195\164"
    evil = errors.new { kind = "server", outcome = "unconfirmed", message = message }
    assert.matches("a 31mb\195\164", tostring(evil), 1, true) -- U+009B begins a command too
  end)

  it("shows what turns the direction of a text as escapes", function()
    local evil = errors.new {
      kind = "server",
      outcome = "unconfirmed",
      message = "a\226\128\174b\226\129\167c\226\128\168d \226\130\172",
    }
    assert.matches("a\\u{202E}b\\u{2067}c\\u{2028}d \226\130\172", tostring(evil), 1, true)
  end)

  it("says not_sent for what never left", function()
    local invalid = errors.invalid("region", "region must be one of ...")
    assert.are.equal("not_sent", invalid.outcome)
    assert.are.equal("invalid_argument", invalid.kind)
    assert.are.equal("region", invalid.field)
    assert.are.equal(0, invalid.attempts)
    assert.is_false(invalid.retryable)
  end)
end)
