-- What a step returns.

local attempts = require "spec.support.attempts"
local core = require "elevenlabs.workspace.core"
local raw = require "spec.support.servers.raw"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local NOWHERE = { base_url = "https://127.0.0.1:1" }

describe("result", function()
  describe("gives a plain confirmation", function()
    --- What attempts over one connection give, one after another: "plain CODE ID" or "evidence".
    ---@param rows table[] { answer of raw.answer, op = nil, key = nil }
    local function given(rows)
      local script = {}
      for i, row in ipairs(rows) do
        script[2 * i - 1], script[2 * i] = raw.read, row[1]
      end
      script[#script + 1] = raw.hold
      local server = raw.start { script }
      local handle = assert(core.new { base_url = server.base_url, ca_file = server.ca_file })
      local said, last = {}, nil
      for i, row in ipairs(rows) do
        local op = row.op or "unshare"
        local args = { resource_id = "id1", resource_type = "voice" }
        args.user_email = op ~= "get" and "a@example.com" or nil
        assert(attempts.send(handle, op, args, row.key or raw.KEY))
        last = attempts.wait(handle, 1)[1]
        assert.are.equal(i, last.slot)
        said[i] = last.code and ("plain %d %s"):format(last.code, tostring(last.request_id))
          or "evidence" .. (last.shows_key and ", shows key" or "")
      end
      handle:close()
      server:stop()
      return said, last
    end

    it("for each of the bodies, and for no other", function()
      local said = given {
        { raw.answer(200, "") },
        { raw.answer(200, "null", "request-id: r1\r\n") },
        { raw.answer(200, '{"status":"ok"}') },
        { raw.answer(200, '{"status": "ok"}') },
        { raw.answer(200, "{}") },
        { raw.answer(200, "nul") },
        { raw.answer(200, '{"status":"ok"}\n') },
        { raw.answer(201, "") },
        { raw.answer(200, "null"), op = "get" },
      }
      local e = "evidence"
      assert.are.same({ "plain 0 false", "plain 1 r1", "plain 2 false", e, e, e, e, e, e }, said)
    end)

    it("but not if the key may be shown", function()
      local said = given {
        { raw.answer(200, '{"status":"ok"}'), key = "status" },
        { raw.answer(200, "", "request-id: r-sk_1\r\n"), key = "sk_1" },
        { raw.answer(200, "", "date: sk_1\r\n"), key = "sk_1" },
        { raw.answer(200, "", "other: sk_1\r\n"), key = "sk_1" },
        { raw.answer(200, '"sk_\\u0031"'), key = "sk_1" },
        { raw.answer(404, "<p>sk&#95;1"), key = "sk_1" },
        { raw.answer(404, "<p>sk_"), key = "sk_1" },
      }
      local shown = "evidence, shows key"
      assert.are.same({ shown, shown, shown, "plain 0 false", shown, shown, "evidence" }, said)
    end)

    it("but not if the server says how many it takes, unless it said so before", function()
      local function answer(maximum)
        local header = maximum and ("maximum-concurrent-requests: %s\r\n"):format(maximum) or ""
        return raw.answer(200, "", header)
      end
      local said = given {
        { answer "5" }, { answer "5" }, { answer() }, { answer "5" },
        { raw.answer(404, "", "maximum-concurrent-requests: 7\r\n") }, { answer "7" },
        { answer "5" },
      }
      local e, plain = "evidence", "plain 0 false"
      assert.are.same({ e, plain, plain, plain, e, plain, e }, said)
    end)

    it("and evidence of all else, which says whether its body is text", function()
      local _, last = given { { raw.answer(404, "a\255") } }
      assert.are.same({ 404, false, "a\255", "its status is not 200" },
        { last.status, last.is_text, last.body, last.proof })
      _, last = given { { raw.answer(404, "\195\164") } }
      assert.is_true(last.is_text)
    end)

    it("in one array, and none in one table", function()
      local handle = assert(core.new(NOWHERE))
      local other = assert(core.new(NOWHERE))
      local plain, count, others = handle:step(0)
      assert.are.same({ {}, 0, {} }, { plain, count, others })
      assert.are.equal(plain, (handle:step(0)))
      assert.are.equal(plain, (handle:close()))
      assert.are.equal(others, select(3, other:step(0)))
      assert.are_not.equal(plain, (other:step(0)))
      handle:close()
      other:close()
    end)
  end)

  it("gives nothing to a finalizer that steps while completions are pushed", function()
    local handle = assert(core.new { base_url = NOWHERE.base_url, threaded = false })
    local request = assert(handle:prepare("get", VOICE))
    local nested = 0
    local newproxy = rawget(_G, "newproxy") -- 5.1 has finalizers of userdata alone
    local function litter()
      local function finalize()
        nested = nested + #attempts.step(handle, 0)
        pcall(handle.send, handle, request, "k", 1)
      end
      if newproxy then
        getmetatable(newproxy(true)).__gc = finalize
      else
        setmetatable({}, { __gc = finalize })
      end
    end
    local ended = 0
    for _ = 1, 300 do
      for slot = 1, 20 do
        if pcall(handle.send, handle, request, "k", slot) then
          handle:cancel(slot)
        end
      end
      litter()
      local seen = {}
      local _, _, others = handle:step(0)
      for _, evidence in ipairs(others) do
        assert.is_nil(seen[evidence.slot])
        seen[evidence.slot] = true
      end
      ended = ended + #others
    end
    collectgarbage()
    collectgarbage()
    ended = ended + nested + #attempts.close(handle)
    assert.are.equal((handle:counts()), ended)
  end)
end)
