-- The luv driver in a real Neovim, without a screen.

local cjson = require "cjson"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

-- Each program ends the editor with `finish(value)`, which is what comes back.
local PREAMBLE = [[
  local workspace = require "elevenlabs.workspace"
  local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
  local client = assert(workspace.new {
    driver = "luv",
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
  local function finish(value)
    io.stdout:write(require("cjson").encode(value), "\n")
    vim.cmd "qall!"
  end
]]

describe("Neovim", function()
  local folder, small, large

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert.are.equal(0, (process.run { "mkdir", folder }))
    small = sandboxes.start("--latency-ms", "20")
    large = sandboxes.start("--resources", "1000", "--latency-ms", "5")
  end)

  teardown(function()
    small:stop()
    large:stop()
    process.run { "rm", "-r", folder }
  end)

  local function write(name, text)
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
  end

  --- -> what it finished with, and its standard error
  local function run(sandbox, program)
    local code, out, err = process.run({
      "nvim",
      "--headless",
      "--clean",
      "--cmd",
      "set runtimepath+=examples/neovim",
      "-c",
      "luafile " .. write("program.lua", PREAMBLE .. program),
    }, {
      env = {
        HOME = folder,
        LUA_PATH = "./lua/?.lua;;",
        LUA_CPATH = "./build/luajit/?.so;;",
        ELEVENLABS_API_KEY = sandbox.api_key,
        ELEVENLABS_BASE_URL = sandbox.base_url,
        ELEVENLABS_CA_FILE = sandbox.ca_file,
      },
    })
    assert.are.equal(0, code, err)
    assert.are_not.equal("", out, err)
    return cjson.decode(out), err
  end

  --- The 1,000 resources of the large sandbox.
  local function write_resources(name)
    local lines = { "resource_id,resource_type" }
    for i, resource in ipairs(leaver.state(1000).resources) do
      lines[i + 1] = resource.id .. "," .. resource.type
    end
    return write(name, table.concat(lines, "\n") .. "\n")
  end

  it("lives on while 1,000 roles are removed", function()
    local seen, err = run(
      large,
      ("local path = %q"):format(write_resources "all.csv")
        .. [[
        local ticks, longest_ms, first, last = 0, 0, nil, nil
        local began, ticked = vim.loop.hrtime(), vim.loop.hrtime()
        local timer = vim.loop.new_timer()
        timer:start(1, 1, function()
          local now = vim.loop.hrtime()
          ticks, longest_ms, ticked = ticks + 1, math.max(longest_ms, (now - ticked) / 1e6), now
        end)
        coroutine.wrap(function()
          local items = workspace.items.from_csv(path, { user_email = "eve@example.com" })
          local report = assert(client:unshare_many(items, {
            on_result = function()
              first, last = first or ticks, ticks
            end,
          }))
          timer:close()
          finish {
            confirmed = report.confirmed,
            total = report.total,
            ticks = last - first,
            longest_ms = longest_ms,
            run_ms = (vim.loop.hrtime() - began) / 1e6,
          }
        end)()
      ]]
    )
    assert.are.equal("", err)
    assert.are.same({ 1000, 1000 }, { seen.total, seen.confirmed })
    assert.is_true(seen.ticks >= 10, seen.ticks)
    assert.is_true(seen.longest_ms < seen.run_ms / 2, seen.longest_ms)
  end)

  it("has the example's command, which tells of what was refused", function()
    local path = write_resources "mia.csv"
    local seen, err = run(
      large,
      ([[
        local told, shown = {}, {}
        vim.notify = function(text)
          told[#told + 1] = text
        end
        local timer = vim.loop.new_timer()
        timer:start(1, 1, vim.schedule_wrap(function()
          shown[vim.g.elevenlabs_revoke] = true
          if told[1] then
            timer:close()
            finish { told = told, shown = vim.tbl_count(shown), list = vim.fn.getqflist() }
          end
        end))
        vim.cmd "ElevenLabsRevoke %s mia@example.com"
      ]]):format(path)
    )
    assert.are.equal("", err)
    local told = "^total 1000 confirmed 960 refused 40 unconfirmed 0 not_sent 0; "
      .. "40 times: The permissions of the resource's creator"
    assert.are.equal(1, #seen.told)
    assert.matches(told, seen.told[1])
    assert.are.equal(40, #seen.list)
    assert.matches("^%l+_%d+: refused .*creator", seen.list[1].text)
    assert.is_true(seen.shown > 2)
    assert(io.open(path .. ".journal")):close()
  end)

  it("has the example's command say what is wrong", function()
    local seen = run(
      small,
      [[
        vim.notify = function(text, level)
          finish { text, level == vim.log.levels.ERROR }
        end
        vim.cmd "ElevenLabsRevoke /none.csv mia@example.com"
      ]]
    )
    assert.matches("/none.csv", seen[1])
    assert.is_true(seen[2])
  end)

  --- Offboard mia with the example's command. `answer(entries)` stands for the user.
  local function offboard(sandbox, name, answer)
    local seen, err = run(
      sandbox,
      ([[
        local asked, told = {}, nil
        local answer = %s
        vim.ui.select = function(entries, options, on_choice)
          asked[#asked + 1] = {}
          for i, entry in ipairs(entries) do
            asked[#asked][i] = options.format_item(entry)
          end
          local choose = function() on_choice(answer(entries, #asked)) end
          return #asked == 1 and choose() or vim.schedule(choose) -- at once, or later
        end
        vim.notify = function(text)
          finish { asked = asked, told = text, list = vim.fn.getqflist() }
        end
        vim.cmd "ElevenLabsOffboard mia@example.com %s"
      ]]):format(answer, folder .. "/" .. name)
    )
    assert.are.equal("", err)
    return seen
  end

  it("has the example's picker, which keeps what is picked and removes the rest", function()
    local sandbox = sandboxes.start()
    local seen = offboard(sandbox, "kept", [[
      function(entries, times)
        for _, entry in ipairs(times == 1 and entries or {}) do
          if entry.resource_id == "voice_trailer" then
            return entry
          end
        end
        return entries[1]
      end
    ]])
    local trailer = sandbox:roles("voice_trailer", "voice")
    local narrator = sandbox:roles("voice_narrator", "voice")
    sandbox:stop()
    assert.are.equal(3, #seen.asked)
    assert.are.equal(10, #seen.asked[2])
    assert.matches("+ voice Trailer: viewer", table.concat(seen.asked[2], "\n"), 1, true)
    assert.are.equal(9, #seen.asked[3]) -- a new plan
    assert.matches("^Access remains: .*\ntotal 8 confirmed 7 refused 1 ", seen.told)
    assert.are.equal("voice Draft: You need admin access to the resource.", seen.list[1].text)
    assert.are.same({ "viewer", nil }, { trailer.user_mia, narrator.user_mia })
    assert(io.open(folder .. "/kept/report.html")):close()
  end)

  it("removes nothing if the user leaves the example's picker", function()
    local seen = offboard(small, "left", "function() end")
    assert.are.equal("nothing was removed", seen.told)
    assert.are.equal("editor", small:roles("voice_narrator", "voice").user_mia)
  end)

  it("waits on the main thread too, and lives on meanwhile", function()
    local seen, err = run(
      small,
      [[
        local ticks, timer = 0, vim.loop.new_timer()
        timer:start(1, 1, function()
          ticks = ticks + 1
        end)
        local resource = assert(client:get(VOICE))
        timer:close()
        finish { resource.resource_id, ticks }
      ]]
    )
    assert.are.same({ "", "voice_narrator" }, { err, seen[1] })
    assert.is_true(seen[2] > 1)
  end)

  it("ends a wait of the main thread's on Ctrl-C, and cancels the call", function()
    local stuck = sandboxes.start("--latency-ms", "60000")
    local seen = run(
      stuck,
      [[
        local timer = vim.loop.new_timer()
        timer:start(1, 0, function()
          vim.api.nvim_input "<C-c>"
        end)
        local _, err = client:get(VOICE)
        vim.schedule(function() -- here even :quit is interrupted
          local function is_idle() -- once the thread has heard of it
            client:step(0)
            return client:stats().waiting + client:stats().in_flight == 0
          end
          finish { err.message, vim.wait(20000, is_idle, 10) }
        end)
      ]]
    )
    stuck:stop()
    assert.matches("interrupted", seen[1])
    assert.is_true(seen[2])
  end)

  it("says where it cannot wait: in a callback of the loop", function()
    local seen = run(
      small,
      [[
        local timer = vim.loop.new_timer()
        timer:start(0, 0, function()
          timer:close()
          local _, err = client:get(VOICE)
          vim.schedule(function()
            finish { err.message, err.outcome, client:stats().attempts }
          end)
        end)
      ]]
    )
    assert.matches("call from a coroutine", seen[1])
    assert.are.same({ "not_sent", 0 }, { seen[2], seen[3] })
  end)

  it("comes back from a call to where the editor's functions may be called", function()
    local seen, err = run(
      small,
      [[
        local timer = vim.loop.new_timer()
        timer:start(0, 0, coroutine.wrap(function()
          timer:close()
          local before = vim.in_fast_event()
          assert(client:get(VOICE))
          local call = assert(client:start("get", VOICE))
          vim.schedule(function()
            client:close()
          end)
          local _, why = call:result()
          finish { before, vim.in_fast_event(), vim.fn.line ".", why.kind }
        end))
      ]]
    )
    assert.are.equal("", err)
    assert.are.same({ true, false, 1, "closed" }, seen)
  end)

  it("reports what coroutines raised, and strands nobody", function()
    local seen, err = run(
      small,
      [[
        local call, ended = client:start("get", VOICE), {}
        for i = 1, 5 do
          coroutine.wrap(function()
            call:result()
            if i < 3 then
              error("boom " .. i)
            end
            ended[#ended + 1] = i
            assert(client:get(VOICE))
            if i == 5 then
              finish(ended)
            end
          end)()
        end
      ]]
    )
    assert.are.same({ 3, 4, 5 }, seen)
    assert.matches("boom 1", err)
    assert.matches("boom 2", err)
  end)
end)
