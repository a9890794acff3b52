-- The pages that are of no host: their commands and programs, on a sandbox.

local pages = require "spec.support.pages"
local process = require "spec.support.process"
local support = require "spec.support.command"

local LUA = os.getenv "SPEC_LUA"

--- Run a block in the folder of the spec, with the sandbox in its environment.
---@param replacements table<string, string>|nil
---@return integer code, string out, string err
local function run(code, replacements)
  code = pages.with(code, replacements or {})
  local env = support.env().env
  env.ELEVENLABS_BASE_URL, env.ELEVENLABS_CA_FILE =
    support.sandbox.base_url, support.sandbox.ca_file
  return pages.start(("cd '%s'\n%s"):format(support.folder, code), env):wait()
end

--- Run a program. The library takes no address of a server from the environment.
local function run_lua(code, replacements)
  code = pages.with(code, {
    ["workspace.new {}"] = [[workspace.new {
      base_url = os.getenv "ELEVENLABS_BASE_URL", ca_file = os.getenv "ELEVENLABS_CA_FILE" }]],
  })
  support.write("program.lua", pages.with(code, replacements or {}))
  return run(LUA .. " program.lua")
end

local MIA = { ["leaver@example.com"] = "mia@example.com" }

-- Nobody can be asked here.
local MIA_WITH_YES = {
  ["leaver@example.com"] = "mia@example.com",
  ["--journal"] = "--yes --journal",
}

local function write_list()
  support.write("resources.csv", support.resources())
end

--- A list with a dry run, and then with a journal: 96 of 100 roles can be removed.
local function check_list(code)
  write_list()
  local lists = code:match "\n?(elevenlabs%-workspace unshare .*)$"
  local first, second = lists:match "^(.-)\n(.*)$"
  local status, out = run(first, MIA)
  assert.are.equal(0, status)
  assert.matches("100 valid, 0 invalid, nothing was sent", out)
  status, out = run(second, MIA_WITH_YES)
  assert.are.equal(1, status)
  assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
  assert.are.equal(5, support.lines_of(support.read_file(support.path_of "failed.csv")))
end

local function check_bulk(code)
  write_list()
  local status, out, err = run_lua(code, MIA)
  assert.are.same({ 0, "" }, { status, err })
  assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
end

describe("the page", function()
  before_each(support.begin)
  after_each(support.finish)

  describe("README.md", function()
    local page = pages.at "README.md"

    it("has at most 320 lines, and links to files that are there", function()
      assert.is_true(support.lines_of(page.text) <= 320)
      for target in page.text:gmatch "%]%(([^)#]+)%)" do
        assert.truthy(target:find "^https://" or support.read_file(target), target)
      end
    end)

    it("begins with two commands that the Makefile has", function()
      for name in page:take("sh", "make demo"):gmatch "make (%l+)" do
        assert.are.equal(0, (process.run { "make", "-n", name }), name)
      end
    end)

    it("has a case from the plan to the report", function()
      local code = page:take("sh", "offboard plan"):gsub("^export[^\n]*\n", "")
      local status, out, err = run(code, { ["apply mia"] = "apply mia --yes" })
      assert.are.equal(1, status) -- a custom role cannot be given to Tom, so its removals wait
      assert.matches("Removing the roles on %d+ resources\n", err)
      assert.matches("\ntotal %d+ confirmed %d+ refused 0 unconfirmed 0 not_sent %d+\n$", out)
      assert.truthy(support.read_file(support.path_of "mia/report.html"))
    end)

    it("has ten lines of Lua for the sandbox that it starts", function()
      page:take("sh", "elevenlabs-workspace sandbox")
      local code = pages.with(page:take("lua", "sk_sandbox_ada"), {
        ["https://127.0.0.1:8443"] = support.sandbox.base_url,
        ['"..."'] = ("%q"):format(support.sandbox.ca_file),
        ["sk_sandbox_ada"] = support.sandbox.api_key,
        ["voice_narrator"] = support.resources():match "\n([^,]+),voice\n",
      })
      support.write("first.lua", code)
      for _ = 1, 2 do
        local status, out = run(LUA .. " first.lua")
        assert.are.equal(0, status)
        assert.matches("^confirmed", out)
      end
    end)

    it("has lists with the command", function()
      local code = page:take("sh", "access --out")
      assert.are.equal(0, (run(code:match "^[^\n]*")))
      check_list(code)
    end)

    it("has a list in Lua", function()
      check_bulk(page:take("lua", "unshare_many"))
    end)

    it("has no code that nobody runs", function()
      page:take("sh", "install luv") -- needs LuaRocks' servers
      page:take("sh", "--tree") -- packaging_spec runs these two
      page:take("sh", "make install")
      assert.are.same({}, page:left())
    end)
  end)

  describe("of scripts", function()
    local page = pages.open "script"

    it("removes what access found", function()
      local code = page:take("sh", "access.csv")
      local status, out = run(code, MIA_WITH_YES)
      assert.are.equal(1, status)
      local total = "\ntotal %d+ confirmed %d+ refused 4 unconfirmed 0 not_sent 0; %d came twice\n$"
      assert.matches(total, out)
    end)

    it("has a list with the command", function()
      check_list(page:take("sh", "failed.csv"))
    end)

    it("has a list in Lua", function()
      check_bulk(page:take("lua", "unshare_many"))
    end)

    it("has several calls at once", function()
      local ids = {}
      for id in support.resources():gmatch "\n([^,]+),voice%f[\n]" do
        ids[#ids + 1] = id
      end
      local status, out, err = run_lua(page:take("lua", "workspace.gather"), {
        ["21m00Tcm4TlvDq8ikWAM"] = ids[1],
        ["J3Pbu5gP6NNKBscdCdwB"] = ids[2],
      })
      assert.are.same({ 0, "" }, { status, err })
      assert.matches(ids[1] .. ".*" .. ids[2], out)
    end)

    it("has single commands", function()
      write_list()
      local code = page:take("sh", "--role viewer"):gsub("^export[^\n]*\n", "")
      local status, out, err = run(code, {
        ["--resource-id ID"] = "--resource-id " .. support.resources():match "\n([^,]+),voice\n",
        ["EMAIL"] = "eve@example.com",
        ["FILE"] = "resources.csv",
      })
      assert.are.equal(0, status, err)
      assert.are.equal(2, select(2, out:gsub("\nconfirmed", "")), out)
    end)

    it("has no code that nobody runs", function()
      local code = page:take("sh", "-- sh"):gsub("^[^\n]*\n", "")
      assert.are.equal(0, (run(code))) -- a shell whose input is empty
      page:take("text", "client:unshare {")
      page:take("text", "every item would end like this one")
      assert.are.same({}, page:left())
    end)
  end)

  describe("of cases", function()
    local page = pages.open "offboard"

    it("has a case in Lua", function()
      local status, out, err = run_lua(page:take("lua", "offboard.plan"))
      assert.are.same({ 0, "" }, { status, err })
      assert.matches("/report.html\n$", out)
    end)

    it("has a line for cron", function()
      local command = page:take("text", "LUA_CPATH"):match "\n15 2 %* %* %* (cd [^\n]*)"
      support.write("leavers.csv", "user_email\nmia@example.com\n")
      support.write("key", support.sandbox.api_key)
      local script = assert(io.open "examples/offboard.lua")
      support.write("offboard.lua", script:read "*a")
      script:close()
      local status, out, err = run(command, {
        ["~/offboarding"] = support.path_of "",
        ["lua5.4"] = LUA,
      })
      assert.are.same({ 0, "" }, { status, err })
      assert.matches("\nReport: leavers/mia@example.com/report.html\n", out)
    end)

    it("has no code that nobody runs", function()
      page:take("sh", "examples/offboard.sh") -- examples_spec runs this
      assert.are.same({}, page:left())
    end)
  end)

  describe("of many machines", function()
    local page = pages.open "fleet"

    it("has a list in parts, and says what is left", function()
      local rows = support.resources():gsub("\n", ",mia@example.com\n")
      support.write("list.csv", (rows:gsub("mia@example.com", "user_email", 1)))
      local status, out = run(page:take("sh", "--part 3/16"))
      assert.truthy(status == 0 or status == 1)
      assert.matches("; part 3/16: %d+ of 100 items\n$", out)
      status, out = run(page:take("sh", "journal report"))
      assert.are.equal(1, status)
      assert.matches("no journals? for parts? 0/16", out)
      assert.matches("of the 100 items of list.csv are in no journal", out, 1, true)
    end)

    it("has a limit in Lua", function()
      local redis = require("spec.support.servers.redis").start()
      local code = pages.with(page:take("lua", "limits.redis"), {
        ["port = 6379"] = ("path = %q"):format(redis.path),
        ["workspace.new {"] = 'workspace.new { base_url = os.getenv "ELEVENLABS_BASE_URL",',
      })
      support.write("program.lua", 'package.path = package.path .. ";/usr/share/lua/5.3/?.lua"\n'
        .. code .. "\nprint(client:stats().limit.places)")
      local status, out, err = run(LUA .. " program.lua")
      redis:stop()
      assert.are.same({ 0, "0\n", "" }, { status, out, err })
    end)

    it("has no code that nobody runs", function()
      page:take("text", "Items of unshare")
      assert.are.same({}, page:left())
    end)
  end)
end)
