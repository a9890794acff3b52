local cjson = require "cjson"
local output = require "elevenlabs.workspace.cli.output"
local reports = require "elevenlabs.workspace.bulk.report"
local said = require "elevenlabs.workspace.cli.bulk.report"

--- What is written to standard output and to standard error about a run.
local function say(job, changes)
  local report = reports.new({}, nil, 3)
  for name, value in pairs(changes) do
    report[name] = value
  end
  local out, err = {}, {}
  local write, complain = output.write, output.complain
  function output.write(text)
    out[#out + 1] = text
  end
  function output.complain(text)
    err[#err + 1] = text
  end
  said.say(job, report)
  output.write, output.complain = write, complain
  return table.concat(out), table.concat(err, "\n")
end

local function job_of(values, arguments)
  return { op = "unshare", values = values, arguments = arguments or {} }
end

describe("cli.bulk.report", function()
  it("prints counts, reasons and the sum", function()
    local out, err = say(job_of {}, {
      total = 3,
      confirmed = 2,
      refused = 1,
      already_confirmed = 1,
      retries = 4,
      elapsed_ms = 41000,
      others = 2,
      reasons = {
        {
          count = 1,
          outcome = "refused",
          kind = "not_found",
          status = 404,
          code = "gone\27",
          message = "none",
        },
      },
    })
    assert.are.equal("", err)
    assert.are.equal(
      [[
      1  refused (not_found, HTTP 404, gone ): none
      2  for other reasons
      1  were already confirmed by an earlier run
      4  retries
in 41 s
total 3 confirmed 2 refused 1 unconfirmed 0 not_sent 0
]],
      out
    )
  end)

  it("prints one line of JSON instead", function()
    local out = say(job_of { json = true }, { total = 3, not_sent = 3, dry_run = true })
    assert.matches("^[^\n]*\n$", out)
    assert.are.same({ 3, true }, { cjson.decode(out).total, cjson.decode(out).dry_run })
  end)

  it("says that a dry run sent nothing", function()
    local out = say(job_of {}, { dry_run = true })
    assert.matches("^This was a dry run: nothing was sent.\n", out)
  end)

  it("says what a journal warns of, and which fields were ignored", function()
    local job = job_of {}
    local _, err = say(job, { journal = { warning = "it is old" }, ignored = { "role" } })
    assert.matches("^it is old\n", err)
    assert.matches("\nthe role of the rows is ignored: ", err)
    assert.are.equal("", select(2, say(job, { ignored = { "role" } }))) -- once is enough
  end)

  describe("of a run that stopped early prints the command that", function()
    local stop = { stopped = "cancelled", stop_message = "it was cancelled" }

    it("goes on, with a journal", function()
      local arguments = { "--from", "it's all.csv", "--journal", "x" }
      local _, err = say(job_of({ journal = "x", from = "it's all.csv" }, arguments), stop)
      assert.matches("^Stopped: it was cancelled.\n", err)
      local command = [[elevenlabs-workspace unshare --from 'it'\''s all.csv' --journal x]]
      assert.are.equal(command, err:sub(-#command))
    end)

    it("runs it all again, without", function()
      local _, err = say(job_of({ from = "-" }, { "--from", "-" }), stop)
      assert.matches("There was no --journal", err, 1, true)
      local command = "(the same input again) | elevenlabs-workspace unshare --from -"
      assert.are.equal(command, err:sub(-#command))
    end)
  end)
end)
