local call_options = require "elevenlabs.workspace.options.call"

describe("the options of a call", function()
  it("may be left out", function()
    assert.are.same({}, call_options.read(nil))
    assert.are.same({}, call_options.read {})
  end)

  it("are copied", function()
    local given = { deadline_ms = 0.5, max_attempts = 100, dry_run = false }
    local options = call_options.read(given)
    given.max_attempts = 0
    assert.are.same({ deadline_ms = 0.5, max_attempts = 100, dry_run = false }, options)
  end)

  for i, case in ipairs {
    { "deadline_ms", { deadline_ms = 0 }, "above 0" },
    { "deadline_ms", { deadline_ms = 0 / 0 }, "above 0" },
    { "deadline_ms", { deadline_ms = "300" }, "above 0" },
    { "max_attempts", { max_attempts = 0 }, "from 1 to 100" },
    { "max_attempts", { max_attempts = 1.5 }, "from 1 to 100" },
    { "max_attempts", { max_attempts = 101 }, "from 1 to 100" },
    { "dry_run", { dry_run = "yes" }, "true or false" },
    { "deadline", { deadline = 300 }, 'unknown option "deadline": did you mean deadline_ms?' },
    { "dryrun", { dryrun = true }, 'unknown option "dryrun": did you mean dry_run?' },
  } do
    it(("refuse %s (case %d)"):format(case[1], i), function()
      local options, err = call_options.read(case[2])
      assert.is_nil(options)
      assert.are.same({ "invalid_argument", case[1] }, { err.kind, err.field })
      assert.matches(case[3], err.message, 1, true)
    end)
  end
end)
