local secrets = require "elevenlabs.workspace.secrets"

describe("secrets", function()
  local mask = secrets.masker { "sk_1", "pa55", "" }

  it("takes every secret out of text, tables and their keys", function()
    assert.are.equal("[secret] and [secret][secret]", mask "sk_1 and pa55sk_1")
    assert.are.same(
      { ["[secret]"] = { "x[secret]", 4, true } },
      mask { sk_1 = { "xpa55", 4, true } }
    )
  end)

  it("leaves other values as they are", function()
    assert.are.equal(7, mask(7))
    assert.is_nil(mask(nil))
    assert.are.equal("plain", mask "plain")
  end)

  it("ends with secrets that are part of its own mark", function()
    assert.are.equal("[secret]", secrets.masker { "s" } "s")
    assert.are.equal("[[secret]]", secrets.masker { "secret" } "[secret]")
  end)

  it("takes out one more key", function()
    local with = secrets.with_key(mask, "one")
    assert.are.equal("[secret] two [secret]", with "one two sk_1")
    assert.are.same({ ["[secret]"] = { "x[secret]" } }, with { one = { "xpa55" } })
    assert.are.equal("one", mask "one")
  end)

  it("leave a copy of a table of the user's, whatever the table holds", function()
    local looped = { "sk_1" }
    looped.self = looped
    local given = setmetatable({ sk_1 = "x sk_1", [7] = 1, t = looped }, {
      __index = error,
      __pairs = error,
    })
    assert.are.same(
      { ["[secret]"] = "x [secret]", [7] = 1, t = looped },
      secrets.in_fields(mask, given)
    )
    assert.are.equal("x sk_1", rawget(given, "sk_1"))
  end)

  it("are held by a text that is the key, or has a long key within", function()
    assert.is_true(secrets.holds("x sk_0123456789", "sk_0123456789"))
    assert.is_true(secrets.holds("sk_0123456%d", "sk_0123456%d"))
    assert.is_true(secrets.holds("k", "k"))
    for _, row in ipairs { { "kk", "k" }, { "sk_012345678", "sk_0123456789" }, { "x", false } } do
      assert.is_false(secrets.holds(row[1], row[2]))
    end
  end)

  it("takes an empty key for no secret", function()
    assert.are.equal("two [secret]", secrets.with_key(mask, "") "two sk_1")
  end)
end)
