local stop_rules = require "elevenlabs.workspace.bulk.stop_rules"

local function verdict(class, outcome, action, more)
  local made = { class = class, outcome = outcome, action = action, message = "m", status = 200 }
  for name, value in pairs(more or {}) do
    made[name] = value
  end
  return made
end

local OK = verdict("confirmed", "confirmed", "done")
local GONE = verdict("not_found", "refused", "none", { code = "gone" })
local OTHER_GONE = verdict("not_found", "refused", "none", { code = "other" })
local FORBIDDEN = verdict("forbidden", "refused", "none")
local OTHER_FORBIDDEN = verdict("forbidden", "refused", "none", { code = "other" })
local ODD = verdict("unexpected_status", "unconfirmed", "none")
local BUSY = verdict("throttled", "refused", "pause")
local TLS = verdict("tls_failed", "not_sent", "retry", { status = false })
local DOWN = verdict("unreachable", "not_sent", "retry", { status = false })

local function pause(ms)
  return verdict("throttled", "refused", "pause", { asked_ms = ms })
end

describe("stop rules", function()
  it("take a success of an earlier run for the first answer", function()
    local rules = stop_rules.new(true)
    for _ = 1, 500 do
      assert.is_nil(rules:see(GONE))
    end
  end)

  for name, row in pairs {
    ["a confirmation"] = { { 1000, OK }, nil },
    ["the first 49 answers alike"] = { { 49, GONE }, nil },
    ["the first 50 answers alike"] = { { 50, GONE }, "refusals" },
    ["50 alike after one that was not"] = { { 1, OK, 500, GONE }, nil },
    ["50 of one status with two codes"] = { { 25, GONE, 1, OTHER_GONE, 500, GONE }, nil },
    ["the first 50 alike, between failures"] = { { 25, GONE, 30, BUSY, 25, GONE }, "refusals" },
    ["the first 19 forbidden"] = { { 19, FORBIDDEN }, nil },
    ["the first 20 forbidden"] = { { 20, FORBIDDEN }, "permission" },
    ["20 forbidden with two codes"] = { { 1, OTHER_FORBIDDEN, 19, FORBIDDEN }, "permission" },
    ["20 forbidden after a success"] = { { 1, OK, 500, FORBIDDEN }, nil },
    ["19 neither yes nor no"] = { { 19, ODD, 1, OK, 19, ODD }, nil },
    ["20 neither yes nor no in a row, at any time"] = { { 5, OK, 20, ODD }, "unexpected_answers" },
    ["two TLS failures"] = { { 2, TLS, 1, DOWN, 2, TLS, 1, OK, 2, TLS }, nil },
    ["three TLS failures in a row"] = { { 5, OK, 3, TLS }, "tls" },
    ["nobody there"] = { { 1000, DOWN }, nil },
    ["a busy server"] = { { 1000, BUSY }, nil },
    ["a pause of 300 s"] = { { 1, pause(300000) }, nil },
    ["a longer pause"] = { { 1, pause(300001) }, "rate_limited" },
    ["a redirect"] = { { 1, verdict("redirected", "unconfirmed", "stop") }, "redirect" },
    ["a certificate"] = { { 1, verdict("tls_untrusted", "not_sent", "stop") }, "tls" },
    ["a proxy"] = { { 1, verdict("proxy_unusable", "not_sent", "stop") }, "proxy" },
    ["no money"] = { { 1, verdict("unpaid", "refused", "stop") }, "payment_required" },
    ["a key refused once"] = { { 5, verdict("bad_key", "refused", "probe") }, nil },
    ["a key refused twice"] = { { 1, verdict("bad_key", "refused", "stop") }, "authentication" },
    ["a lacking permission"] = { { 1, verdict("no_permission", "refused", "stop") }, "permission" },
  } do
    it(("%s: %s"):format(name, row[2] or "goes on"), function()
      local rules, seen = stop_rules.new(), nil
      for i = 1, #row[1], 2 do
        for _ = 1, row[1][i] do
          assert.is_nil(seen, "stopped before the last")
          seen = rules:see(row[1][i + 1])
        end
      end
      assert.are.equal(row[2], seen and seen.reason)
      assert.matches(": m$", seen and seen.message or ": m")
    end)
  end

  for name, row in pairs {
    ["any number of refusals"] = { { 500, GONE }, nil },
    ["any number that are forbidden"] = { { 500, FORBIDDEN }, nil },
    ["any number that are neither yes nor no"] = { { 500, ODD }, nil },
    ["no money"] = { { 500, verdict("unpaid", "refused", "stop") }, nil },
    ["a lacking permission"] = { { 500, verdict("no_permission", "refused", "stop") }, nil },
    ["a key refused twice"] = { { 1, verdict("bad_key", "refused", "stop") }, "authentication" },
    ["a redirect"] = { { 1, verdict("redirected", "unconfirmed", "stop") }, "redirect" },
    ["a proxy"] = { { 1, verdict("proxy_unusable", "not_sent", "stop") }, "proxy" },
    ["a certificate"] = { { 1, verdict("tls_untrusted", "not_sent", "stop") }, "tls" },
    ["three TLS failures in a row"] = { { 3, TLS }, "tls" },
    ["a pause of more than 300 s"] = { { 1, pause(300001) }, "rate_limited" },
  } do
    it(("%s in a run of reads: %s"):format(name, row[2] or "goes on"), function()
      local rules, seen = stop_rules.new(false, true), nil
      for _ = 1, row[1][1] do
        assert.is_nil(seen)
        seen = rules:see(row[1][2])
      end
      assert.are.equal(row[2], seen and seen.reason)
    end)
  end
end)
