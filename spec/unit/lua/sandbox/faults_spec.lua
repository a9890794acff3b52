local faults = require "elevenlabs.workspace.sandbox.faults"

describe("sandbox.faults", function()
  local now

  --- A gate whose random numbers are these in turn, and then 0.
  local function gate(options, ...)
    local numbers, i = { ... }, 0
    now = 1000
    options.now = function()
      return now
    end
    options.random = function()
      i = i + 1
      return numbers[i] or 0
    end
    return faults.new(options)
  end

  --- How a request is answered, and whether the workspace hears of it.
  local function describe_verdict(verdict)
    local refused = verdict.refusal and verdict.refusal.code
    local answer = verdict.close and "closed" or refused or "served"
    return answer .. (verdict.apply and ", applied" or ", not applied")
  end

  local function enter(self, times)
    local seen = {}
    for i = 1, times or 1 do
      seen[i] = describe_verdict(self:enter())
    end
    return seen
  end

  local SERVED = "served, applied"
  local AT_ONCE = "concurrent_limit_exceeded, not applied"
  local A_SECOND = "rate_limit_exceeded, not applied"

  local draws = {
    { 0.0, 0.00, "internal_error, not applied" },
    { 0.0, 0.20, "service_unavailable, not applied" },
    { 0.0, 0.40, "internal_error, applied" },
    { 0.0, 0.60, "closed, not applied" },
    { 0.0, 0.80, "closed, applied" },
    { 0.049, 0.999, "closed, applied" },
    { 0.05, 0.00, SERVED },
    { 0.999, 0.00, SERVED },
  }
  for _, draw in ipairs(draws) do
    it(("at a rate of 0.05 makes of %g, %g: %s"):format(draw[1], draw[2], draw[3]), function()
      assert.are.same({ draw[3] }, enter(gate({ fail_rate = 0.05 }, draw[1], draw[2])))
    end)
  end

  it("serves all without options, and fails all at a rate of 1", function()
    assert.are.same({ SERVED, SERVED, SERVED }, enter(gate {}, 3))
    assert.are.same({ "closed, applied" }, enter(gate({ fail_rate = 1 }, 0.999, 0.999)))
  end)

  it("takes so many a second, failures with them, and starts anew in the next", function()
    local self = gate({ rate_limit = 2, fail_rate = 0.5 }, 0.9, 0.1, 0.1)
    assert.are.same({ SERVED, "internal_error, not applied", A_SECOND, A_SECOND }, enter(self, 4))
    now = 1000.999
    assert.are.same({ A_SECOND }, enter(self))
    now = 1001
    self.fail_rate = 0
    assert.are.same({ SERVED, SERVED, A_SECOND }, enter(self, 3))
  end)

  it("takes so many at once, and one more for each that leaves", function()
    local self = gate { max_concurrent = 2 }
    local first = self:enter()
    assert.are.same({ SERVED, AT_ONCE, AT_ONCE }, enter(self, 3))
    self:leave(first)
    assert.are.same({ SERVED, AT_ONCE }, enter(self, 2))
  end)

  it("counts a request that fails until it leaves, and a refused one never", function()
    local self = gate { max_concurrent = 1, fail_rate = 1 }
    local failing = self:enter()
    local refused = self:enter()
    self:leave(refused)
    assert.are.same({ AT_ONCE }, enter(self))
    self:leave(failing)
    assert.are.same({ "internal_error, not applied" }, enter(self))
  end)

  it("takes nothing from the rate for what there is no room for", function()
    local self = gate { max_concurrent = 1, rate_limit = 2 }
    local first = self:enter()
    assert.are.same({ AT_ONCE, AT_ONCE }, enter(self, 2))
    self:leave(first)
    assert.are.same({ SERVED }, enter(self))
  end)

  it("tells in headers when to come again, and how many are in flight", function()
    local self = gate { rate_limit = 1 }
    assert.are.same({}, self:headers(self:enter()))
    assert.are.same({ ["retry-after"] = "1" }, self:headers(self:enter()))
    self = gate { max_concurrent = 3 }
    self:enter()
    local headers = {
      ["current-concurrent-requests"] = "2",
      ["maximum-concurrent-requests"] = "3",
    }
    assert.are.same(headers, self:headers(self:enter()))
  end)
end)
