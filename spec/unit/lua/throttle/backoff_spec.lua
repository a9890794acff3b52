local backoff = require "elevenlabs.workspace.throttle.backoff"

describe("backoff", function()
  it("waits with full jitter, doubling up to 60 s", function()
    for _, row in ipairs {
      -- failures, slow, random, ms
      { 1, false, 0, 0 },
      { 1, false, 0.5, 125 },
      { 1, true, 0.5, 500 },
      { 2, false, 0.5, 250 },
      { 4, false, 0.5, 1000 },
      { 7, true, 0.5, 30000 },
      { 8, false, 0.5, 16000 },
      { 9, false, 0.5, 30000 },
      { 400, true, 0.5, 30000 },
    } do
      assert.are.equal(row[4], backoff.delay_ms(row[1], row[2], row[3]))
    end
  end)

  it("pauses for the longer of both, up to a fifth more than asked, never above 300 s", function()
    for _, row in ipairs {
      -- asked, own, random, ms
      { 0, 0, 0.5, 0 },
      { 0, 100, 0, 100 },
      { 1000, 100, 0.5, 1100 },
      { 1000, 60000, 0.9, 60000 }, -- our own is random already
      { 300000, 100, 0.9, 300000 },
    } do
      assert.are.equal(row[4], backoff.pause_ms(row[1], row[2], row[3]))
    end
  end)

  it("allows a pause of 300 s and no more", function()
    assert.are.same({ false, false, true },
      { backoff.is_too_long(nil), backoff.is_too_long(300000), backoff.is_too_long(300001) })
  end)
end)
