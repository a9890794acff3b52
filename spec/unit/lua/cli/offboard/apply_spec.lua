local process = require "spec.support.process"
local support = require "spec.support.command"

local LEAVER = support.LEAVER
local VOICES = { "--resource-type", "voice" }
local path_of = support.path_of

local function apply(...)
  return support.offboard("apply", ...)
end

--- Plan for the five voices that mia has a role on.
local function plan(name, ...)
  local code, out, err = support.offboard("plan", { path_of(name) }, LEAVER, VOICES, ...)
  assert.are.equal(0, code, out .. err)
  return path_of(name)
end

local function role()
  return support.role_of_mia("voice_0001", "voice")
end

describe("cli.offboard.apply", function()
  before_each(support.begin)
  after_each(support.finish)

  describe("on a terminal", function()
    it("sends nothing if the answer is another text, or was typed ahead, or is Ctrl-C", function()
      local mia = plan "mia"
      local prompt = "to agree: "
      for _, typed in ipairs { "", "y", "mia", "tom@example.com" } do
        local code, shown = support.offboard_on_terminal(prompt, typed, "apply", { mia })
        assert.are.equal(3, code, typed)
        assert.matches("elevenlabs%-workspace: nothing was sent\r?\n$", shown)
      end
      local ahead = { prompt = prompt, TERMINAL_AHEAD = "mia@example.com\n" }
      local code, shown = support.offboard_on_terminal(ahead, "no", "apply", { mia })
      assert.are.equal(3, code)
      assert.matches("nothing was sent", shown, 1, true)
      code, shown = support.offboard_on_terminal(prompt, "^C", "apply", { mia })
      assert.are.equal(130, code)
      assert.matches("interrupted", shown, 1, true)
      assert.are.equal("editor", role())
      assert.is_nil(support.read_file(mia .. "/case.jsonl"):find('"began":"apply"', 1, true))
    end)

    it("shows the plan, asks for the address, and takes it in any case", function()
      local mia = plan "mia"
      local code, shown =
        support.offboard_on_terminal("to agree: ", "MIA@Example.com", "apply", { mia })
      assert.are.equal(0, code, shown)
      assert.matches("mia@example.com has a role of their own on 5 of the 5 resources", shown)
      assert.matches(
        "Remove the roles of mia@example.com on 5 resources, at the sandbox https://127.0.0.1:",
        shown,
        1,
        true
      )
      assert.matches("total 5 confirmed 5 refused 0 unconfirmed 0 not_sent 0", shown, 1, true)
      assert.is_nil(role())
    end)
  end)

  describe("without a terminal", function()
    it("needs --yes, and --max-removals needs it too", function()
      local mia = plan "mia"
      local code, out, err = apply { mia }
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("nobody can be asked here: --yes begins without a question", err, 1, true)
      code, out, err = apply { mia, "--max-removals=5" }
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("--", err, 1, true)
      assert.are.equal("editor", role())
    end)

    it("removes no more than --max-removals, and nothing of a plan that is too old", function()
      local mia = plan "mia"
      local code, _, err = apply { mia, "--yes", "--max-removals", "4" }
      assert.are.equal(2, code)
      assert.matches("5 resources are to be changed, and at most 4 are allowed", err, 1, true)
      process.run { "sleep", "2" }
      code, _, err = apply { mia, "--yes", "--max-age", "1s" }
      assert.are.equal(2, code)
      assert.matches("the plan is %d+ seconds old, and at most 1 second are allowed", err)
      assert.are.equal("editor", role())
      assert.are.equal(0, (apply { mia, "--yes", "--max-removals", "5" }))
      assert.is_nil(role())
    end)

    it("does several cases, and ends with the status that holds first", function()
      local mia = plan "mia"
      local code = support.offboard(
        "plan",
        { path_of "tom", "--user-email=tom@example.com" },
        VOICES
      )
      assert.are.equal(0, code)
      local out, err
      code, out, err = apply { mia, path_of "none", path_of "tom", "--yes" }
      assert.are.same({ 2, "" }, { code, out }) -- nothing is done
      assert.matches("there is no case in [^\n]*none", err)
      assert.are.equal("editor", role())
      code, out, err = apply { mia, path_of "tom", "--yes" }
      assert.are.equal(0, code, out .. err)
      assert.are.equal(2, select(2, out:gsub("\ntotal ", "")))
      assert.are.equal(1, select(2, err:gsub("Reading everything again", "")))
      assert.is_nil(role())
    end)

    it("ends with 1 if a removal is refused, and says why", function()
      local mia = plan "mia"
      local client = support.sandbox:client()
      local doc = { -- tom created it, so that ada can give up her own role on it
        resource_id = "voice_0043",
        resource_type = "voice",
        user_email = "ada@example.com",
        role = "viewer",
      }
      assert(client:share(doc))
      client:close()
      local code, out = apply { mia, "--yes" }
      assert.are.equal(1, code)
      assert.matches('\n  voice voice_0043 "Number 43": ', out, 1, true)
      local why = " (the role is still there; refused: You need admin access to the resource.)\n"
      assert.matches(why, out, 1, true)
      assert.matches("\ntotal 5 confirmed 4 refused 1 ", out)
    end)

    it("ends with 5 if the report cannot be written", function()
      local mia = plan "mia"
      process.run { "mkdir", "-p", mia .. "/report.html/full" }
      local code, _, err = apply { mia, "--yes" }
      assert.are.equal(5, code)
      assert.matches("report.html cannot be put in its place", err, 1, true)
      assert.is_nil(role())
    end)

    it("ends with 2 on a damaged plan", function()
      local mia = plan "mia"
      local text = support.read_file(mia .. "/plan.jsonl"):gsub('"viewer"', '"editor"', 1)
      support.write("mia/plan.jsonl", text)
      local code, _, err = apply { mia, "--yes" }
      assert.are.equal(2, code)
      assert.matches("make it anew with plan --again", err, 1, true)
      assert.are.equal("editor", role())
    end)
  end)

  describe("interrupted", function()
    before_each(function()
      support.restart("--latency-ms", "100")
    end)

    --- Interrupt a command once its log or a journal has a text.
    local function interrupt(folder, name, text, signal)
      local running = support.start_offboard("apply", { folder, "--yes", "--max-concurrency=1" })
      repeat
        process.run { "sleep", "0.02" }
      until running.code or (support.read_file(folder .. "/" .. name) or ""):find(text, 1, true)
      return running:stop(signal or "sigint")
    end

    it("while it reads, sends nothing", function()
      local mia = plan("mia", { "--max-concurrency=32" })
      local code, out, err = interrupt(mia, "case.jsonl", '"began":"apply"')
      assert.are.equal(130, code)
      assert.is_nil(out:find("total", 1, true))
      assert.matches("interrupted. Run the command again to go on", err, 1, true)
      assert.is_nil(support.read_file(mia .. "/round-2.unshare.jsonl"))
      assert.are.equal("editor", role())
    end)

    it("while it removes, ends what is in flight, and goes on when it is run again", function()
      local mia = plan("mia", { "--max-concurrency=32" })
      local code = interrupt(mia, "round-2.unshare.jsonl", '"confirmed"')
      assert.are.equal(130, code)
      local out
      code, out = support.offboard("show", { mia })
      assert.are.equal(0, code)
      assert.matches("^The last apply did not end: run it again%. ", out)
      local confirmed = tonumber(out:match "total 5 confirmed (%d+) refused 0 unconfirmed 0 ")
      assert.is_true(confirmed > 0 and confirmed < 5)
      code, out = apply { mia, "--yes" }
      assert.are.equal(0, code)
      assert.matches("\ntotal 5 confirmed 5 refused 0 unconfirmed 0 not_sent 0\n$", out)
    end)

    it("by kill -9 while it removes, goes on when it is run again", function()
      local mia = plan("mia", { "--max-concurrency=32" })
      interrupt(mia, "round-2.unshare.jsonl", '"confirmed"', "sigkill")
      local _, out = support.offboard("show", { mia })
      local confirmed, unconfirmed =
        out:match "total 5 confirmed (%d+) refused 0 unconfirmed (%d+) not_sent 0"
      assert.is_true(tonumber(confirmed) > 0 and tonumber(unconfirmed) > 0)
      local code
      code, out = apply { mia, "--yes" }
      assert.are.equal(0, code)
      assert.matches("\ntotal 5 confirmed 5 refused 0 unconfirmed 0 not_sent 0\n$", out)
    end)
  end)
end)
