-- The page of C applications: its commands install, link and run what it says.

local pages = require "spec.support.pages"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

local LUA = os.getenv "SPEC_LUA"
local VERSION = _VERSION:match "[%d.]+"
local PACKAGE = rawget(_G, "jit") and "luajit" or "lua" .. VERSION -- pkg-config's name

--- What is in a file so far; "" if there is no file yet.
local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  return file and file:close() and text or ""
end

describe("the page of C applications", function()
  local page, home = pages.open "c", nil
  local first = page:take("sh", "~/host ")
  local set_up, link, run = first:match "^(.*)\n(cc [^\n]*\nprintf[^\n]*)\n(elevenlabs.*)$"
  local others = page:take("sh", "~/plugin_host")

  --- Run commands in a home of their own, with what the page's first block sets.
  local function sh(code)
    local before = set_up:match "(export.*)$"
    code = pages.with(before .. "\n" .. code, { ["share/lua/5.4"] = "share/lua/" .. VERSION })
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
    local install = pages.with(set_up:match "^[^\n]*", { ["lua5.4"] = LUA })
    if LUA:find "/" then -- a sanitizer's: the application is built without
      install = ("%s BUILD='%s/build' CFLAGS=-O0"):format(install, home)
    end
    must(install .. "\n" .. for_this_lua(link))
  end)

  teardown(function()
    process.run { "rm", "-rf", home }
  end)

  it("has commands that remove a list while the application's loop goes on", function()
    local status, out = sh(run)
    assert.are.equal(1, status) -- one is refused
    out = "\n" .. out:gsub("sandbox%-%d+", "sandbox-N")
    for line in page:take("text", "2 of 2"):gsub("sandbox%-%d+", "sandbox-N"):gmatch "[^\n]+" do
      local turns = line:match "^%d+ (turns of the loop)$"
      assert.matches(turns and "\n%d+ " .. turns or "\n" .. line, out, 1, not turns)
    end
  end)

  it("ends a longer list at Ctrl-C with a report", function()
    local server = sandboxes.start("--latency-ms", "200")
    finally(function()
      server:stop()
    end)
    local list, journal = home .. "/long.csv", home .. "/long.journal"
    local file = assert(io.open(list, "w"))
    file:write("resource_id,resource_type\n")
    for i = 1, 1000 do
      file:write(("none%d,voice\n"):format(i))
    end
    file:close()
    local application = process.start(
      { home .. "/host", "examples/c/list.lua", list, "mia@example.com", journal },
      {
        env = {
          ELEVENLABS_API_KEY = server.api_key,
          ELEVENLABS_BASE_URL = server.base_url,
          ELEVENLABS_CA_FILE = server.ca_file,
        },
      }
    )
    assert.is_true(process.run_until(function()
      return application.code or select(2, read(journal):gsub("\n", "")) > 3
    end))
    local status, out, err = application:stop "sigint"
    assert.are.same({ 1, "" }, { status, err })
    assert.matches("unconfirmed 0 not_sent %d+; stopped: it was cancelled, the source", out)
    assert.matches("\n1000 are left\n", out)
  end)

  it("runs plugins in four threads, and a client on both sides of a fork", function()
    local out = must(for_this_lua(others))
    assert.are.equal(12, select(2, out:gsub("total 2 confirmed 2 refused 0", "")))
    local last = page:take("text", "plugins 12"):gsub("%d%d+ ", "%%d+ ")
    last = last:gsub("plugins %%d%+ done %%d%+", "plugins 12 done 12")
    assert.matches("\n" .. last .. "\n$", out)
  end)

  it("has the examples' code, and none that nobody runs", function()
    for _, words in ipairs { "preload", "struct pollfd", "lua_isnil" } do
      page:take_excerpt("c", words, "examples/c/host.c")
    end
    page:take_excerpt("lua", "pollfd", "examples/c/list.lua")
    assert.are.same({}, page:left())
  end)

  it("knows what the application says if the module's Lua files are not found", function()
    local status, out = sh(pages.with(run, { ["-- "] = "-- env 'LUA_PATH=/none/?.lua' " }))
    assert.are.equal(1, status)
    assert.matches("module 'elevenlabs.workspace' not found", out, 1, true)
    assert.matches("| `module 'elevenlabs.workspace' not found` |", page.text, 1, true)
  end)
end)
