local receipts = require "elevenlabs.workspace.receipt"

describe("receipt", function()
  it("is of one attempt, and has room for what its call adds", function()
    local receipt = receipts.new(200, "r1", { a = 1 })
    assert.are.same({
      outcome = "confirmed",
      call = 0,
      status = 200,
      request_id = "r1",
      body = { a = 1 },
      attempts = 0,
      elapsed_ms = 0,
    }, receipt)
  end)

  it("is the verdict on its attempt too", function()
    local receipt = receipts.new(200, nil, nil)
    assert.are.same({ "confirmed", "done" }, { receipt.class, receipt.action })
    assert.is_nil(rawget(receipt, "action")) -- no news to the user
  end)

  it("reads and concatenates as one line", function()
    assert.are.equal("confirmed (HTTP 200)", tostring(receipts.new(200, nil, "x")))
    assert.are.equal("confirmed (HTTP 200) [request-id a b]", tostring(receipts.new(200, "a\nb")))
    assert.are.equal("it is confirmed (HTTP 200)!", "it is " .. receipts.new(200) .. "!")
    assert.are.equal("confirmed by an earlier run", tostring(receipts.earlier()))
  end)

  it("of an earlier run has no status and no attempts", function()
    local receipt = receipts.earlier()
    assert.are.same({ outcome = "confirmed", attempts = 0, elapsed_ms = 0 }, receipt)
    assert.are.equal("done", receipt.action)
  end)
end)
