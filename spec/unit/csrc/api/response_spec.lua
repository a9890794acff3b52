local probe = require "probe"

local function response(lines, ...)
  local ended = {}
  for i, line in ipairs(lines) do
    ended[i] = line .. "\r\n"
  end
  return probe.response(ended, { ... })
end

describe("response", function()
  it("proves a body by its length", function()
    local r = response({ "HTTP/1.1 200 OK", "Content-Length: 4", "" }, "ab", "cd")
    assert.are.equal(200, r.status)
    assert.is_true(r.head_ended)
    assert.is_true(r.whole)
    assert.is_nil(r.reason)
  end)

  it("does not prove a body that is shorter or longer than its length", function()
    assert.is_false(response({ "HTTP/1.1 200 OK", "Content-Length: 4", "" }, "abc").whole)
    assert.is_false(response({ "HTTP/1.1 200 OK", "Content-Length: 4", "" }, "abcde").whole)
  end)

  it("proves an empty body by length 0", function()
    assert.is_true(response({ "HTTP/2 200", "content-length: 0", "" }).whole)
  end)

  it("proves nothing without a length", function()
    assert.is_false(response({ "HTTP/1.1 200 OK", "" }, "{}").whole)
  end)

  it("takes exactly `chunked` for a proof", function()
    assert.is_true(response({ "HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", "" }, "{}").whole)
  end)

  it("proves nothing before the blank line", function()
    local r = response { "HTTP/1.1 200 OK", "Content-Length: 0" }
    assert.is_false(r.head_ended)
    assert.is_false(r.whole)
  end)

  it("starts anew after an informational head", function()
    local r = response { "HTTP/1.1 103 X", "Content-Length: 9", "", "HTTP/1.1 200 OK", "" }
    assert.are.equal(200, r.status)
    assert.is_true(r.head_ended)
    assert.is_false(r.whole)
  end)

  it("does not take an informational head for the end", function()
    local r = response { "HTTP/1.1 100 Continue", "" }
    assert.are.equal(100, r.status)
    assert.is_false(r.head_ended)
  end)

  local untrusted = {
    ["two lengths"] = { "Content-Length: 15", "Content-Length: 4" },
    ["a length and chunked"] = { "Content-Length: 15", "Transfer-Encoding: chunked" },
    ["chunked and a length"] = { "Transfer-Encoding: chunked", "Content-Length: 15" },
    ["chunked twice"] = { "Transfer-Encoding: chunked", "Transfer-Encoding: chunked" },
    ["gzip, chunked"] = { "Transfer-Encoding: gzip, chunked" },
    ["identity"] = { "Transfer-Encoding: identity" },
    ["a negative length"] = { "Content-Length: -1" },
    ["a list of lengths"] = { "Content-Length: 4, 4" },
    ["a hexadecimal length"] = { "Content-Length: 0x4" },
    ["an empty length"] = { "Content-Length:" },
    ["a space before a colon"] = { "Transfer-Encoding : chunked" },
    ["a tab before a colon"] = { "X\t: y" },
    ["a folded header"] = { "X: y", " z" },
    ["a folded coding"] = { "Transfer-Encoding: chunked", "\t, gzip" },
    ["a folded status line"] = { "X: y", " HTTP/1.1 200 OK" },
    ["a second status line"] = { "HTTP/1.1 200 OK" },
    ["a status line after headers"] = { "X: y", "HTTP/1.1 403 X" },
    ["a length past 10^18"] = { "Content-Length: 1000000000000000000" },
  }
  for name, lines in pairs(untrusted) do
    it("trusts no framing by " .. name, function()
      assert.is_string(response({ "HTTP/1.1 200 OK", (unpack or table.unpack)(lines) }).reason)
    end)
  end

  it("takes the same length twice for one", function()
    local r = response({ "HTTP/1.1 200 OK", "Content-Length: 2", "content-length: 2", "" }, "{}")
    assert.is_nil(r.reason)
    assert.is_true(r.whole)
  end)

  it("has no spaces and tabs around a header's value", function()
    local r = response { "HTTP/1.1 200 OK", "Date:\t \tMon, 1\t \t", "Retry-After: \t", "" }
    assert.are.same({ date = "Mon, 1" }, r.headers)
  end)

  it("passes over a line without a colon, and a header without a name", function()
    local r = response { "HTTP/1.1 200 OK", "Content-Length", ": 7", "Date: now", "" }
    assert.is_nil(r.reason)
    assert.are.same({ date = "now" }, r.headers)
  end)

  it("keeps the few headers it uses, in lower case", function()
    local r = response { "HTTP/1.1 429 X", "Request-Id:  r1 ", "RETRY-AFTER: 3", "Server: x", "" }
    assert.are.same({ ["request-id"] = "r1", ["retry-after"] = "3" }, r.headers)
  end)

  it("drops a header value that is too long or not printable", function()
    local r = response {
      "HTTP/1.1 200 X",
      "Request-Id: a\27[2J",
      "Retry-After: 3\127",
      "Date: " .. ("x"):rep(128),
      "",
    }
    assert.are.same({}, r.headers)
  end)

  it("ignores trailers", function()
    local r = response {
      "HTTP/1.1 200 OK",
      "Transfer-Encoding: chunked",
      "",
      "Content-Length: 3",
      "HTTP/1.1 403 Forbidden",
      "Request-Id: late",
    }
    assert.is_nil(r.reason)
    assert.are.equal(200, r.status)
    assert.are.same({}, r.headers)
  end)

  it("reads no status that is not three digits", function()
    for _, line in ipairs { "HTTP/1.1 2000 X", "HTTP/1.1 20 X", "HTTP/1.1 2x0 X", "HTTP/1.1" } do
      assert.are.equal(0, response({ line }).status, line)
    end
  end)

  it("takes a body of 1 MiB and no more", function()
    local mib = ("x"):rep(1024 * 1024)
    local head = { "HTTP/1.1 200 OK", "" }
    assert.is_nil(response(head, mib).reason)
    assert.matches("larger than 1 MiB", response(head, mib, "x").reason)
    assert.are.equal(1024 * 1024, response(head, mib, "x").length)
  end)
end)
