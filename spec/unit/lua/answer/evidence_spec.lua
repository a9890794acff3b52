-- Evidence that is made in Lua has the fields of a completion of the core in C.

local core = require "elevenlabs.workspace.core"
local evidences = require "elevenlabs.workspace.answer.evidence"

--- The types of all fields, those that are read through the metatable included.
local function types_of(evidence)
  local types = {}
  for _, fields in ipairs { getmetatable(evidence).__index, evidence } do
    for name, value in pairs(fields) do
      types[name] = type(value)
    end
  end
  return types
end

--- A completion of the core, of an attempt that was never sent.
local function completion()
  local handle = assert(core.new { base_url = "https://127.0.0.1:1" })
  local args = { resource_id = "x", resource_type = "voice", user_email = "x@example.com" }
  assert(handle:unshare(args, "key"))
  return handle:close()[1]
end

describe("evidence", function()
  it("has the fields of a completion of the core", function()
    local real = completion()
    assert.are.equal("string", type(real.body_proof)) -- why the empty body is no confirmation
    local made = evidences.new { whole = false, body = "" }
    assert.are.same(types_of(real), types_of(made))
    assert.are.equal(real.body_proof, made.body_proof)
  end)

  it("is that of a confirmation if nothing else is said, as in the core", function()
    local usual = getmetatable(completion()).__index
    local made = evidences.new {}
    for name, value in pairs(usual) do
      assert.are.same(value, made[name], name)
    end
    assert.are.equal('{"status":"ok"}', made.body)
  end)

  it("keeps the fields that are given, and judges the body", function()
    local headers = { ["request-id"] = "r" }
    local made = evidences.new { status = 503, headers = headers, body = "4", whole = false }
    assert.are.equal(503, made.status)
    assert.are.equal(headers, made.headers)
    assert.are.equal(core.judge_body("4", false), made.body_proof)
    assert.is_true(evidences.new({ body = "4" }).body_proof)
  end)
end)
