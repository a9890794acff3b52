-- The page of C applications: its commands install, link and run what it says.

local pages = require "spec.support.pages"
local process = require "spec.support.process"

local LUA = os.getenv "SPEC_LUA"
local VERSION = _VERSION:match "[%d.]+"
local PACKAGE = rawget(_G, "jit") and "luajit" or "lua" .. VERSION -- pkg-config's name

describe("the page of C applications", function()
  local page, home = pages.open "c", nil
  local link = page:take("sh", "~/plugin_host")
  local run = link:match "\n(elevenlabs[^\n]*)$"

  --- Run commands in a home of their own, with what the page's first block sets.
  local function sh(code)
    local before = link:match "(export.*)cc "
    code = pages.with(before .. code, { ["share/lua/5.4"] = "share/lua/" .. VERSION })
    local env = { HOME = home, LUA_CPATH = false, MAKEFLAGS = false, MAKELEVEL = false }
    return pages.start(code, env):wait()
  end

  local function must(code)
    local status, out, err = sh(code)
    assert.are.equal(0, status, err)
    return out
  end

  --- The page's code for this Lua. A sanitizer's Lua has a name that pkg-config does not know.
  local function for_this_lua(code)
    return (code:gsub("lua5%.4", PACKAGE))
  end

  setup(function()
    home = os.tmpname()
    os.remove(home)
    assert.are.equal(0, (process.run { "mkdir", home }))
    local install = pages.with(link:match "^[^\n]*", { ["lua5.4"] = LUA })
    if LUA:find "/" then -- a sanitizer's: the application is built without
      install = ("%s BUILD='%s/build' CFLAGS=-O0"):format(install, home)
    end
    must(install .. "\n" .. for_this_lua(link:match "(cc .*)\nelevenlabs"))
  end)

  teardown(function()
    process.run { "rm", "-rf", home }
  end)

  it("has commands that run plugins in four threads", function()
    local out = must(run)
    assert.are.equal(12, select(2, out:gsub("total 2 confirmed 2 refused 0", "")))
    local last = page:take("text", "plugins 12"):gsub("%d%d+ ", "%%d+ ")
    last = last:gsub("plugins %%d%+ done %%d%+", "plugins 12 done 12")
    assert.matches("\n" .. last .. "\n$", out)
  end)

  it("has a client in both processes of a fork", function()
    local out = must(for_this_lua(page:take("sh", "~/fork")))
    assert.are.equal(page:take("text", "voice_narrator") .. "\n", out)
  end)

  it("has the examples' code, and none that nobody runs", function()
    for _, words in ipairs { "preload", "LUA_YIELD", "p->limit" } do
      page:take_excerpt("c", words, "examples/c/plugin_host.c")
    end
    assert.are.same({}, page:left())
  end)

  it("knows what the application says if the module's Lua files are not found", function()
    local status, out = sh(pages.with(run, { ["-- "] = "-- env 'LUA_PATH=/none/?.lua' " }))
    assert.are.equal(1, status)
    assert.matches("module 'elevenlabs.workspace' not found", out, 1, true)
    assert.matches("| `module 'elevenlabs.workspace' not found` |", page.text, 1, true)
  end)
end)
