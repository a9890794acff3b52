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

    it("has no code that nobody runs", function()
      assert.are.same({}, page:left())
    end)
  end)
end
