local apps = require "elevenlabs.workspace.sandbox.app"
local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local models = require "elevenlabs.workspace.sandbox.model"

describe("sandbox.app", function()
  local app
  local PATH = "/v1/workspace/resources/voice_narrator"

  before_each(function()
    app = apps.new(models.new(models.example()), core.RESOURCE_TYPES)
  end)

  local function request(method, path, body, options)
    options = options or {}
    local answer = app:handle {
      method = method,
      path = path,
      query = options.query,
      headers = { ["xi-api-key"] = options.key or "sk_sandbox_ada" },
      body = type(body) == "table" and cjson.encode(body) or body or "",
    }
    return answer.status, cjson.decode(answer.body), answer
  end

  it("answers each operation", function()
    local body = { resource_type = "voice", user_email = "eve@example.com", role = "viewer" }
    assert.are.equal(200, (request("POST", PATH .. "/share", body)))
    assert.are.equal(200, (request("POST", PATH .. "/unshare", body)))
    local status, value = request("GET", PATH, nil, { query = "resource_type=voice" })
    assert.are.equal(200, status)
    assert.are.equal("voice_narrator", value.resource_id)
    assert.are.equal(cjson.null, value.anonymous_access_level_override)
  end)

  it("writes an empty list as a list", function()
    local _, _, answer = request("GET", PATH, nil, { query = "resource_type=voice" })
    assert.matches('"commenter":[]', answer.body, 1, true)
  end)

  it("numbers its answers in request-id, also inside errors", function()
    local _, _, first = request("GET", "/nowhere")
    assert.are.equal("sandbox-000001", first.headers["request-id"])
    local _, value = request("POST", PATH .. "/unshare", { resource_type = "voice" })
    assert.are.equal("sandbox-000002", value.detail.request_id)
  end)

  it("refuses a bad body as a list, field by field", function()
    local body = { user_email = 7, group_id = cjson.null }
    local status, value = request("POST", PATH .. "/share", body)
    assert.are.equal(422, status)
    local fields = {}
    for i, found in ipairs(value.detail) do
      fields[i] = table.concat(found.loc, ".") .. " " .. found.type
    end
    assert.are.same({
      "body.resource_type missing",
      "body.user_email string_type",
      "body.role missing",
    }, fields)
  end)

  it("refuses what is not a JSON object", function()
    for _, body in ipairs { "", "{", "not json", "[]", '"x"', "null", "4" } do
      local status, value = request("POST", PATH .. "/unshare", body)
      assert.are.equal(422, status, body)
      assert.are.equal("body", value.detail[1].loc[1])
    end
  end)

  it("refuses none and two targets", function()
    for _, targets in ipairs { {}, { user_email = "a", group_id = "b" } } do
      targets.resource_type = "voice"
      local status, value = request("POST", PATH .. "/unshare", targets)
      assert.are.equal(400, status)
      assert.are.equal("exactly_one_target", value.detail.code)
    end
  end)

  it("refuses a body over 64 KiB", function()
    local status, value = request("POST", PATH .. "/unshare", ("x"):rep(64 * 1024 + 1))
    assert.are.equal(413, status)
    assert.are.equal("request_too_large", value.detail.code)
  end)

  it("answers with a refusal that a server decided, under its own id or another's", function()
    local refusal = { status = 503, type = "t", code = "c", message = "m", retry_after = 1 }
    for _, id in ipairs { "sandbox-000001", "other" } do
      local answer = app:refuse(refusal, id == "other" and id or nil)
      assert.are.same({ 503, id }, { answer.status, answer.headers["request-id"] })
      assert.are.same(
        { type = "t", code = "c", message = "m", status = "c", request_id = id },
        cjson.decode(answer.body).detail
      )
    end
  end)

  it("decodes an encoded id, %2F too, as servers do", function()
    local query = { query = "resource_type=voice" }
    assert.are.equal(200, (request("GET", "/v1/workspace/resources/voice%5Fnarrator", nil, query)))
    local status, value = request("GET", "/v1/workspace/resources/a%2Fb", nil, query)
    assert.are.same({ 404, "resource_not_found" }, { status, value.detail.code })
  end)

  it("knows no other path or method", function()
    assert.are.equal(404, (request("GET", "/v1/workspace/resources/a/b/c")))
    assert.are.equal(404, (request("POST", PATH .. "/delete")))
    assert.are.equal(404, (request("GET", "/v1/workspace/resources/")))
    assert.are.equal(405, (request("GET", PATH .. "/unshare")))
    assert.are.equal(405, (request("POST", PATH)))
    local _, value = request("GET", "/")
    assert.are.same({ detail = "Not Found" }, value)
  end)
end)
