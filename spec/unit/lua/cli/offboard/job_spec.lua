local jobs = require "elevenlabs.workspace.cli.offboard.job"
local output = require "elevenlabs.workspace.cli.output"
local support = require "spec.support.offboard"

describe("cli.offboard.job", function()
  local complain, write
  local complaints

  before_each(function()
    support.begin()
    complaints = {}
    complain, write = output.complain, output.write
    output.complain = function(text)
      complaints[#complaints + 1] = text
    end
    output.write = function() end
  end)

  after_each(function()
    output.complain, output.write = complain, write
    support.finish()
  end)

  it("ends with the status of several cases that holds first", function()
    local function status_of(...)
      local statuses = { ... }
      return jobs.each({ 1, 2 }, function(case)
        return statuses[case]
      end)
    end
    assert.are.equal(0, status_of(0, 0))
    assert.are.equal(4, status_of(0, 4))
    assert.are.equal(1, status_of(4, 1))
    assert.are.equal(5, status_of(1, 5))
    assert.are.equal(3, status_of(5, 3))
    assert.are.equal(130, status_of(130, 3))
    assert.are.equal(2, status_of(130, 2))
  end)

  it("does nothing if one of the folders has no case, and unlocks the others", function()
    support.world():plan():close()
    local status = jobs.with_cases({ support.path "mia", support.path "none" }, function()
      error "not reached"
    end)
    assert.are.equal(2, status)
    assert.matches("^there is no case in ", complaints[1])
    support.open()
  end)

  it("unlocks the cases in the end", function()
    support.world():plan():close()
    local status = jobs.with_cases({ support.path "mia" }, function(cases)
      assert.are.equal(support.path "mia", cases[1].folder)
      return 4
    end)
    assert.are.equal(4, status)
    support.open()
  end)

  describe("a failure", function()
    local job

    before_each(function()
      local key = support.write(support.path "key", "sk_spec\n")
      os.execute(("chmod 600 '%s'"):format(key))
      job = assert(jobs.new("offboard apply", {
        api_key_file = key,
        base_url = "https://127.0.0.1:1",
      }, { "apply", "it's", "--note=x" }))
    end)

    after_each(function()
      job.client:close()
    end)

    it("is wrong usage, an unwritten file, or a stop", function()
      local statuses = {}
      for i, kind in ipairs { "invalid_argument", "journal", "network", "permission" } do
        statuses[i] = job:fail { kind = kind, message = "because" }
      end
      statuses[5] = job:fail { kind = "journal", field = "report", message = "because" }
      assert.are.same({ 2, 3, 3, 3, 5 }, statuses)
      assert.are.equal("because", complaints[5])
    end)

    it("after a signal is an interrupt, whatever the error says", function()
      job.driver.status = 143
      assert.are.equal(143, job:fail { kind = "invalid_argument", message = "because" })
      assert.are.equal("interrupted. Run the command again to go on", complaints[1])
    end)

    it("names who ran what, as a shell takes the command", function()
      assert.are.equal(
        "elevenlabs-workspace offboard apply apply 'it'\\''s' --note=x",
        job.by.arguments
      )
      assert.is_string(job.by.host)
    end)

    it("is what a signal cancels, also if the signal came before a run", function()
      local hooks, cancelled = job:hooks(), 0
      job:end_by_signal {
        cancel = function()
          cancelled = cancelled + 1
        end,
      }
      hooks.on_run { op = "unshare" }
      job.driver.on_signal()
      assert.are.equal(1, cancelled)
      job.driver.status = 130
      hooks.on_run { op = "unshare" }
      assert.are.equal(2, cancelled)
    end)
  end)

  it("needs a key", function()
    local job, why = jobs.new("offboard plan", { api_key_file = "/nonexistent" }, {})
    assert.is_nil(job)
    assert.matches("cannot read the API key", why)
  end)
end)
