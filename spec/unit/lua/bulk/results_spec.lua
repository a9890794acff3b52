local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item_of, many, run = support.always, support.item_of, support.many, support.run

describe("the results of a run", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  it("of reads are resources, and a refusal belongs to its item", function()
    local client = fake.new()
    local list = { { resource_id = "gone", resource_type = "voice" } }
    for i = 2, 100 do
      list[i] = { resource_id = "voice_narrator", resource_type = "voice" }
    end
    local names, refused = {}, {}
    local report = assert(client:get_many(list, {
      on_result = function(read, resource, err)
        if resource then
          names[#names + 1] = tostring(resource):match "^voice voice_narrator"
        else
          refused[#refused + 1] = { read.resource_id, err.kind }
        end
      end,
    }))
    assert.are.equal("total 100 confirmed 99 refused 1 unconfirmed 0 not_sent 0", tostring(report))
    assert.are.same({ 99, { { "gone", "not_found" } } }, { #names, refused })
  end)

  it("are one outcome for each item, and the owner is told of each", function()
    local client, model = fake.new()
    local list, told = {}, {}
    for i, resource in ipairs(model.state.resources) do
      list[i] = {
        resource_id = resource.id,
        resource_type = resource.type,
        user_email = "mia@example.com",
      }
    end
    list[11] = { resource_id = "voice_narrator", user_email = "mia@example.com" }
    local report = client:unshare_many(list, {
      on_result = function(it_, receipt, err)
        told[it_.resource_id .. (it_.resource_type or "")] = (receipt or err).outcome
      end,
    })
    assert.are.equal("total 11 confirmed 8 refused 2 unconfirmed 0 not_sent 1", tostring(report))
    assert.are.same({ 1, true }, { report.invalid, report.exhausted })
    assert.is_nil(report.stopped)
    assert.are.same(
      { "confirmed", "refused", "not_sent" },
      { told.voice_trailervoice, told.dub_teaserdubbing, told.voice_narrator }
    )
    for _, resource in ipairs(model.state.resources) do
      local kept = resource.creator == "user_mia" or resource.creator == "user_tom"
      assert.are.equal(kept, resource.roles.user_mia ~= nil, resource.id)
    end
  end)

  it("stop the run if the api_key function fails", function()
    local source, taken = many(1000)
    local report = run(always {}, source, {}, {
      api_key = function()
        error "the vault is sealed"
      end,
    })
    assert.are.same({ "authentication", 0 }, { report.stopped, report.invalid })
    assert.are.same({ taken(), taken() }, { report.total, report.not_sent })
    assert.is_true(taken() < 100)
  end)

  it("end no item twice if a callback lets other items end meanwhile", function()
    local client = fake.new()
    local told = {}
    local report = client:unshare_many((many(10)), {
      on_result = function(it_)
        told[it_.resource_id] = (told[it_.resource_id] or 0) + 1
        client:get { resource_id = "voice_narrator", resource_type = "voice" }
      end,
    })
    assert.are.equal(10, report.total)
    for number = 1, 10 do
      assert.are.equal(1, told["id" .. number], number)
    end
  end)

  describe("are told once they are on the disk:", function()
    it("a group of records", function()
      local told, synced = 0, 0
      local engine = world.running(always {})
      local count = 0
      local run_ = bulk.start(engine, URL, "unshare", function()
        count = count + 1
        return count <= 600 and item_of("id" .. count) or nil
      end, {
        journal = journal.path,
        on_result = function()
          told = told + 1
          assert(told <= synced)
        end,
      })
      local sync = run_.journal.sync
      local recorded = 0
      function run_.journal.record(self, ...)
        recorded = recorded + 1
        return getmetatable(self).record(self, ...)
      end
      function run_.journal.sync(self)
        synced = recorded
        return sync(self)
      end
      local report = run_:result()
      assert.is_nil(report.stopped)
      assert.are.same({ 600, 600 }, { report.confirmed, told })
    end)

    it("or 100 ms", function()
      local when
      local _, _, _ = journal:run({ "x", "slow" }, function(attempt, now)
        return (attempt.args.resource_id == "x" or now >= 5000) and {} or nil
      end, "unshare", {
        on_result = function(it_)
          when = when or { it_.resource_id, #journal:records() }
        end,
      })
      assert.are.same({ "x", 2 }, when) -- the header and x
    end)
  end)

  describe("of which the journal cannot be written", function()
    it("stop the run, which then reports no confirmation", function()
      local report, told, taken = journal:run_to_full_disk(2, 5000)
      assert.are.same({ "journal", false }, { report.stopped, report.exhausted })
      assert.is_true(report.confirmed >= 1024 and report.confirmed < 1024 + 32)
      assert.are.same({ taken, taken }, { report.total, #told })
      assert.are.equal(taken - report.confirmed, report.unconfirmed + report.not_sent)
      for i = report.confirmed + 1, #told do
        assert.are_not.equal("confirmed", told[i].outcome)
      end
      assert.matches("No space left", report.stop_message)
      assert.matches("the server confirmed it, but the journal could not be written",
        told[report.confirmed + 1].message)
    end)

    it("count the same if nobody is told of each item", function()
      local told = journal:run_to_full_disk(2, 5000)
      journal:remove() -- the first run's lock goes with its collection
      local quiet = journal:run_to_full_disk(2, 5000, nil, true)
      for _, count in ipairs { "total", "confirmed", "unconfirmed", "not_sent" } do
        assert.are.equal(told[count], quiet[count], count)
      end
      assert.is_true(quiet.unconfirmed > 0)
    end)
  end)
end)
