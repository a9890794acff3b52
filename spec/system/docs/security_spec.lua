-- SECURITY.md: each claim names what shows it, and this is there.

local pages = require "spec.support.pages"

describe("SECURITY.md", function()
  local text = pages.read "SECURITY.md"

  local function exists(path)
    local file = io.open(path)
    return file ~= nil and file:close()
  end

  --- The targets of the makefiles.
  local function targets()
    local found, pipe = {}, io.popen "cat Makefile spec/*.mk spec/*/*.mk spec/*/*/*.mk"
    for names in pipe:read("*a"):gmatch "\n([%l_ ]+):" do
      for name in names:gmatch "%S+" do
        found[name] = true
      end
    end
    pipe:close()
    return found
  end

  local rows = {}
  for claim, shown in text:match("| threat |.-\n\n"):gmatch "\n| ([^|]+) | [^|]+ | ([^|]+) |" do
    rows[claim] = shown
  end
  rows["---"] = nil

  it("names for each threat a command or a spec", function()
    local count = 0
    for claim, shown in pairs(rows) do
      count = count + 1
      assert.is_truthy(shown:find "`make %l+" or shown:find "spec/", claim)
    end
    assert.is_true(count > 15)
  end)

  it("names specs that are there, by their whole path", function()
    for claim, shown in pairs(rows) do
      for word in shown:gmatch "[%w_/]*[/_][%w_/.]+" do
        assert.is_true(exists((word:gsub("%.$", ""))), claim .. ": " .. word)
      end
    end
  end)

  it("names targets of make that are there", function()
    local all = targets()
    for target in text:gmatch "`make ([%l_]+)" do
      assert.is_true(all[target], target)
    end
  end)
end)
