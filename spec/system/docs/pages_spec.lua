-- The reference as a page in Chromium and as a manual page: how they read, and what they load.

local axe = require "spec.support.axe"
local chromium = require "spec.support.chromium"
local contents = require "spec.system.docs.contents"
local markdown = require "spec.system.docs.markdown"
local process = require "spec.support.process"
local uv = require "luv"

-- The Markdown is made here, in this interpreter: make only calls pandoc.
local MAKE = [[exec make -s LUA="$SPEC_LUA" BUILD="$1" -o "$1/docs/reference.md" \
  "$1/docs/reference.html" "$1/docs/elevenlabs-workspace.3"]]

-- The same kinds of things come again and again. Axe-core takes long for all of them.
local A_PART = [[
  Array.from(document.querySelectorAll("main > *")).slice(40, -15).forEach(part => part.remove());
  Array.from(document.querySelectorAll("nav li li a")).filter(
    link => !document.getElementById(link.hash.slice(1))).forEach(link => link.remove()); 0]]

local function must(command, options)
  local code, out, err = process.run(command, options)
  assert.are.same({ 0, "" }, { code, err })
  return out
end

describe("the pages of the reference", function()
  local folder, docs, page

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    docs = folder .. "/docs"
    assert(uv.fs_mkdir(folder, 448)) -- 0700
    assert(uv.fs_mkdir(docs, 448))
    markdown.write(docs .. "/reference.md")
    must({ "sh", "-c", MAKE, "sh", folder }, {
      env = { MAKEFLAGS = false, MFLAGS = false, MAKELEVEL = false },
    })
    page = chromium.start()
  end)

  teardown(function()
    page:close()
    process.run { "rm", "-r", folder }
  end)

  describe("in Chromium", function()
    setup(function()
      page:open(docs .. "/reference.html")
    end)

    it("ask nobody for anything, and hold no script", function()
      local requests = page:seen "Network.requestWillBeSent"
      assert.are.equal(1, #requests)
      assert.matches("^file://", requests[1].request.url)
      assert.are.equal(0, page:run "document.querySelectorAll('img, script, link, iframe').length")
    end)

    it("have each entry, and links that lead to a place of their own", function()
      local headings = page:run [[
        Array.from(document.querySelectorAll("h3"), found => found.innerText).join(" ")]]
      for _, entry in ipairs(contents.entries()) do
        assert.matches(entry, headings, 1, true)
      end
      assert.are.equal("", page:run [[Array.from(document.querySelectorAll("a"), a =>
        a.getAttribute("href")).filter(to => !to.startsWith("#")
          || document.querySelectorAll("[id='" + to.slice(1) + "']").length != 1).join(" ")]])
    end)

    it("are never wider than the screen", function()
      for _, width in ipairs { 1280, 800, 390, 320 } do
        page:resize(width, "light")
        local size = page:run "Math.max(innerWidth, document.documentElement.scrollWidth)"
        assert.are.equal(width, size)
      end
    end)

    it("are dark for those who want the dark", function()
      local function colours()
        return page:run [[["backgroundColor", "color"].map(name =>
          getComputedStyle(document.body)[name]).join(" on ")]]
      end
      page:resize(1280, "light")
      assert.are.equal("rgb(255, 255, 255) on rgb(22, 25, 29)", colours())
      page:resize(1280, "dark")
      assert.are.equal("rgb(20, 23, 26) on rgb(231, 234, 237)", colours())
    end)

    local function press(key, code)
      for _, type_ in ipairs { "keyDown", "keyUp" } do
        page:command("Input.dispatchKeyEvent", {
          type = type_,
          key = key,
          code = key,
          windowsVirtualKeyCode = code,
          text = key == "Enter" and type_ == "keyDown" and "\r" or nil,
        })
      end
    end

    --- The text of what has the focus, and whether a reader sees that.
    local function focus()
      return page:run [[document.activeElement.innerText + ": "
        + getComputedStyle(document.activeElement).outlineStyle]]
    end

    it("are read with the keyboard: contents that can be skipped, and Enter goes on", function()
      page:resize(1280, "light")
      press("Tab", 9)
      assert.are.equal("Skip the contents: solid", focus())
      press("Tab", 9)
      assert.are.equal("Making a client: solid", focus())
      press("Tab", 9)
      assert.are.equal("workspace.new: solid", focus())
      press("Enter", 13)
      assert.are.equal("#workspacenew", page:run "location.hash")
      local top = page:run "document.getElementById('workspacenew').getBoundingClientRect().top"
      assert.is_true(top >= 0 and top < 100, tostring(top))
    end)

    it("lead back to the contents on a phone", function()
      page:resize(390, "light")
      assert.are.equal("#contents", page:run [[
        document.elementFromPoint(innerWidth - 40, innerHeight - 30).getAttribute("href")]])
    end)

  end)

  it("have no fault that axe-core finds, in light and dark, wide and narrow", function()
    local source, why = axe.fetch()
    if not source then
      pending(why)
    end
    page:open(docs .. "/reference.html")
    page:run(A_PART)
    assert.are.same(axe.NOTHING, axe.faults(page, source))
  end)

  it("are a manual page without a warning, for all but the command", function()
    local out = must({ "man", "--warnings", "-l", docs .. "/elevenlabs-workspace.3" }, {
      env = { MANWIDTH = "80", MANPAGER = "cat", MAN_KEEP_FORMATTING = false },
    })
    for line in out:gmatch "[^\n]+" do
      assert.is_true(#line:gsub("[\128-\191]", "") <= 80, line)
    end
    for _, entry in ipairs(contents.entries()) do
      assert.matches("\n   " .. entry .. "\n", out, 1, true)
    end
    assert.matches("\nNAME\n +elevenlabs%-workspace %- remove, grant and read roles", out)
    assert.matches("\nSEE ALSO\n +elevenlabs%-workspace%(1%)", out)
    local version = require "elevenlabs.workspace.version"
    assert.matches("\nelevenlabs-workspace " .. version .. " ", out, 1, true)
    assert.is_nil(out:find("--api-key-file", 1, true))
  end)
end)
