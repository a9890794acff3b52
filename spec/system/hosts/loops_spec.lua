-- The pages of cqueues and luv: their commands and their code, in real loops.

local pages = require "spec.support.pages"
local process = require "spec.support.process"

local LUA = os.getenv "SPEC_LUA"

-- A call where the host cannot wait, and the message that the page has for this.
local MISPLACED = {
  cqueues = [[print(client:get { resource_id = "x", resource_type = "voice" })]],
  luv = [[
    local uv = require "luv"
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      print(client:get { resource_id = "x", resource_type = "voice" })
    end)
    uv.run()
  ]],
}

-- A loop that has the two functions which the page's driver wants, and a program that uses both.
local OWN_LOOP = [[
local uv = require "luv"
local loop = {}
function loop.on_readable(fd, callback)
  local poll = uv.new_poll(fd)
  poll:start("r", callback)
  return {
    stop = function()
      poll:close()
    end,
  }
end
function loop.next_turn(callback)
  local timer = uv.new_timer()
  timer:start(0, 0, function()
    timer:close()
    callback()
  end)
end
%s
local client = assert(require("elevenlabs.workspace").new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
  driver = driver,
})
local item =
  { resource_id = "voice_narrator", resource_type = "voice", user_email = "mia@example.com" }
coroutine.wrap(function()
  print(assert(client:unshare(item)).outcome)
  client:close()
  print(driver.wait(client, function() return false end))
end)()
uv.run()
]]

for _, host in ipairs { "cqueues", "luv" } do
  describe("the page of " .. host, function()
    local page, folder = pages.open(host), nil

    setup(function()
      folder = os.tmpname()
      os.remove(folder)
      assert.are.equal(0, (process.run { "mkdir", folder }))
    end)

    teardown(function()
      process.run { "rm", "-r", folder }
    end)

    it("has the example's code", function()
      page:take_excerpt("lua", "for _, id in", ("examples/%s/revoke.lua"):format(host))
    end)

    it("has commands that print what it says", function()
      local code = page:take("sh", "revoke.lua"):gsub("^[^\n]*\n", "") -- built already
      local expected = page:take("text", "voice_narrator")
      local status, out, err = pages.start(pages.with(code, { ["lua5.4"] = LUA })):wait()
      assert.are.same({ 0, "" }, { status, err })
      for line in expected:gmatch "voice_[^%[\n]*" do -- up to the request's id
        assert.matches(line, out, 1, true)
      end
      assert.is_true(tonumber(out:match "\n3 done; .* had (%d+) other turns meanwhile\n$") > 1)
    end)

    it("has a bulk run that ends", function()
      local code = pages.with(page:take("lua", "unshare_many"), {
        ["leaver.journal"] = folder .. "/leaver.journal",
      })
      local command = { "elevenlabs-workspace", "sandbox", "--port", "0", "--", LUA, "-e", code }
      local status, out, err = process.run(command)
      assert.are.same({ 0, "" }, { status, err })
      assert.are.equal("total 6 confirmed 4 refused 2 unconfirmed 0 not_sent 0\n", out)
    end)

    it("knows the message of a call where the host cannot wait", function()
      local program = 'local client = require("elevenlabs.workspace").new { api_key = "k", '
        .. ('driver = %q, base_url = "http://127.0.0.1:1" }\n'):format(host)
        .. MISPLACED[host]
      local status, out, err = process.run { LUA, "-e", program }
      assert.are.same({ 0, "" }, { status, err })
      assert.matches("`" .. out:match "invalid_argument%): ([^\n]+)" .. "`", page.text, 1, true)
    end)

    if host == "luv" then
      it("has a loop without a driver", function()
        local code = page:take("lua", "uv.new_poll")
        code = pages.with(code, {
          ["21m00Tcm4TlvDq8ikWAM"] = "voice_narrator",
          ["workspace.new {}"] = [[workspace.new {
            base_url = os.getenv "ELEVENLABS_BASE_URL",
            ca_file = os.getenv "ELEVENLABS_CA_FILE",
          }]],
        })
        local command = { "elevenlabs-workspace", "sandbox", "--port", "0", "--", LUA, "-e", code }
        local status, out, err = process.run(command)
        assert.are.same({ 0, "" }, { status, err })
        assert.matches("voice_narrator", out, 1, true)
      end)

      it("has a driver for a loop of one's own", function()
        local code = page:take("lua", "function driver.wait")
        local file = assert(io.open(folder .. "/program.lua", "w"))
        file:write(OWN_LOOP:format(code))
        file:close()
        local command = { "elevenlabs-workspace", "sandbox", "--port", "0", "--", LUA,
          folder .. "/program.lua" }
        local status, out, err = process.run(command)
        assert.are.same({ 0, "" }, { status, err })
        assert.are.equal("confirmed\nthe client is closed\n", out)
      end)
    end

    it("has no code that nobody runs", function()
      assert.are.same({}, page:left())
    end)
  end)
end
