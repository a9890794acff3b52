local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, many, run = support.always, support.many, support.run

describe("a function of a run's owner", function()
  it("stops the run if it raises, and is told the rest all the same", function()
    local told = 0
    local report = run(always {}, (many(100)), {
      on_result = function()
        told = told + 1
        error "disk full"
      end,
    })
    assert.are.equal("callback", report.stopped)
    assert.are.equal(report.total, told)
    assert.matches("disk full", report.stop_message)
  end)

  it("may raise what no journal could hold, and no key is shown", function()
    local path = os.tmpname()
    for _, raised in ipairs {
      "key\n" .. ("x"):rep(100000),
      setmetatable({}, {
        __tostring = function()
          error "no text"
        end,
      }),
      setmetatable({}, {
        __tostring = function()
          return {} -- which 5.1 passes on
        end,
      }),
    } do
      os.remove(path)
      local messages = ""
      local engine = world.running(function(attempt, now)
        return (attempt.args.resource_id == "id1" or now > 3000) and {} or nil
      end)
      local report = bulk.start(engine, URL, "unshare", (many(10)), {
        journal = path,
        on_result = function(_, _, err)
          messages = messages .. (err and err.message or "")
          error(raised, 0)
        end,
      }):result()
      assert.are.equal("callback", report.stopped)
      assert.is_true(report.not_sent > 0)
      local file = assert(io.open(path))
      local text = file:read "*a"
      file:close()
      assert.matches('{"end":true[^\n]*\n$', text)
      for _, shown in ipairs { messages, report.stop_message, text } do
        assert.is_nil(shown:find "key")
      end
      assert.is_nil(messages:find "\n")
    end
    os.remove(path)
  end)

  it("may call the client", function()
    local client = fake.new()
    local seen
    client:unshare_many({
      { resource_id = "voice_narrator", resource_type = "voice", user_email = "mia@example.com" },
    }, {
      on_result = function(it_)
        seen = client:get { resource_id = it_.resource_id, resource_type = it_.resource_type }
      end,
    })
    assert.are.same({}, seen.role_to_group_ids.editor)
  end)
end)
