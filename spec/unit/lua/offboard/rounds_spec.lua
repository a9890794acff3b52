local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local support = require "spec.support.offboard"

describe("offboard rounds", function()
  before_each(support.begin)
  after_each(support.finish)

  it("may not begin on another server", function()
    local case = { plan = { header = { server = "https://a.example" } } }
    assert.is_nil(rounds.check_server(case, { base_url = "https://a.example" }))
    local err = rounds.check_server(case, { base_url = "https://b.example" })
    assert.are.equal("base_url", err.field)
    assert.are.equal(
      "the plan was made at https://a.example, and this client sends to https://b.example:"
        .. " take another folder, or plan again",
      err.message
    )
  end)

  it("may not begin if the API cannot name the subject", function()
    assert.is_nil(rounds.check_target { kind = "user", target = {} })
    assert.matches("removes by address", rounds.check_target({ kind = "user" }).message)
    local err = rounds.check_target { kind = "service_account", label = "service_1" }
    assert.matches("service_1 has no API key", err.message)
  end)

  it("may not begin on a plan that is too old", function()
    local week = 7 * 24 * 3600
    assert.is_nil(rounds.check_age("plan", os.time() - week + 60))
    local err = rounds.check_age("plan", os.time() - week - 86400)
    assert.are.same(
      { "max_age_s", "the plan is 8 days old, and at most 7 days are allowed" },
      { err.field, err.message }
    )
    assert.is_nil(rounds.check_age("plan", os.time() - week - 86400, 2 * week))
    err = rounds.check_age("round", os.time() - 7230, 60)
    assert.matches("the round is 2 hours old", err.message)
    assert.is_nil(rounds.check_age("plan", os.time() + 3500)) -- by another machine's clock
    err = rounds.check_age("plan", os.time() + 2 * 86400)
    assert.are.equal("max_age_s", err.field)
    assert.matches("^the plan was made .* from now: is the clock right%?$", err.message)
  end)

  it("may not begin with more changes than are allowed", function()
    assert.is_nil(rounds.check_count(1000))
    assert.are.equal("max_removals", rounds.check_count(1001).field)
    assert.is_nil(rounds.check_count(5, 5))
    assert.are.equal(
      "6 resources are to be changed, and at most 5 are allowed",
      rounds.check_count(6, 5).message
    )
    assert.is_nil(rounds.check_count(1e9, math.huge))
  end)

  describe("read again", function()
    local ROWS = {
      { resource_id = "voice_trailer", resource_type = "voice" },
      { resource_id = "agent_sales", resource_type = "convai_agents" },
    }

    local world

    --- Read until each row was read so often. -> reads by id, error
    local function read_until(count, read_back_ms, cancellation)
      local reads = {}
      world = support.world()
      local hooks = {
        cancellation = cancellation or cancellations.new(),
        read_back_ms = read_back_ms,
      }
      local err = rounds.read_back(world.client, ROWS, hooks, function(row)
        reads[row.resource_id] = (reads[row.resource_id] or 0) + 1
        return reads[row.resource_id] >= (row == ROWS[1] and 1 or count)
      end)
      return reads, err
    end

    it("what is not settled, and nothing else", function()
      local reads, err = read_until(4)
      assert.is_nil(err)
      assert.are.same({ voice_trailer = 1, agent_sales = 4 }, reads)
    end)

    it("until time is up", function()
      local reads = read_until(1000)
      assert.is_true(reads.agent_sales > 5 and reads.agent_sales < 20)
      assert.are.same({ voice_trailer = 1, agent_sales = 1 }, (read_until(1000, 0)))
    end)

    it("until the command is cancelled, also in the pause between two readings", function()
      local cancellation, ended_at, watched = cancellations.new(), nil, cancellations.new().watch
      local function watch(of, work)
        watched(of, work)
        if not work.engine then -- no run: the pause
          ended_at = ended_at or world.client.engine.now()
          cancellation:cancel()
        end
      end
      cancellation.watch = watch -- a cancellation keeps no value: this local does
      local reads, err = read_until(1000, 30000, cancellation)
      assert.are.same({ voice_trailer = 1, agent_sales = 1 }, reads)
      assert.are.same({ "cancelled", "stopped early: it was cancelled" }, { err.kind, err.message })
      assert.is_true(world.client.engine.now() < ended_at + 250) -- the pause was cut short
    end)
  end)
end)
