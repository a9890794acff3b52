local cjson = require "cjson"
local probe = require "probe"

local function args(changes)
  local all = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
  for name, value in pairs(changes or {}) do
    all[name] = value ~= "absent" and value or nil
  end
  return all
end

describe("request", function()
  it("builds an unshare", function()
    local method, target, body, repeatable = probe.request("unshare", args())
    assert.are.equal("POST", method)
    assert.are.equal("/v1/workspace/resources/id1/unshare", target)
    assert.are.same({ resource_type = "voice", user_email = "a@example.com" }, cjson.decode(body))
    assert.is_true(repeatable)
  end)

  it("builds a share, which must not be repeated", function()
    local method, target, body, repeatable = probe.request("share", args { role = "editor" })
    assert.are.equal("POST", method)
    assert.are.equal("/v1/workspace/resources/id1/share", target)
    assert.are.same(
      { resource_type = "voice", user_email = "a@example.com", role = "editor" },
      cjson.decode(body)
    )
    assert.is_false(repeatable)
  end)

  it("builds a get, without a body", function()
    local method, target, body = probe.request("get", args { user_email = "absent" })
    assert.are.equal("GET", method)
    assert.are.equal("/v1/workspace/resources/id1?resource_type=voice", target)
    assert.are.equal("", body)
  end)

  for _, target in ipairs { "user_email", "group_id", "workspace_api_key_id" } do
    it("sends " .. target .. " alone", function()
      local _, _, body = probe.request(
        "unshare",
        args { user_email = "absent", [target] = "someone@example.com" }
      )
      local sent = { resource_type = "voice", [target] = "someone@example.com" }
      assert.are.same(sent, cjson.decode(body))
    end)
  end

  it("percent-encodes all but the unreserved characters of an id", function()
    local id = "a?b#c\\d+e&f=g@h:i~j_k.l-m\195\164"
    local _, target = probe.request("unshare", args { resource_id = id })
    assert.are.equal(
      "/v1/workspace/resources/a%3Fb%23c%5Cd%2Be%26f%3Dg%40h%3Ai~j_k.l-m%C3%A4/unshare",
      target
    )
  end)

  it("leaves no other byte as it is", function()
    for byte = 0x20, 0x7e do
      local char = string.char(byte)
      if not char:find '[/%% "<>,;`]' then -- which no id may hold
        local _, target = probe.request("unshare", args { resource_id = "x" .. char })
        local sent = char:find "[%w._~-]" and char or ("%%%02X"):format(byte)
        assert.are.equal(("/v1/workspace/resources/x%s/unshare"):format(sent), target)
      end
    end
  end)

  it("writes any text as a JSON string that reads back the same", function()
    local text = [[o'hara\backslash/slash.äöü日本@example.com]] .. "\240\159\152\128"
    local _, _, body = probe.request("unshare", args { user_email = text })
    assert.are.equal(text, cjson.decode(body).user_email)
    local kind = [[a type "of quotes" and \backslashes\]]
    local _, _, other =
      probe.request("unshare", args { resource_type = kind, allow_unknown_resource_type = true })
    assert.are.equal(kind, cjson.decode(other).resource_type)
  end)

  it("builds the longest fields that it accepts", function()
    local longest = ("\\"):rep(510) .. "@x"
    local _, target, body = probe.request("unshare", {
      resource_id = longest,
      resource_type = "voice",
      user_email = longest,
    })
    assert.are.equal(#"/v1/workspace/resources//unshare" + 3 * 511 + 1, #target)
    assert.are.equal(longest, cjson.decode(body).user_email)
  end)

  it("takes JSON's null for an absent field", function()
    local _, _, body = probe.request("unshare", args { group_id = cjson.null })
    assert.are.same({ resource_type = "voice", user_email = "a@example.com" }, cjson.decode(body))
  end)

  it("says what a role is for", function()
    local _, failure = probe.request("unshare", args { role = "viewer" })
    assert.are.equal("role", failure.field)
    assert.matches("unshare removes any role", failure.message)
    _, failure = probe.request("share", args())
    assert.are.equal("role", failure.field)
    _, failure = probe.request("share", args { role = "admim" })
    assert.matches('did you mean "admin"', failure.message)
  end)

  -- ---- what no id and no address holds

  local NAMES = {
    ["\0"] = "U+0000 NUL",
    ["\t"] = "U+0009 TAB",
    ["\n"] = "U+000A LINE FEED",
    ["\27"] = "U+001B CONTROL CHARACTER",
    ["\127"] = "U+007F CONTROL CHARACTER",
    ["\194\133"] = "U+0085 CONTROL CHARACTER",
    [" "] = "a space",
    ['"'] = 'a double quote (")',
    [","] = "a comma",
    [";"] = "a semicolon",
    ["<"] = "an angle bracket (<)",
    [">"] = "an angle bracket (>)",
    ["`"] = "a backtick (`)",
    ["\194\160"] = "U+00A0 NO-BREAK SPACE",
    ["\194\173"] = "U+00AD SOFT HYPHEN",
    ["\225\154\128"] = "U+1680 OGHAM SPACE MARK",
    ["\226\128\130"] = "U+2002 EN SPACE",
    ["\226\128\139"] = "U+200B ZERO WIDTH SPACE",
    ["\226\128\143"] = "U+200F RIGHT-TO-LEFT MARK",
    ["\226\128\152"] = "U+2018 LEFT SINGLE QUOTATION MARK",
    ["\226\128\153"] = "U+2019 RIGHT SINGLE QUOTATION MARK",
    ["\226\128\156"] = "U+201C LEFT DOUBLE QUOTATION MARK",
    ["\226\128\157"] = "U+201D RIGHT DOUBLE QUOTATION MARK",
    ["\226\128\158"] = "U+201E DOUBLE LOW-9 QUOTATION MARK",
    ["\226\128\168"] = "U+2028 LINE SEPARATOR",
    ["\226\128\169"] = "U+2029 PARAGRAPH SEPARATOR",
    ["\226\128\174"] = "U+202E RIGHT-TO-LEFT OVERRIDE",
    ["\226\128\175"] = "U+202F NARROW NO-BREAK SPACE",
    ["\226\129\160"] = "U+2060 WORD JOINER",
    ["\226\129\169"] = "U+2069 DIRECTIONAL ISOLATE",
    ["\227\128\128"] = "U+3000 IDEOGRAPHIC SPACE",
    ["\239\187\191"] = "U+FEFF ZERO WIDTH NO-BREAK SPACE (BYTE ORDER MARK)",
    ["\239\191\189"] = "U+FFFD REPLACEMENT CHARACTER (of a damaged text)",
    ["\243\160\129\129"] = "U+E0041 TAG OR VARIATION SELECTOR",
  }
  local IDENTIFIERS = { "resource_id", "user_email", "group_id", "workspace_api_key_id" }

  local function refused(field, value, changes)
    local all = args(changes)
    if field ~= "resource_id" then
      all.user_email = nil
    end
    all[field] = value
    local method, failure = probe.request("unshare", all)
    assert.is_nil(method)
    assert.are.same({ "invalid_argument", field }, { failure.kind, failure.field })
    return failure.message
  end

  for character, name in pairs(NAMES) do
    it("case 10: names " .. name .. " and its place, in each id and address", function()
      for i, field in ipairs(IDENTIFIERS) do
        field = character == "<" and i == 2 and "group_id" or field -- an address has its own words
        local what = field .. " holds " .. name
        assert.are.equal(what .. " (character 1)", refused(field, character .. "mia@x"))
        assert.are.equal(what .. " (character 3)", refused(field, "é@" .. character .. "mia"))
        assert.are.equal(what .. " (character 6)", refused(field, "mia@x" .. character))
      end
    end)
  end

  it("case 10: takes letters of any script, and what ids are made of", function()
    local neighbours = "\194\161\226\128\144\226\128\151\226\128\160\227\128\129\239\189\161"
    for _, value in ipairs {
      "a'b@x", "x=@y", "+1@x", "-1@x", "o'hara@example.com", "jörg@müller.example", "мия@пример.рф",
      "a@xn--mller-kva.example", "a_b-c.d~e:f+g@h", "!#$&()*[]{}|^\\?@x", neighbours .. "@x",
      "A1@b", "mailto@x", "mailt0:a@x", "\240\159\152\128@x",
    } do
      for _, field in ipairs(IDENTIFIERS) do
        local all = args(field ~= "resource_id" and { user_email = "absent" } or {})
        all[field] = value
        assert.are.equal("POST", (probe.request("unshare", all)), value)
      end
    end
  end)

  it("case 10: refuses a quote, an equals sign and an at sign that come first", function()
    for _, field in ipairs(IDENTIFIERS) do
      assert.matches("^" .. field .. " begins with a single quote %('%)", refused(field, "'mia@x"))
      assert.matches("^" .. field .. " begins with =", refused(field, "=mia@x"))
      assert.matches("^" .. field .. " begins with @", refused(field, "@x"))
    end
  end)

  local ADDRESSES = {
    { "mia", "holds no @: pass an address such as mia@example.com" },
    { "mia@", "ends with @: pass the whole address" },
    { "@example.com", "begins with @: pass the whole address" },
    { "é@b@c", "holds a second @ (character 4): pass one address" },
    { "a@@b", "holds a second @ (character 3): pass one address" },
    { "MailTo:mia@example.com", "begins with mailto: (pass the address alone" },
    { "Mia <mia@example.com>", "holds a name and an address in <>: pass the address alone" },
    { "<mia@example.com>", "holds a name and an address in <>: pass the address alone" },
    { "a@x;b@x", "holds several addresses: pass one" },
    { "a@x, b@x", "holds several addresses: pass one" },
    { "a@x b@x", "holds several addresses: pass one" },
    { "Mia <a@x>, Bob <b@x>", "holds several addresses: pass one" },
    { "a@x;", "holds a semicolon (character 4)" },
    { "a\255@x", "is not valid UTF-8 (character 2): save the text as UTF-8" },
  }
  for _, case in ipairs(ADDRESSES) do
    it("case 10: says what to pass instead of the address " .. case[1], function()
      assert.matches("user_email " .. case[2], refused("user_email", case[1]), 1, true)
    end)
  end

  it("case 10: knows an id that a spreadsheet has shortened", function()
    for _, value in ipairs { "1.23457E+17", "1,23457E+17", "1E+17", "12e-5", "1.E+1" } do
      for _, field in ipairs { "resource_id", "group_id", "workspace_api_key_id" } do
        assert.matches("a spreadsheet shortened the id", refused(field, value), 1, true)
      end
    end
    for _, value in ipairs {
      "1.23457E17", "12345e67890123456789", "1E+", "E+17", "1E+17a", "1.2.3E+4", "1-2", "17", "1E",
      "-1E+17", "1E++7", ".5E+1",
    } do
      assert.are.equal("POST", (probe.request("unshare", args { resource_id = value })), value)
    end
  end)

  it("refuses control characters in a new type, and no others", function()
    local function type_of(value)
      local changes = { resource_type = value, allow_unknown_resource_type = true }
      local method, failure = probe.request("unshare", args(changes))
      return method or failure.message
    end
    local holds = "resource_type holds "
    assert.are.equal(holds .. "U+000A LINE FEED (character 2)", type_of "a\nb")
    assert.are.equal(holds .. "U+009B CONTROL CHARACTER (character 2)", type_of "a\194\155b")
    assert.are.equal("POST", type_of "a type, of quotes: \"'<>\194\160")
  end)
end)
