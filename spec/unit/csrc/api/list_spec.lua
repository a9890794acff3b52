local core = require "elevenlabs.workspace.core"
local probe = require "probe"

local function target(path, query)
  local method, text, body, repeatable = probe.list { path = path, query = query }
  assert.are.same({ "GET", "", true }, { method, body, repeatable })
  return text
end

local function refused(path, query)
  local built, failure = probe.list { path = path, query = query }
  assert.is_nil(built)
  assert.are.equal("invalid_argument", failure.kind)
  return failure.field, failure.message
end

describe("list", function()
  it("joins the parts of a path and a query, each percent-encoded", function()
    assert.are.equal("/v1/voices", target { "v1", "voices" })
    assert.are.equal(
      "/v1/agents/a%20%3Fb%26/branches?limit=100&cursor=a%2Fb%3D%3D%25",
      target({ "v1", "agents", "a ?b&", "branches" }, { "limit", "100", "cursor", "a/b==%" })
    )
  end)

  it("takes a cursor of 4096 bytes", function()
    local cursor = ("%"):rep(4096)
    assert.are.equal("/v1?cursor=" .. ("%25"):rep(4096), target({ "v1" }, { "cursor", cursor }))
    assert.are.same(
      { "query", "query holds a text that is too long" },
      { refused({ "v1" }, { "cursor", cursor .. "x" }) }
    )
  end)

  it("refuses a segment that could lead to another path", function()
    for _, segment in ipairs { ".", "..", "a/b", "%2e", "" } do
      assert.are.equal("path", (refused { "v1", segment }))
    end
    assert.are.equal("/v1/...", target { "v1", "..." })
    assert.are.same({ "path", "path must not be empty" }, { refused {} })
  end)

  it("refuses text that is no UTF-8, and values that are no strings", function()
    assert.are.equal("path", (refused { "v1", "\255" }))
    assert.are.equal("query", (refused({ "v1" }, { "cursor", "a\0b" })))
    assert.are.equal("query", (refused({ "v1" }, { "page_size", 100 })))
    assert.are.equal("query", (refused({ "v1" }, { "cursor" })))
    assert.are.equal("query", (refused({ "v1" }, "cursor=x")))
    assert.are.equal("path", (refused { 1 }))
  end)

  it("takes 8 segments and 8 parameters, and no more", function()
    local segments, parameters = {}, {}
    for i = 1, 8 do
      segments[i] = "s"
      parameters[2 * i - 1], parameters[2 * i] = "p", "v"
    end
    assert.are.equal(("/s"):rep(8) .. "?p=v" .. ("&p=v"):rep(7), target(segments, parameters))
    segments[9], parameters[17] = "s", "p"
    assert.are.equal("path", (refused(segments)))
    assert.are.equal("query", (refused({ "v1" }, parameters)))
  end)

  it("is refused before anything is sent, with the key too", function()
    local handle = assert(core.new { base_url = "https://127.0.0.1:1" })
    local request, failure = handle:prepare("list", { path = { ".." } })
    assert.are.same({ nil, "path" }, { request, failure.field })
    local sent
    request = assert(handle:prepare("list", { path = { "v1" } }))
    sent, failure = handle:send(request, "two keys", 1)
    assert.are.same({ nil, "api_key" }, { sent, failure.field })
    assert.are.equal(0, (handle:counts()))
    handle:close()
  end)
end)
