-- Each operation, each kind of target and each shape of error, against the sandbox.

local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }

local function with(target, role, resource)
  local args = { role = role }
  for name, value in pairs(resource or VOICE) do
    args[name] = value
  end
  for name, value in pairs(target) do
    args[name] = value
  end
  return args
end

-- what is shared with, and the id that get then shows
local TARGETS = {
  { { user_email = "eve@example.com" }, "user_eve" },
  { { user_email = "deploy@service.example.com" }, "service_deploy" },
  { { group_id = "group_studio" }, "group_studio" },
  { { group_id = "default" }, "default" },
  { { workspace_api_key_id = "key_deploy" }, "service_deploy" },
}

for _, protocol in ipairs { "HTTP/2", "HTTP/1.1" } do
  describe("over " .. protocol, function()
    local sandbox, client

    setup(function()
      sandbox = sandboxes.start(protocol == "HTTP/1.1" and "--no-http2" or nil)
      client = sandbox:client()
    end)

    teardown(function()
      client:close()
      sandbox:stop()
    end)

    it("the sandbox speaks " .. protocol, function()
      local _, out = process.run {
        "openssl", "s_client", "-connect", (sandbox.base_url:gsub("https://", "")),
        "-alpn", "h2,http/1.1",
      }
      local name = protocol == "HTTP/2" and "h2" or "http/1.1"
      assert.matches("ALPN protocol: " .. name, out, 1, true)
    end)

    for _, entry in ipairs(TARGETS) do
      local target, id = entry[1], entry[2]
      local name = next(target) .. " " .. target[next(target)]

      it("share gives a role to " .. name .. ", get shows it, unshare takes it", function()
        for _, role in ipairs { "viewer", "commenter", "editor", "admin" } do
          local receipt = assert(client:share(with(target, role)))
          assert.are.equal("confirmed", receipt.outcome)
          assert.are.equal(role, sandbox:roles(VOICE.resource_id, VOICE.resource_type)[id])
        end
        local receipt = assert(client:unshare(with(target)))
        assert.are.equal("confirmed", receipt.outcome)
        assert.are.equal(200, receipt.status)
        assert.are.equal(1, receipt.attempts)
        assert.matches("^sandbox%-%d+$", receipt.request_id)
        assert.are.same({ status = "ok" }, receipt.body)
        assert.is_true(receipt.elapsed_ms > 0)
        assert.is_nil(sandbox:roles(VOICE.resource_id, VOICE.resource_type)[id])
      end)
    end

    it("unshare of a role that is not there is confirmed", function()
      assert(client:unshare(with { user_email = "eve@example.com" }))
      assert.are.equal("confirmed", client:unshare(with { user_email = "eve@example.com" }).outcome)
    end)

    it("get gives the resource", function()
      local resource = assert(client:get(VOICE))
      assert.are.equal("voice_narrator", resource.resource_id)
      assert.are.equal("Narrator", resource.resource_name)
      assert.are.equal("user_ada", resource.creator_user_id)
      assert.are.same({ "user_ada" }, resource.role_to_group_ids.admin)
    end)

    it("connect makes the connection that the next call uses", function()
      local fresh = sandbox:client()
      assert.is_true(fresh:connect())
      assert.are.equal(1, fresh:stats().connections)
      assert(fresh:get(VOICE))
      assert.are.equal(1, fresh:stats().connections)
      fresh:close()
    end)

    describe("refuses, and says why:", function()
      -- name, operation, arguments, kind, status, code, field
      local unshare, voice = "unshare", VOICE
      local draft = { resource_id = "voice_draft", resource_type = "voice" }
      local teaser = { resource_id = "dub_teaser", resource_type = "dubbing" }
      local nothing = { resource_id = "nothing", resource_type = "voice" }
      local mia = { user_email = "mia@example.com" }
      local cases = {
        { "the creator", unshare, with(mia, nil, teaser), "invalid_request", 400,
          "target_is_creator" },
        { "no admin access", unshare, with(mia, nil, draft), "permission", 403, "no_admin_access" },
        { "an unknown user", unshare, with { user_email = "max@example.com" }, "invalid_request",
          400, "user_not_in_workspace", "user_email" },
        { "an unknown group", unshare, with { group_id = "none" }, "invalid_request", 400,
          "group_not_found", "group_id" },
        { "an unknown key id", unshare, with { workspace_api_key_id = "none" }, "invalid_request",
          400, "key_not_found", "workspace_api_key_id" },
        { "an unknown resource", unshare, with(mia, nil, nothing), "not_found", 404,
          "resource_not_found" },
        { "a resource of another type", "get",
          { resource_id = voice.resource_id, resource_type = "songs" }, "not_found", 404,
          "resource_not_found" },
        { "a type that the server does not know", unshare,
          with({ user_email = "mia@example.com", allow_unknown_resource_type = true }, nil,
            { resource_id = "x", resource_type = "brand_new" }),
          "unprocessable", 422, nil, "resource_type" },
        { "the same for get", "get",
          { resource_id = "x", resource_type = "new", allow_unknown_resource_type = true },
          "unprocessable", 422, nil, "query.resource_type" },
      }
      for _, case in ipairs(cases) do
        local name, op, args, kind, status, code, field = (unpack or table.unpack)(case, 1, 7)
        it(name, function()
          local receipt, err = client[op](client, args)
          assert.is_nil(receipt)
          assert.are.same(
            { "refused", kind, status, code, field },
            { err.outcome, err.kind, err.status, err.code, err.field }
          )
          assert.matches("^sandbox%-%d+$", err.request_id)
          assert.is_truthy(err.details)
        end)
      end

      it("a wrong key", function()
        local stranger = sandbox:client { api_key = "sk_wrong" }
        local _, err = stranger:unshare(with(mia))
        assert.are.same(
          { "refused", "authentication", 401, "invalid_api_key" },
          { err.outcome, err.kind, err.status, err.code }
        )
        stranger:close()
      end)

      it("no key", function()
        local nobody = sandbox:client { api_key = false }
        local _, err = nobody:get(VOICE)
        assert.are.same(
          { "refused", "authentication", 401, "missing_api_key" },
          { err.outcome, err.kind, err.status, err.code }
        )
        nobody:close()
      end)
    end)

    it("a key from a function is asked for once per call", function()
      local asked = 0
      local careful = sandbox:client {
        api_key = function()
          asked = asked + 1
          return sandbox.api_key
        end,
      }
      assert(careful:get(VOICE))
      assert(careful:get(VOICE))
      assert.are.equal(2, asked)
      careful:close()
    end)

    it("many calls share one client and its connections", function()
      local many, calls = sandbox:client { max_concurrency = 8 }, {}
      for i = 1, 60 do
        calls[i] = assert(many:start("get", VOICE))
      end
      local done = 0
      while done < 60 do
        done = done + many:step(20000)
        assert.is_true(many:stats().in_flight <= 8)
      end
      for _, call in ipairs(calls) do
        assert.are.equal(VOICE.resource_id, call:result().resource_id)
      end
      local connections = many:stats().connections
      assert.is_true(connections <= (protocol == "HTTP/2" and 1 or 8), connections)
      many:close()
    end)
  end)
end
