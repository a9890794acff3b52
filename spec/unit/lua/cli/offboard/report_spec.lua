local process = require "spec.support.process"
local support = require "spec.support.offboard"

local function report(...)
  return process.run { "elevenlabs-workspace", "offboard", "report", ... }
end

describe("cli.offboard.report", function()
  before_each(support.begin)
  after_each(support.finish)

  it("writes the reports again, and prints their paths", function()
    support.world():plan():close()
    local folder = support.path "mia"
    local code, out, err = report(folder)
    assert.are.same({ 0, "" }, { code, err })
    local paths = {}
    for path in out:gmatch "[^\n]+" do
      paths[#paths + 1] = path
      assert.are.equal("600", support.mode(path))
    end
    assert.are.same({
      folder .. "/report.html",
      folder .. "/report.csv",
      folder .. "/report.json",
    }, paths)
  end)

  it("ends with 5 if a file cannot be written, and does the other cases", function()
    support.world():plan():close()
    local folder = support.path "mia"
    os.execute(("cp -r '%s' '%s.2'; mkdir -p '%s/report.csv/full'"):format(folder, folder, folder))
    local code, out, err = report(folder, folder .. ".2")
    assert.are.equal(5, code)
    assert.matches("report.csv cannot be put in its place", err, 1, true)
    assert.matches("mia.2/report.json\n$", out)
  end)

  it("ends with 2 without a case", function()
    local code, out = report(support.path "mia")
    assert.are.same({ 2, "" }, { code, out })
  end)
end)
