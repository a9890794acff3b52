local cjson = require "cjson"
local error_body = require "elevenlabs.workspace.answer.error_body"
local secrets = require "elevenlabs.workspace.secrets"

local PAGE = "the answer is a web page, not the service's"

local function same(value)
  return value
end

local function other(body, mask)
  local ok, value = pcall(cjson.decode, body)
  return error_body.read_other(body, ok and (mask or same)(value) or nil, mask or same)
end

describe("error body (case 19)", function()
  it("of another service has a message, and a code if it gives one", function()
    for body, expected in pairs {
      ['{"message":"no"}'] = { "no" },
      ['{"message":"no","code":"c"}'] = { "no", "c" },
      ['{"error":"no"}'] = { "no" },
      ['{"error":"c","message":"no"}'] = { "c" },
      ['{"error":{"message":"no","code":"c"}}'] = { "no", "c" },
      ['{"error":{"code":"c"},"message":"no"}'] = { "no", "c" },
      ['{"errors":["one","two"]}'] = { "one; two" },
      ['{"errors":[{"message":"one"},{"msg":"two"},3]}'] = { "one; two; invalid" },
      ['{"errors":{"message":"no"}}'] = { "no" },
      ['{"error":true,"message":"no"}'] = { "no" },
      ['{"error":null,"errors":["x"]}'] = { "x" },
      ['{"error":[],"errors":["x"]}'] = { "x" },
      ['"no"'] = { "no" },
    } do
      local said = other(body)
      assert.are.same(expected, { said.message, said.code }, body)
      assert.is_nil(said.page or said.excerpt)
    end
  end)

  it("gives programs the error as it is", function()
    local body = '{"error":{"message":"no","n":1}}'
    assert.are.same({ message = "no", n = 1 }, (select(2, other(body))))
    assert.are.same({ "x" }, (select(2, other '{"errors":["x"]}')))
    assert.is_nil((select(2, other '{"message":"no"}')))
  end)

  it("of a shape that nobody knows shows its beginning", function()
    assert.are.equal('{"reason":"no"}', other('{"reason":"no"}').excerpt)
    assert.are.equal('{"code":"c","n":[1]}', other('{"n":[1],"code":"c"}').excerpt)
    assert.are.equal("7", other("7").excerpt)
    for _, body in ipairs { "{}", "[]", "null", '""' } do
      local said = other(body)
      assert.is_nil(said.excerpt or said.message, body)
    end
  end)

  describe("that is text", function()
    it("shows its beginning on one line", function()
      assert.are.equal("no healthy upstream", other("  no healthy\r\n\tupstream\n").excerpt)
      assert.are.equal(("x"):rep(200) .. "...", other(("x"):rep(201)).excerpt)
      assert.are.equal(("x"):rep(199) .. "...", other(("x"):rep(199) .. "\195\164").excerpt)
    end)

    it("shows control characters, and what turns its direction, as escapes", function()
      assert.are.equal("a\\x1B[31mb\\x7Fc", other("a\27[31mb\127c").excerpt)
      assert.are.equal("\\u{9B}31m", other("\194\15531m").excerpt)
      assert.are.equal(
        "\\u{202A}\\u{202E}\\u{2066}\\u{2069}",
        other("\226\128\170\226\128\174\226\129\166\226\129\169").excerpt
      )
    end)

    it("shows bytes that are no text as escapes", function()
      assert.are.equal("f\\xFCr \195\188 \\xE2\\x82", other("f\252r \195\188 \226\130").excerpt)
      assert.are.equal(
        "\\xED\\xA0\\x80 \\xC0\\x80 \226\130\172 \240\159\152\128",
        other("\237\160\128 \192\128 \226\130\172 \240\159\152\128").excerpt
      )
      assert.is_nil(other("\31\139\8\0\0").excerpt)
    end)
  end)

  describe("that is a web page", function()
    it("shows its title", function()
      local page = "<!DOCTYPE html><html><head><TITLE lang=en>\n Access &amp; denied </TITLE>"
        .. "</head><body>words</body></html>"
      assert.are.equal(PAGE .. ': "Access & denied"', other(page).page)
    end)

    it("shows its first words if it has none", function()
      local page = " <html><head><title> </title><style>p{}</style><script>if (a > b) {}</script>"
        .. "<!-- a > b --></head><body><h1>Access&nbsp;denied</h1><p>Ray &#73;&#x44; 7 &uuml;"
      assert.are.equal(PAGE .. ': "Access denied Ray ID 7 &uuml;"', other(page).page)
      assert.are.equal(PAGE, other("<html></html>").page)
      assert.are.equal(PAGE .. ': "cut"', other("<html>cut<script").page)
      assert.are.equal(PAGE, other("<!-- cut").page)
    end)

    it("is read in time, however it is made", function()
      local before = os.clock()
      for _, piece in ipairs { "<script>", "<!--", "<", "&", "<title>", "<a>&lt;", " " } do
        assert.is_string(other("<" .. piece:rep(math.floor(1024 * 1024 / #piece))).page)
      end
      assert.is_true(os.clock() - before < 10)
    end)
  end)

  it("shows no secret, nor a part of one, however it is written", function()
    local mask = secrets.masker { "sk_secret" }
    for _, body in ipairs {
      "sk_secret", "sk_\\u0073ecret", ("x"):rep(195) .. "sk_secret", '{"a":"sk_\\u0073ecret"}',
      '{"sk_\\u0073ecret":1}', '{"a":"sk_\\u0073ecret', "<title>sk_secret</title>",
      "<p>sk&#95;secret</p>", "<p>" .. ("x"):rep(195) .. "sk_secret", '{"error":"sk_secret"}',
      '{"errors":["sk_secret"]}', '"sk_secret"',
    } do
      local said, details = other(body, mask)
      local shown = (said.message or said.excerpt or said.page) .. cjson.encode { details }
      assert.is_falsy(shown:find("sk_", 1, true), body)
      assert.is_falsy(shown:find("ecret", 1, true) and not shown:find("[se", 1, true), body)
    end
  end)
end)
