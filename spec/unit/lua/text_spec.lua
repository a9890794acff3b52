local bulk = require "elevenlabs.workspace.bulk"
local errors = require "elevenlabs.workspace.error"
local fake = require "elevenlabs.workspace.sandbox.fake"
local texts = require "elevenlabs.workspace.text"
local worlds = require "spec.support.world"

local world = worlds.new

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local MIA = {
  resource_id = "voice_narrator",
  resource_type = "voice",
  user_email = "mia@example.com",
}

describe("text", function()
  it("of a cell has a space for what moves a cursor or turns text, and no other", function()
    for _, bad in ipairs {
      "\27", "\r", "\n", "\127", "\194\155", "\226\128\174", "\216\156",
    } do
      assert.are.equal("a b", texts.cell("a" .. bad .. "b"))
    end
    for _, good in ipairs { "voice_1", "mia+x@example.com", "\226\130\172 \195\164\\'=" } do
      assert.are.equal(good, texts.cell(good))
    end
  end)

  describe("case 29: shows as an escape", function()
    for _, row in ipairs {
      { "\226\128\142", "200E" },
      { "\226\128\143", "200F" },
      { "\226\128\168", "2028" },
      { "\226\128\169", "2029" },
      { "\226\128\170", "202A" },
      { "\226\128\174", "202E" },
      { "\226\129\166", "2066" },
      { "\226\129\169", "2069" },
      { "\216\156", "061C" },
    } do
      it("U+" .. row[2], function()
        assert.are.equal("a\\u{" .. row[2] .. "}b", texts.one_line("a" .. row[1] .. "b"))
      end)
    end

    it("nothing else", function()
      local others = "\226\128\141 \226\128\144 \226\128\167 \226\128\175 \226\129\165 "
        .. "\226\129\170 \226\130\172 \217\128 \240\159\146\161 \195\164"
      assert.are.equal(others, texts.one_line(others))
    end)

    it("what a server says, in errors, in events and in why a run stopped", function()
      local evil = "no\226\128\174sey"
      local said, told = ('{"detail":{"message":"%s","code":"c"}}'):format(evil), {}
      local engine, core = world {
        on_event = function(event)
          told[#told + 1] = event.message
        end,
        max_attempts = 2,
      }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500, body = said })
      engine:step()
      call:cancel()
      engine:step()
      local _, err = call:result()
      assert.are.equal("no\\u{202E}sey", told[1])
      assert.matches("the last answer: no\\u{202E}sey", err.message, 1, true)
      assert.is_nil(table.concat(told):find("\226", 1, true))
      local running = worlds.running(function()
        return { status = 401, body = said }
      end)
      local report = bulk.start(running, "https://x", "unshare", { MIA }, {}):result()
      assert.matches("no\\u{202E}sey", report.stop_message, 1, true)
    end)
  end)

  describe("replaces what is no UTF-8:", function()
    for _, row in ipairs {
      { "\195\164\226\130\172\240\159\152\128", "\195\164\226\130\172\240\159\152\128" },
      { "\226\130<", "??<", "a cut character" },
      { "\192\128", "??", "a longer form of NUL" },
      { "\224\159\191", "???", "a longer form of U+07FF" },
      { "\237\160\128", "???", "half of a surrogate pair" },
      { "\237\159\191\238\128\128", "\237\159\191\238\128\128", "its neighbours" },
      { "\240\143\191\191", "????", "a longer form of U+FFFF" },
      { "\244\143\191\191", "\244\143\191\191", "U+10FFFF" },
      { "\244\144\128\128", "????", "U+110000" },
    } do
      it(row[3] or "nothing else", function()
        assert.are.equal(row[2], texts.utf8(row[1], "?"))
      end)
    end
  end)

  it("writes whole numbers without a fraction", function()
    assert.are.same({ "300", "0.5", "86400000" },
      { texts.number(300.0), texts.number(0.5), texts.number(86400000) })
  end)

  --- It reads the same on both sides of a text and alone.
  local function assert_joins(value, pattern)
    local text = tostring(value)
    assert.matches(pattern, text)
    assert.is_nil(text:find "table: ")
    assert.is_nil(text:find "[%c]")
    assert.are.equal("r: " .. text, "r: " .. value)
    assert.are.equal(text .. "!", value .. "!")
    assert.are.equal(text .. text, value .. value)
  end

  describe("case 39: joins with", function()
    it("a receipt and an error alike", function()
      local client = fake.new()
      for _, id in ipairs { "voice_narrator", "voice_none" } do
        local args = { resource_id = id, resource_type = "voice" }
        args.user_email = "mia@example.com"
        local receipt, err = client:unshare(args)
        assert.matches("^r: %a+ %(", "r: " .. (receipt or err))
        assert_joins(receipt or err, receipt and "^confirmed" or "^refused %(not_found, HTTP 404")
      end
      local evil = errors.new { kind = "server", outcome = "unconfirmed", message = "a" }
      assert.are.equal("unconfirmed (server): a", "" .. evil)
    end)

    it("a client, a call and a run", function()
      local client = fake.new()
      assert_joins(client, "^client of https://sandbox.invalid: 0 calls, 0 in flight, 0 waiting$")
      local call = client:start("unshare", MIA)
      assert_joins(call, "^call 1, unshare voice voice_narrator: waits to be sent$")
      assert_joins(client, ": 1 calls, 0 in flight, 1 waiting$")
      call:result()
      assert_joins(call, "^call 1, unshare voice voice_narrator: confirmed %(HTTP 200%)")
      local connect = client:start("connect")
      assert_joins(connect, "^call 2, connect: waits to be sent$")
      local run = client:start_many("unshare", { MIA })
      assert_joins(run, "^bulk unshare, not begun: total 0 ")
      run:result()
      assert_joins(run, "^bulk unshare, over: total 1 confirmed 1 ")
      client:close()
      assert_joins(client, "^client of https://sandbox.invalid: closed$")
      assert_joins(call, "confirmed")
    end)

    it("a call in each of its states", function()
      local engine, core = world { max_attempts = 2 }
      local call = engine:start("unshare", VOICE)
      engine:step()
      assert_joins(call, ": in flight$")
      core:answer(1, { status = 500 })
      engine:step()
      assert_joins(call, ": waits to be sent again$")
      local states = {}
      local other
      local asking = world {
        api_key = function()
          states[1] = tostring(other)
          return "key"
        end,
      }
      other = asking:start("unshare", VOICE)
      asking:step()
      assert.matches(": waits to be sent$", states[1])
    end)

    it("events, of each name", function()
      local seen = {}
      local engine, core, pass = world {
        max_attempts = 2,
        on_event = function(event)
          seen[#seen + 1] = event
        end,
      }
      engine:start("unshare", VOICE)
      engine:step()
      core:answer(1, { status = 429, body = '{"detail":{"message":"slow down"}}', elapsed_ms = 12 })
      engine:step()
      pass(100000)
      engine:step()
      core:answer(2, { elapsed_ms = 3 })
      engine:step()
      local patterns = {
        "^call 1, unshare voice voice_narrator: attempt 1$",
        ": response after 12 ms: refused %(rate_limited, HTTP 429%): slow down$",
        ": throttle, %d+ ms to wait: %d+ requests at once$",
        ": retry, %d+ ms to wait: refused %(rate_limited, HTTP 429%): slow down$",
        ": attempt 2$",
        ": response after 3 ms: confirmed %(HTTP 200%)$",
        ": done after %d+ ms: confirmed %(HTTP 200%)$",
      }
      assert.are.equal(#patterns, #seen)
      for i, pattern in ipairs(patterns) do
        assert_joins(seen[i], pattern)
      end
    end)
  end)
end)
