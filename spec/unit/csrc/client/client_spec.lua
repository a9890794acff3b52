-- The slots of a client.

local attempts = require "spec.support.attempts"
local core = require "elevenlabs.workspace.core"
local raw = require "spec.support.servers.raw"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local NOWHERE = { base_url = "https://127.0.0.1:1" }

describe("client", function()
  it("completes what it cancels, and cancels no slot that is free or unknown", function()
    -- A thread may have failed to connect before.
    local handle = assert(core.new { base_url = NOWHERE.base_url, threaded = false })
    local request = assert(handle:prepare("get", VOICE))
    handle:cancel(3)
    for _, slot in ipairs { 3, 5 } do
      assert(handle:send(request, "k", slot))
    end
    for _, slot in ipairs { -1, 0, 2, 3, 3, 4, 60000, 2 ^ 16 + 5, 2 ^ 32 + 5 } do
      handle:cancel(slot)
    end
    local all = {}
    for _, completion in ipairs(attempts.wait(handle, 2)) do
      all[completion.slot] = completion
    end
    assert.are.same(
      { 42, false, 0, "cancelled" },
      { all[3].curl_code, all[3].sent, all[3].status, all[3].message }
    )
    assert.are.equal(7, all[5].curl_code) -- it could not connect
    handle:cancel(3)
    assert(handle:send(request, "k", 3)) -- the cancel before is not of this attempt
    assert.are.equal(7, attempts.wait(handle, 1)[1].curl_code)
    handle:close()
  end)

  for _, io in ipairs { "inline", "thread" } do
    it("ends those that are cancelled, of many, and no later ones, " .. io, function()
      local server = raw.start({ { raw.hold } }, { plain = true })
      local handle = assert(core.new {
        base_url = server.base_url,
        connect_timeout_ms = 600000,
        attempt_timeout_ms = 600000,
        threaded = io == "thread",
      })
      local request = assert(handle:prepare("get", VOICE))
      for slot = 1, 40 do
        assert(handle:send(request, raw.KEY, slot))
      end
      for round = 1, 8 do -- in turns two quarters of the slots
        for slot = 1 + round % 2, 40, 4 do
          handle:cancel(slot)
        end
        local seen = {}
        for _, completion in ipairs(attempts.wait(handle, 10)) do
          assert.are.same({ "cancelled", (1 + round % 2) % 4, nil },
            { completion.message, completion.slot % 4, seen[completion.slot] })
          seen[completion.slot] = true
          assert(handle:send(request, raw.KEY, completion.slot))
        end
      end
      assert.are.same({}, attempts.step(handle, 20))
      assert.are.equal(40, #attempts.close(handle))
      server:stop()
    end)
  end

  it("hears a cancel whenever it comes, also while its thread takes orders", function()
    local server = raw.start({ { raw.hold } }, { plain = true })
    local handle = assert(core.new { base_url = server.base_url, threaded = true })
    local request = assert(handle:prepare("get", VOICE))
    for round = 1, os.getenv "SPEC_SLOW_MACHINE" and 300 or 1500 do
      assert(handle:send(request, raw.KEY, 1))
      local later = core.now() + round % 50 / 300 -- the thread is at one of its lines now
      while core.now() < later do end
      assert(handle:send(request, raw.KEY, 2))
      handle:cancel(2)
      local ended = attempts.wait(handle, 1)[1]
      assert.are.same({ 2, "cancelled" }, { ended.slot, ended.message })
      handle:cancel(1)
      assert.are.equal("cancelled", attempts.wait(handle, 1)[1].message)
    end
    handle:close()
    server:stop()
  end)

  describe("has slots, of which one", function()
    it("is taken until its completion was, and then may be used again", function()
      local handle = assert(core.new { base_url = NOWHERE.base_url, threaded = false })
      local request = assert(handle:prepare("get", VOICE))
      for _ = 1, 3 do
        assert(handle:send(request, "k", 2))
        local ok, why = pcall(handle.send, handle, request, "k", 2)
        assert.is_false(ok)
        assert.matches("the slot is taken", why)
        handle:cancel(2) -- which ends the attempt, but leaves its completion
        assert.is_false((pcall(handle.send, handle, request, "k", 2)))
        assert.are.equal(2, attempts.step(handle, 0)[1].slot)
      end
      assert.are.equal(3, (handle:counts()))
      assert(handle:send(request, "k", 2))
      assert.are.equal(1, #attempts.close(handle))
    end)

    it("is left free by an attempt that is refused", function()
      local handle = assert(core.new(NOWHERE))
      local request = assert(handle:prepare("get", VOICE))
      for _, key in ipairs { "", VOICE.resource_id, "two keys" } do
        assert.is_nil((handle:send(request, key, 1)))
      end
      assert.is_true(handle:send(request, "k", 1))
      handle:close()
      assert.is_nil((handle:send(request, "k", 2)))
      assert.is_nil((handle:send(request, "k", 2)))
    end)
  end)
end)
