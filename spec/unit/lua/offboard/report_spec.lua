local report = require "elevenlabs.workspace.offboard.report"
local support = require "spec.support.offboard"

local FORMATS = { "html", "csv", "json" }

describe("offboard report", function()
  local writers = {}

  before_each(function()
    support.begin()
    for _, format in ipairs(FORMATS) do
      local name = "elevenlabs.workspace.offboard.report." .. format
      writers[name] = package.loaded[name]
      package.loaded[name] = {
        write = function(document, write)
          write(document.headline)
          write(" as " .. format)
        end,
      }
    end
  end)

  after_each(function()
    for _, format in ipairs(FORMATS) do
      local name = "elevenlabs.workspace.offboard.report." .. format
      package.loaded[name] = writers[name]
    end
    support.finish()
  end)

  it("is written in three formats, for the owner of the folder alone", function()
    local paths = assert(report.write(support.path ".", { headline = "Done" }))
    for _, format in ipairs(FORMATS) do
      assert.are.equal(support.path "." .. "/report." .. format, paths[format])
      assert.are.equal("Done as " .. format, support.read(paths[format]))
      assert.are.equal("600", support.mode(paths[format]))
    end
  end)

  it("takes the place of an older one, whole, also after a kill", function()
    local paths = assert(report.write(support.path ".", { headline = "Older" }))
    support.write(paths.html .. ".new", "a half")
    assert(report.write(support.path ".", { headline = "Newer" }))
    assert.are.equal("Newer as html", support.read(paths.html))
    assert.is_nil(io.open(paths.html .. ".new"))
  end)

  it("that cannot be written is an error, and leaves the older one", function()
    local paths = assert(report.write(support.path ".", { headline = "Older" }))
    package.loaded["elevenlabs.workspace.offboard.report.html"].write = function(_, write)
      write "half"
      error "no memory"
    end
    pcall(report.write, support.path ".", { headline = "Newer" })
    assert.are.equal("Older as html", support.read(paths.html))
    local none, err = report.write(support.path "none", { headline = "Done" })
    assert.is_nil(none)
    assert.are.same({ "journal", "report" }, { err.kind, err.field })
    os.execute(("rm '%s'; mkdir -p '%s/full'"):format(paths.csv, paths.csv))
    package.loaded["elevenlabs.workspace.offboard.report.html"].write = function() end
    none, err = report.write(support.path ".", { headline = "Done" })
    assert.is_nil(none)
    assert.are.equal("journal", err.kind)
    assert.matches("report.csv cannot be put in its place", err.message)
  end)

  it("says that the disk is full", function()
    local open = io.open
    io.open = function() -- luacheck: ignore
      return open("/dev/full", "w")
    end
    local none, err = report.write(support.path ".", { headline = ("x"):rep(100000) })
    io.open = open -- luacheck: ignore
    assert.is_nil(none)
    assert.are.equal("journal", err.kind)
    assert.matches("report.html cannot be written: .*No space left", err.message)
  end)
end)
