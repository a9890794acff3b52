local process = require "spec.support.process"
local support = require "spec.support.command"

local LEAVER = support.LEAVER
local path_of = support.path_of

local function plan(...)
  return support.offboard("plan", ...)
end

describe("cli.offboard.plan", function()
  describe("says what is wrong with the usage, with status 2, and sends nothing:", function()
    for _, row in ipairs {
      { "name who leaves: --user-email, --people, ", "mia" },
      { "--user-email and --group-id do not go", "mia", "--user-email=a@b.c", "--group-id=g" },
      { "--people and --user-id do not go", "mia", "--people=f", "--user-id=u" },
      { "--everyone goes with --group-id default", "mia", "--group-id=g", "--everyone" },
      { "every member: --everyone agrees", "mia", "--group-id=default" },
      { "--resource-type takes one of the", "mia", "--user-id=u", "--resource-type=avatars" },
      { "folder is missing", "--user-id=u" },
      { "cannot read the API key", "mia", "--user-id=u", "--api-key-file=/nonexistent" },
    } do
      it(row[1], function()
        local command = { "elevenlabs-workspace", "offboard", "plan", "--base-url",
          "https://127.0.0.1:1", (unpack or table.unpack)(row, 2) }
        local code, out, err = process.run(command, { env = { ELEVENLABS_API_KEY = "sk_x" } })
        assert.are.same({ 2, "" }, { code, out })
        assert.matches(row[1], err, 1, true)
      end)
    end
  end)

  it("ends with 3 if the server cannot be reached, and leaves no plan", function()
    local path = os.tmpname()
    os.remove(path)
    local code, out, err = process.run({ "elevenlabs-workspace", "offboard", "plan", path,
      "--user-email=mia@example.com", "--base-url=https://127.0.0.1:1" }, {
      env = { ELEVENLABS_API_KEY = "sk_x" },
    })
    assert.are.same({ 3, "" }, { code, out })
    assert.matches("the owner of the API key could not be read", err)
    assert.is_nil(io.open(path))
  end)

  describe("against a sandbox", function()
    setup(support.begin)
    teardown(support.finish)

    it("refuses a second plan, and keeps the older with --again", function()
      local mia = path_of "again"
      assert.are.equal(0, (plan({ mia }, LEAVER)))
      local code, out, err = plan({ mia }, LEAVER)
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("has a plan: --again makes a new one beside it", err, 1, true)
      local older = support.read_file(mia .. "/plan.jsonl")
      assert.are.equal(0, (plan({ mia, "--again" }, LEAVER)))
      assert.are.equal(older, support.read_file(mia .. "/plan-2.jsonl"))
    end)

    it("refuses an unknown address, in the words of the options", function()
      local code, out, err = plan { path_of "zoe", "--user-email", "zoe@example.com" }
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("no member has the address zoe@example.com", err, 1, true)
      code, out, err = plan(
        { path_of "zoe", "--replace-by", "zoe@example.com", "--protect", "/nonexistent" },
        LEAVER
      )
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("/nonexistent", err, 1, true)
      assert.is_nil(io.open(path_of "zoe"))
    end)

    it("makes a case for each of several people", function()
      local text = "name,user_email\nM,MIA@example.com\nT,tom@example.com\n"
      local file = support.write("people.csv", text)
      local code, out = plan { path_of "many", "--people", file }
      assert.are.equal(0, code)
      assert.matches("mia@example.com has a role of their own on 83 of ", out, 1, true)
      assert.matches("\n\n[^\n]*role of their own[^\n]*\n", out)
      for _, address in ipairs { "mia@example.com", "tom@example.com" } do
        local next_command = "elevenlabs-workspace offboard apply " .. path_of("many/" .. address)
        assert.matches("\nNext: " .. next_command .. "\n", out, 1, true)
      end
      code, out = plan {
        path_of "two",
        "--user-email=mia@example.com",
        "--user-email=eve@example.com",
        "--resource-type=voice",
      }
      assert.are.equal(0, code)
      assert.matches("No role of their own is left on the 5 resources", out)
      local folders = { path_of "two/mia@example.com", path_of "two/eve@example.com" }
      code, out = support.offboard("show", folders)
      assert.are.equal(0, code)
      assert.are.equal(2, select(2, out:gsub("\ntotal ", "")))
    end)

    it("names the person of a file that has one row by a folder too", function()
      local file = support.write("one.csv", "user_email\nmia@example.com\n")
      assert.are.equal(0, (plan { path_of "one", "--people", file, "--resource-type=voice" }))
      assert.is_truthy(support.read_file(path_of "one/mia@example.com/plan.jsonl"))
      local code, _, err = plan { path_of "none", "--people", path_of "none.csv" }
      assert.are.equal(2, code)
      assert.matches("No such file", err)
    end)

    it("ends with 4 with --strict, as kinds have no list", function()
      local arguments = { path_of "strict", "--strict", "--resource-type=voice" }
      assert.are.equal(4, (plan(arguments, LEAVER)))
    end)

    it("ends with 5 if the result cannot be printed", function()
      local script = 'elevenlabs-workspace offboard plan "$@" >/dev/full'
      local code, _, err = process.run(
        process.join(
          { "sh", "-c", script, "sh", path_of "full", "--resource-type=voice" },
          support.to_sandbox(LEAVER)
        ),
        support.env()
      )
      assert.are.equal(5, code)
      assert.matches("cannot write the result", err, 1, true)
    end)
  end)

  describe("against a sandbox that is slow, and refuses a list,", function()
    setup(function()
      support.begin()
      support.restart("--forbid-list", "voice", "--latency-ms", "100")
    end)
    teardown(support.finish)

    it("ends with 4, and says which list", function()
      local code, out = plan({ path_of "mia" }, LEAVER)
      assert.are.equal(4, code)
      assert.matches("Not all could be read: 1 list of resources", out, 1, true)
      assert.matches("\n  voice: 0 read, [^\n]*permission", out)
    end)

    for signal, status in pairs { sigint = 130, sigterm = 143 } do
      it("ends at " .. signal .. " while it reads, and leaves no plan", function()
        local folder = path_of(signal)
        local running = support.start_offboard("plan", { folder, "--max-concurrency=1" }, LEAVER)
        repeat
          process.run { "sleep", "0.02" }
        until running.code or support.read_file(folder .. "/plan.jsonl.new") -- it reads
        local code, out, err = running:stop(signal)
        assert.are.same({ status, "" }, { code, out })
        assert.matches("interrupted. Run the command again to go on", err, 1, true)
        assert.is_nil(support.read_file(folder .. "/plan.jsonl"))
        assert.is_nil(support.read_file(folder .. "/plan.jsonl.new"))
      end)
    end
  end)
end)
