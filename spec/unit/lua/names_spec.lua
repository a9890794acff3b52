local cjson = require "cjson"
local names = require "elevenlabs.workspace.names"

describe("names", function()
  it("are quoted without what looks like a secret", function()
    assert.are.equal("...", names.quotable "sk_abc")
    assert.are.equal("a sk_abc", names.quotable "a sk_abc")
    assert.are.equal("SK_abc", names.quotable "SK_abc")
  end)

  it("are quoted up to 40 bytes", function()
    assert.are.equal(("x"):rep(40), names.quotable(("x"):rep(40)))
    assert.are.equal(("x"):rep(40), names.quotable(("x"):rep(41)))
    assert.are.equal(("x"):rep(39) .. "?", names.quotable(("x"):rep(39) .. "\195\164"))
  end)

  it("are quoted as UTF-8, with a question mark for each other byte", function()
    for _, row in ipairs {
      { "\195\164\226\130\172\240\159\152\128", "\195\164\226\130\172\240\159\152\128" },
      { "a\195b", "a?b" },
      { "\164\195\164", "?\195\164" },
      { "\226\130", "??" },
      { "\192\128", "??" },
      { "\245\128\128\128", "????" },
      { "\195\195\164", "?\195\164" },
    } do
      assert.are.equal(row[2], names.quotable(row[1]))
    end
  end)

  it("that are unknown are told with the nearest one", function()
    local known = { "resource_id", "role" }
    local near = names.unknown("field", "rol", known)
    assert.are.equal('unknown field "rol": did you mean role?', near)
    assert.are.equal('unknown field "zzzzzz"', names.unknown("field", "zzzzzz", known))
    assert.are.equal('unknown field "..."', names.unknown("field", "sk_key", known))
    assert.are.equal("column names must be strings, got a number",
      names.unknown("column", 1, known))
  end)

  describe("of a table are copied", function()
    local KNOWN = { "a", "b" }

    it("raw, without JSON's null", function()
      local given = setmetatable({ a = false, b = cjson.null }, {
        __index = error,
        __pairs = error,
      })
      local copy = names.copy("option", given, KNOWN)
      assert.are.same({ a = false }, copy)
      assert.are_not.equal(given, copy)
    end)

    it("unless one is unknown, which the error names", function()
      for _, row in ipairs {
        { { c = 1 }, "c" },
        { { c = cjson.null }, "c" },
        { { sk_key = 1 }, "..." },
        { { 1 }, "number" },
      } do
        local copy, err = names.copy("option", row[1], KNOWN)
        assert.is_nil(copy)
        assert.are.same({ "invalid_argument", "not_sent", row[2] },
          { err.kind, err.outcome, err.field })
      end
    end)
  end)

  it("of methods are told when one is called with a dot", function()
    names.check_self({ engine = {} }, "call:done()")
    for _, self in ipairs { 1, {}, { engine = 1 } } do
      local function method()
        names.check_self(self, "call:done()")
      end
      local line
      local ok, why = pcall(function()
        line = debug.getinfo(1, "l").currentline + 1
        method() -- this line is blamed
      end)
      assert.is_false(ok)
      local blame = ("names_spec.lua:%d: call it with a colon: call:done()"):format(line)
      assert.matches(blame, why, 1, true)
    end
  end)
end)
