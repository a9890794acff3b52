local stop = require("elevenlabs.workspace.bulk.stopping").stop
local support = require "spec.support.bulk"

local always, many, run = support.always, support.many, support.run

describe("a run stops", function()
  it("once, and cancels the calls that wait", function()
    local cancelled = {}
    local stopped = { stopping = false, call_group = {}, engine = {} }
    function stopped.engine.cancel_group(_, group, only_unsent)
      assert.are.equal("driver", group.stopped.reason) -- nothing of the group is sent any more
      cancelled[#cancelled + 1] = { group == stopped.call_group, only_unsent }
    end
    stop(stopped, "driver", "first\nreason")
    stop(stopped, "closed", "second reason")
    assert.are.same({ reason = "driver", message = "first reason" }, stopped.stopping)
    assert.are.equal(stopped.stopping, stopped.call_group.stopped)
    assert.are.same({ { true, true } }, cancelled)
  end)

  for name, row in pairs {
    ["at a redirect"] = { { status = 302 }, "redirect", 4 },
    ["if nobody pays"] = { { status = 402 }, "payment_required", 4 },
    ["if the key is refused twice"] = { { status = 401 }, "authentication", 10 },
    ["if the first 20 answers are 403"] = { { status = 403 }, "permission" },
    ["if the first 50 answers are the same refusal"] = { { status = 404 }, "refusals" },
    ["if the certificate is not trusted"] = {
      { sent = false, status = 0, curl_code = 60 },
      "tls",
      4,
    },
    ["if the server wants a pause of an hour"] = {
      { status = 429, headers = { ["retry-after"] = "3600" } },
      "rate_limited",
      4,
    },
    ["if a proxy cannot be used"] = {
      { sent = false, status = 0, curl_code = 5 },
      "proxy",
      4,
    },
    ["after 20 answers that are neither yes nor no"] = { { status = 204 }, "unexpected_answers" },
  } do
    it(name .. ", with an outcome for each item it took", function()
      local source, taken = many(1000)
      local messages = {}
      local report, core = run(always(row[1]), source, {
        on_result = function(_, _, err)
          messages[#messages + 1] = err.message
        end,
      })
      assert.are.equal(row[2], report.stopped)
      assert.are.equal(taken(), report.total)
      assert.are.equal(taken(), #messages)
      assert.is_false(report.exhausted)
      assert.is_true(taken() < 120, taken())
      if row[3] then
        assert.is_true(#core.attempts <= row[3], #core.attempts)
      end
      assert.matches("the run stopped: ", table.concat(messages, "\n"))
    end)
  end

  it("at no refusal if each concerns its own item", function()
    for _, status in ipairs { 403, 404 } do
      local report = run(always { status = status }, (many(200)), { stop_on_refusals = false })
      assert.is_nil(report.stopped)
      assert.are.equal(200, report.refused)
    end
    local report = run(always { status = 401 }, (many(200)), { stop_on_refusals = false })
    assert.are.equal("authentication", report.stopped)
  end)
end)
