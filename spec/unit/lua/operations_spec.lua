-- What the table says of a request is what the core in C builds.

local cjson = require "cjson"
local operations = require "elevenlabs.workspace.operations"
local probe = require "probe"
local raw = require "spec.support.servers.raw"

local ARGS = { resource_type = "voice", role = "viewer" }
local TARGETS = { "user_email", "group_id", "workspace_api_key_id" }

local function contains(list, name)
  for _, entry in ipairs(list or {}) do
    if entry == name then
      return true
    end
  end
  return false
end

--- Arguments of an operation: its fields, with one target of the three.
local function args_of(operation, target)
  local args = { resource_id = "a+b", [target] = "x@example.com" }
  for _, list in ipairs { operation.query, operation.body or nil } do
    for _, name in ipairs(list) do
      args[name] = args[name] or ARGS[name]
    end
  end
  args[target] = contains(operation.body, target) and args[target] or nil
  return args
end

local function target_of(operation, args)
  local path = operation.path:gsub("{resource_id}", "a%%2Bb")
  local fields = {}
  for i, name in ipairs(operation.query) do
    fields[i] = name .. "=" .. args[name]
  end
  return fields[1] and path .. "?" .. table.concat(fields, "&") or path
end

local function body_of(operation, args)
  local body = {}
  for _, name in ipairs(operation.body or {}) do
    body[name] = args[name]
  end
  return operation.body and body
end

describe("operations", function()
  for _, op in ipairs { "unshare", "share", "get" } do
    local operation = operations[op]
    it(("of the name %s are sent as the core sends them"):format(op), function()
      for _, name in ipairs(TARGETS) do
        local args = args_of(operation, name)
        local method, target, body, repeatable = probe.request(op, args)
        assert.are.equal(operation.method, method)
        assert.are.equal(target_of(operation, args), target)
        assert.are.same(body_of(operation, args), body ~= "" and cjson.decode(body))
        assert.are.equal(operation.is_repeatable, repeatable)
        assert.are.equal(operation.is_change, contains(operation.body, name))
      end
    end)

    it(("of the name %s take no other field"):format(op), function()
      for name, value in pairs { role = "viewer", user_email = "x@example.com", other = "x" } do
        if not contains(operation.body, name) then
          local args = args_of(operation, "group_id")
          args[name] = value
          assert.is_nil(probe.request(op, args))
        end
      end
    end)
  end

  it("of the name connect are sent as the core sends them", function()
    local connect = operations.connect
    local server = raw.start { { raw.read, raw.answer(404, ""), raw.hold } }
    local client = server:client()
    assert(client:connect()) -- any answer will do
    client:close()
    local seen = server:received(1)[1]
    server:stop()
    assert.are.equal(("%s %s "):format(connect.method, connect.path), seen:match "^%u+ %S+ ")
    assert.matches("\r\n\r\n$", seen) -- no body
    assert.is_nil(seen:find(raw.KEY, 1, true))
    assert.are.same({ {}, false, false }, { connect.query, connect.body, connect.sends_key })
  end)

  it("of the name list are sent as the core sends them", function()
    local list = operations.list
    local method, target, body, repeatable = probe.list { path = { "v1" }, query = { "a", "b" } }
    assert.are.same({ list.method, "/v1?a=b", "", list.is_repeatable },
      { method, target, body, repeatable })
    assert.are.same({ false, true }, { list.body, list.sends_key })
  end)

  it("are no others", function()
    local names = {}
    for name in pairs(operations) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.are.same({ "connect", "get", "list", "share", "unshare" }, names)
  end)
end)
