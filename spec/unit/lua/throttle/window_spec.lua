local limiters = require "elevenlabs.workspace.throttle.window"

--- A limiter of this ceiling and window that has `in_flight` attempts begun.
local function limiter(ceiling, window, in_flight)
  local made = limiters.new(ceiling)
  made.window = window or made.window
  local mark
  for i = 1, in_flight or 0 do
    mark = made:begin(i)
  end
  return made, mark
end

describe("limiter", function()
  it("starts with 4, or less where the ceiling is lower", function()
    assert.are.same({ 4, 3, 1 }, {
      limiter(32):places(0),
      limiter(3):places(0),
      limiter(1):places(0),
    })
  end)

  describe("window", function()
    for _, row in ipairs {
      -- ceiling, window, in flight, events, window then
      { 32, 4, 4, { "ok", 3 }, 4 },
      { 32, 4, 4, { "ok", 4 }, 5 },
      { 32, 4, 3, { "ok", 40 }, 4 }, -- it was not in use
      { 4, 4, 4, { "ok", 4 }, 4 },
      { 32, 10, 10, { "crowded", 1 }, 7 },
      { 32, 10, 10, { "busy", 1 }, 5 },
      { 32, 10, 10, { "busy", 10 }, 5 }, -- all of one round trip
      { 32, 1, 1, { "busy", 1 }, 1 },
      { 32, 1, 1, { "crowded", 1 }, 1 },
      { 32, 10, 10, { "cap", 6 }, 6 },
      { 32, 10, 10, { "cap", 20 }, 10 },
      { 8, 8, 8, { "cap", 20, "ok", 8 }, 8 },
      { 32, 10, 10, { "cap", 0 }, 1 },
      { 32, 10, 10, { "cap", 6, "ok", 6 }, 6 },
    } do
      local ceiling, window, in_flight, events, expected = (unpack or table.unpack)(row)
      local name = ("of %d, with %d in flight, after %s: %d"):format(
        window,
        in_flight,
        table.concat(events, " "),
        expected
      )
      it(name, function()
        local it_, mark = limiter(ceiling, window, in_flight)
        for i = 1, #events, 2 do
          if events[i] == "cap" then
            it_:cap(events[i + 1])
          else
            for _ = 1, events[i + 1] do
              if events[i] == "ok" then
                it_:succeeded()
              else
                it_:cut(mark, events[i])
              end
            end
          end
        end
        assert.are.equal(expected, it_:places(0))
      end)
    end

    it("is cut again by what was sent after the last cut", function()
      local it_, mark = limiter(32, 16, 16)
      assert.is_true(it_:cut(mark, "busy"))
      assert.is_false(it_:cut(mark, "busy"))
      assert.is_true(it_:cut(it_:begin(8), "busy"))
      assert.are.equal(4, it_:places(0))
    end)

    it("grows no further by successes from before a cut", function()
      local it_, mark = limiter(32, 4, 4)
      it_:succeeded()
      it_:succeeded()
      it_:succeeded()
      it_:cut(mark, "busy")
      it_:succeeded()
      assert.are.equal(2, it_:places(0))
    end)

    it("takes the server's maximum back when it names a larger one", function()
      local it_ = limiter(32, 10, 10)
      it_:cap(2)
      it_:cap(3)
      it_:begin(2)
      it_:succeeded()
      it_:succeeded()
      assert.are.equal(3, it_:places(0))
    end)
  end)

  describe("pause", function()
    it("lets nothing through until its end", function()
      local it_, mark = limiter(32, 4, 1)
      assert.is_true(it_:pause(mark, 500, true))
      assert.are.same({ 0, 4, 500 }, { it_:places(499), it_:places(500), it_:paused_until() })
    end)

    it("is made longer, never shorter", function()
      local it_, mark = limiter(32, 4, 1)
      it_:pause(mark, 500, true)
      assert.is_false(it_:pause(mark, 400, true))
      assert.is_true(it_:pause(mark, 600, true))
      assert.are.equal(600, it_:paused_until())
    end)

    it("of our own choice is made once per round trip", function()
      local it_, mark = limiter(32, 4, 4)
      it_:pause(mark, 500, false)
      assert.is_false(it_:pause(mark, 900, false))
      assert.is_true(it_:pause(it_:begin(1), 900, false))
    end)
  end)
end)
