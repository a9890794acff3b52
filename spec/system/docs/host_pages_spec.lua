-- The pages of the hosts: short, linked from the top, and each with a spec that runs its code.

local pages = require "spec.support.pages"

local function lines_of(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

local HOSTS = { "c", "cqueues", "love", "luv", "neovim", "openresty" }
local PAGES = {}
for i, host in ipairs(HOSTS) do
  PAGES[i] = ("examples/%s/README.md"):format(host)
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

describe("the pages of the hosts", function()
  it("are there, and linked from the top page", function()
    local top = pages.read "README.md"
    for _, path in ipairs(PAGES) do
      assert.matches("](" .. path .. ")", top, 1, true)
    end
  end)

  it("have the same parts, and at most 150 lines", function()
    for _, path in ipairs(PAGES) do
      local text, at = pages.read(path), 1
      assert.is_true(select(2, text:gsub("\n", "")) <= 150, path)
      for _, title in ipairs { "Try it", "The code", "To know", "What goes wrong" } do
        at = text:find("\n## " .. title .. "\n", at, true)
        assert.is_number(at, path .. ": " .. title)
      end
    end
  end)

  it("link to files that are there", function()
    for _, path in ipairs(PAGES) do
      for target in pages.read(path):gmatch "%]%(([^)#]+)" do
        local file = path:match "^.*/" .. target
        assert.is_true(target:find "^https://" ~= nil or exists(file), path .. ": " .. target)
      end
    end
  end)

  it("have their code run by a spec", function()
    local specs = {}
    for i, path in ipairs(lines_of "ls spec/system/hosts/*_spec.lua") do
      specs[i] = pages.read(path)
    end
    local all = table.concat(specs)
    for _, host in ipairs(HOSTS) do
      local opened = all:find(("pages.open %q"):format(host), 1, true)
        or all:find("pages.open(host)", 1, true) and all:find(("%q,?"):format(host))
      assert.truthy(opened, host)
    end
    assert.truthy(all:find("page:left()", 1, true))
  end)
end)
