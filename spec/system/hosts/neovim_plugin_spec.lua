-- The plugin of examples/neovim, and its page, in a real Neovim.

local leaver = require "elevenlabs.workspace.sandbox.leaver"
local neovim = require "spec.support.neovim"
local pages = require "spec.support.pages"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

-- Collects what the plugin tells, and ends the editor with the first message.
local TOLD = [[
  local shown = {}
  vim.notify = function(text, level)
    local list = vim.fn.getqflist()
    vim.schedule(function()
      finish { text = text, level = level, shown = vim.tbl_count(shown), list = list }
    end)
  end
  local timer = vim.loop.new_timer()
  timer:start(1, 1, vim.schedule_wrap(function()
    shown[vim.g.elevenlabs_status] = true
  end))
]]

local INFO, WARN, ERROR = 2, 3, 4 -- vim.log.levels

describe("the plugin for Neovim", function()
  local page, editor, small, large = pages.open "neovim", nil, nil, nil

  setup(function()
    editor = neovim.new()
    small = sandboxes.start("--latency-ms", "20")
    large = sandboxes.start("--resources", "1000", "--latency-ms", "5")
  end)

  teardown(function()
    small:stop()
    large:stop()
    editor:remove()
  end)

  --- The 1,000 resources of the large sandbox, or more.
  local function write_resources(name, count)
    local lines = { "resource_id,resource_type" }
    for i, resource in ipairs(leaver.state(count or 1000).resources) do
      lines[i + 1] = resource.id .. "," .. resource.type
    end
    return editor:write(name, table.concat(lines, "\n") .. "\n")
  end

  local function revoke(sandbox, path, more)
    local command = "vim.cmd 'ElevenLabs revoke %s mia@example.com'"
    return editor:run(sandbox, TOLD .. command:format(path), more)
  end

  it("revokes, shows how far it is, and tells of what was refused", function()
    local path = write_resources "mia.csv"
    local seen, err = revoke(large, path)
    assert.is_nil(err:find("Error", 1, true), err)
    local told = "^ElevenLabs: total 1000 confirmed 960 refused 40 unconfirmed 0 not_sent 0; "
      .. "40 times: The permissions of the resource's creator"
    assert.matches(told, seen.text)
    assert.are.equal(WARN, seen.level)
    assert.are.equal(40, #seen.list)
    assert.matches("^%l+_%d+: refused .*creator", seen.list[1].text)
    assert.is_true(seen.shown > 2)
    assert(io.open(path .. ".journal")):close()
  end)

  it("shows the cause where a run stops", function()
    local seen = revoke(large, write_resources "wrong.csv", { ELEVENLABS_API_KEY = "sk_wrong" })
    assert.matches("; stopped: every item would end like this one: ", seen.text)
    assert.are.equal(ERROR, seen.level)
  end)

  it("says what is wrong with its arguments", function()
    local seen = revoke(small, "/none.csv")
    assert.matches("/none.csv", seen.text)
    assert.are.equal(ERROR, seen.level)
    for words, text in pairs {
      ["revoke a.csv"] = "ElevenLabs: usage: :ElevenLabs revoke FILE EMAIL",
      ["revok a.csv"] = "ElevenLabs: there is no revok: one of offboard, revoke, stop",
      ["stop"] = "ElevenLabs: nothing is running",
    } do
      seen = editor:run(small, TOLD .. ("vim.cmd 'ElevenLabs %s'"):format(words))
      assert.are.equal(text, seen.text)
    end
  end)

  it("stops a job, and begins no second one beside it", function()
    local path = write_resources "stopped.csv"
    local seen = editor:run(large, ([[
      local told = {}
      vim.notify = function(text)
        told[#told + 1] = text
        if #told == 2 then
          finish { told[1], told[2], vim.fn.getqflist() }
        end
      end
      local timer, is_stopped = vim.loop.new_timer(), false
      timer:start(1, 1, vim.schedule_wrap(function()
        if vim.g.elevenlabs_status:find "^revoke %%d" and not is_stopped then
          timer:stop()
          is_stopped = true -- a call may be scheduled already
          vim.cmd "ElevenLabs revoke /none.csv a@b.example"
          vim.cmd "ElevenLabs stop"
        end
      end))
      vim.cmd "ElevenLabs revoke %s mia@example.com"
    ]]):format(path))
    assert.are.equal("ElevenLabs: revoke is running. :ElevenLabs stop ends it", seen[1])
    assert.matches("^ElevenLabs: total %d+ .*; stopped: .*%. Give the same command again", seen[2])
    for _, entry in ipairs(seen[3]) do -- what was refused before the stop
      assert.is_nil(entry.text:find("cancelled", 1, true), entry.text)
    end
  end)

  it("lists what was on its way when a job was stopped twice: nobody knows its end", function()
    local slow = sandboxes.start("--latency-ms", "60000")
    finally(function()
      slow:stop()
    end)
    local row = "voice_narrator,voice\n"
    local path = editor:write("slow.csv", "resource_id,resource_type\n" .. row)
    local seen = editor:run(slow, ([[
      vim.notify = function(text)
        finish { text, vim.fn.getqflist() }
      end
      local timer, client = vim.loop.new_timer(), require("elevenlabs_workspace.client").open()
      timer:start(1, 1, vim.schedule_wrap(function()
        if client:stats().connections > 0 and not timer:is_closing() then
          timer:close()
          vim.cmd "ElevenLabs stop"
          vim.cmd "ElevenLabs stop"
        end
      end))
      vim.cmd "ElevenLabs revoke %s mia@example.com"
    ]]):format(path))
    assert.matches("total 1 confirmed 0 refused 0 unconfirmed 1 not_sent 0; stopped: ", seen[1])
    assert.matches("^voice_narrator: unconfirmed ", seen[2][1].text)
  end)

  it("sends nothing after a stop that comes while the file is checked", function()
    local path = write_resources("early.csv", 50000)
    local seen = editor:run(large, ([[
      vim.notify = function(text, level)
        local client = require("elevenlabs_workspace.client").open()
        finish { text, level, client:stats().attempts }
      end
      vim.cmd "ElevenLabs revoke %s mia@example.com"
      vim.cmd "ElevenLabs stop"
    ]]):format(path))
    local text = "ElevenLabs: stopped: nothing was removed. Give the same command again to go on"
    assert.are.same({ text, WARN, 0 }, seen)
  end)

  it("cancels the work of a job that was stopped before there was work", function()
    local seen = editor:run(small, [[
      local jobs = require "elevenlabs_workspace.job"
      local cancelled = 0
      local function set_work()
        jobs.set_work { cancel = function() cancelled = cancelled + 1 end }
      end
      jobs.start("offboard", function()
        local counts = { jobs.may_go_on() }
        jobs.stop()
        counts[2] = jobs.may_go_on()
        for _, act in ipairs { set_work, jobs.stop, set_work } do
          act()
          counts[#counts + 1] = cancelled
        end
        finish(counts)
      end)
    ]])
    assert.are.same({ true, false, 1, 2, 4 }, seen)
  end)

  it("has an empty quickfix list until the job has ended, and after one that failed", function()
    local seen = editor:run(small, [[
      vim.fn.setqflist({}, " ", { title = "other", items = { { text = "an older one" } } })
      vim.notify = function()
        finish(vim.fn.getqflist { title = true, size = true })
      end
      vim.cmd "ElevenLabs revoke /none.csv mia@example.com"
    ]])
    local title = "ElevenLabs revoke /none.csv mia@example.com"
    assert.are.same({ title = title, size = 0 }, seen)
  end)

  it("says in one line that the library is missing", function()
    local run = TOLD .. "vim.cmd 'ElevenLabs offboard mia@example.com /none'"
    local seen, err = editor:run(small, run, { LUA_PATH = "/none/?.lua" })
    local text = "ElevenLabs: the library cannot be loaded: see :checkhealth elevenlabs_workspace"
    assert.are.same({ text, ERROR, "" }, { seen.text, seen.level, err })
  end)

  it("completes subcommands, files and folders", function()
    editor:write("some.csv", "")
    assert.are.equal(0, (process.run { "mkdir", editor.folder .. "/some_case" }))
    local seen = editor:run(small, [[
      local home = vim.fn.expand "~"
      local function complete(line)
        return vim.fn.getcompletion(line, "cmdline")
      end
      finish {
        complete "ElevenLabs ",
        complete "ElevenLabs re",
        complete("ElevenLabs revoke " .. home .. "/some."),
        complete "ElevenLabs revoke a.csv m",
        complete("ElevenLabs offboard mia@example.com " .. home .. "/some"),
        complete "ElevenLabs stop x",
        require("elevenlabs_workspace.commands").complete("st", "silent! ElevenLabs st"),
      }
    ]])
    local home = editor.folder
    assert.are.same({ "offboard", "revoke", "stop" }, seen[1])
    assert.are.same({ "revoke" }, seen[2])
    assert.are.same({ home .. "/some.csv" }, seen[3])
    assert.are.same({ home .. "/some_case/" }, seen[5])
    assert.are.same({ {}, {} }, { seen[4], seen[6] })
    assert.are.same({ "stop" }, seen[7])
  end)

  --- Offboard mia. `answer(entries)` stands for the user.
  local function offboard(sandbox, name, answer)
    local seen, err = editor:run(
      sandbox,
      ([[
        local asked, told, prompt = {}, nil, nil
        local answer = %s
        vim.ui.select = function(entries, options, on_choice)
          asked[#asked + 1] = {}
          prompt = options.prompt
          for i, entry in ipairs(entries) do
            asked[#asked][i] = options.format_item(entry)
          end
          local choose = function() on_choice(answer(entries, #asked)) end
          if #asked == 1 then -- at once, or later
            choose()
          else
            vim.schedule(choose)
          end
        end
        vim.notify = function(text, level)
          local list = vim.fn.getqflist()
          finish { asked = asked, prompt = prompt, told = text, level = level, list = list }
        end
        vim.cmd "ElevenLabs offboard mia@example.com %s"
      ]]):format(answer, editor.folder .. "/" .. name)
    )
    assert.is_nil(err:find("Error", 1, true), err)
    return seen
  end

  it("has a picker, which keeps what is picked and removes the rest", function()
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
    local shown = table.concat(seen.asked[2], "\n")
    assert.matches("+ voice Trailer (voice_trailer): viewer", shown, 1, true)
    assert.are.equal(
      "Roles of mia@example.com: 8. Pick one to keep it, or the first line to remove the others.",
      seen.prompt
    )
    assert.are.equal(9, #seen.asked[3]) -- a new plan
    assert.matches("^ElevenLabs: Access remains: .*\ntotal 8 confirmed 7 refused 1 ", seen.told)
    assert.are.equal(WARN, seen.level)
    local left = "voice Draft (voice_draft): the role is still there; refused: "
    assert.are.equal(left .. "You need admin access to the resource.", seen.list[1].text)
    assert.matches("^creator of %d resources?: copy the resource ", seen.list[2].text)
    assert.are.same({ "viewer", nil }, { trailer.user_mia, narrator.user_mia })
    assert(io.open(editor.folder .. "/kept/report.html")):close()
  end)

  --- Slow enough for a removal to be seen half-way: progress comes ten times a second.
  local function start_slow()
    return sandboxes.start("--resources", "1000", "--latency-ms", "40")
  end

  --- Offboard mia, and stop when the status line is like this. -> the message, its level, the
  --- quickfix list
  local function stop_at(sandbox, pattern, name)
    local seen, err = editor:run(sandbox, ([[
      local timer, is_stopped = vim.loop.new_timer(), false
      vim.ui.select = function(entries, _, on_choice)
        vim.schedule(function() on_choice(entries[1]) end)
      end
      vim.notify = function(text, level)
        timer:stop()
        vim.schedule(function()
          finish { text, level, vim.fn.getqflist() }
        end)
      end
      timer:start(1, 1, vim.schedule_wrap(function()
        if vim.g.elevenlabs_status:find %q and not is_stopped then
          is_stopped = true
          vim.cmd "ElevenLabs stop"
        end
      end))
      vim.cmd "ElevenLabs offboard mia@example.com %s"
    ]]):format(pattern, editor.folder .. "/" .. name))
    assert.is_nil(err:find("Error", 1, true), err)
    return seen[1], seen[2], seen[3]
  end

  it("stops a planning from its first moment on", function()
    local sandbox = start_slow()
    for i, pattern in ipairs { "^planning$", "^planning %d" } do
      local text, level = stop_at(sandbox, pattern, "planning" .. i)
      assert.are.equal(
        "ElevenLabs: stopped: nothing was removed. Give the same command again to go on",
        text
      )
      assert.are.equal(WARN, level)
    end
    sandbox:stop()
  end)

  it("stops a removal, says what was removed and what is left, and goes on", function()
    local sandbox = start_slow()
    local text, level, list = stop_at(sandbox, "^removing %d%d+/", "removing")
    local confirmed, total = text:match(
      "^ElevenLabs: stopped: (%d+) of (%d+) removals are confirmed%."
        .. " Give the same command again to go on$"
    )
    assert.is_truthy(confirmed, text)
    assert.is_true(tonumber(confirmed) > 0)
    assert.are.equal(WARN, level)
    local left = total - confirmed
    assert.matches(": not removed yet", list[left].text)
    assert.matches("^creator of ", list[left + 1].text) -- what no removal ends comes after it
    local seen = offboard(sandbox, "removing", "function(entries) return entries[1] end")
    assert.are.same({ 1, left + 1 }, { #seen.asked, #seen.asked[1] })
    local prompt = "Roles of mia@example.com: %d (%s of %s removals are confirmed). "
    assert.matches(prompt:format(left, confirmed, total), seen.prompt, 1, true)
    local counts = "\ntotal %s confirmed %s refused 0 unconfirmed 0 not_sent 0\n"
    assert.matches(counts:format(total, total), seen.told)
    seen = offboard(sandbox, "removing", "error")
    sandbox:stop()
    assert.are.same({ {}, INFO }, { seen.asked, seen.level })
    assert.matches("No other role of their own is left", seen.told)
  end)

  it("shows failures while it removes, and none while it reads", function()
    local seen = editor:run(small, [[
      local jobs = require "elevenlabs_workspace.job"
      local shown = {}
      jobs.start("offboard", function()
        for i, step in ipairs { "removing", "planning" } do
          local progress = { total = 5, confirmed = 3, duplicates = 1, at_least = 9 }
          jobs.show_progress(progress, step, step == "planning")
          shown[i] = vim.g.elevenlabs_status
        end
        finish(shown)
      end)
    ]])
    assert.are.same({ "removing 6/9, 2 not confirmed", "planning 6/9" }, seen)
  end)

  it("stops a job that waits for the picker, whatever the picker says later", function()
    local seen = offboard(small, "waits", [[
      function(entries)
        vim.cmd "ElevenLabs stop"
        return entries[1]
      end
    ]])
    assert.are.same({ "ElevenLabs: nothing was removed", INFO }, { seen.told, seen.level })
    assert.are.equal("editor", small:roles("voice_narrator", "voice").user_mia)
  end)

  it("verifies, and asks nothing, if every role is to stay", function()
    local sandbox = sandboxes.start()
    local seen = offboard(sandbox, "stays", [[
      function(entries)
        kept = kept or {}
        for i = 2, #entries do
          if not kept[entries[i] ] then
            kept[entries[i] ] = true
            return entries[i]
          end
        end
        return entries[1]
      end
    ]])
    local narrator = sandbox:roles("voice_narrator", "voice").user_mia
    sandbox:stop()
    assert.are.equal("editor", narrator)
    assert.are.equal(10, #seen.asked[#seen.asked]) -- none was asked about the second plan
    assert.matches("roles on 9 resources that are protected", seen.told)
  end)

  it("does not verify, after a stop that came before there was a plan to show", function()
    local seen = editor:run(small, ([[
      local offboard = require "elevenlabs.workspace.offboard"
      offboard.plan = function(_, _, options)
        vim.cmd "ElevenLabs stop"
        local case = { is_open = true }
        function case:summary() return { left = {}, totals = {} } end
        function case:close() self.is_open = false end
        function case:verify() finish "verified" end
        options.on_begin { cancel = function() case.is_cancelled = true end }
        case.summary()
        closed = case
        return case
      end
      vim.notify = function(text)
        finish { text, closed.is_open, closed.is_cancelled }
      end
      vim.cmd "ElevenLabs offboard mia@example.com /none"
    ]]))
    assert.are.same({ "ElevenLabs: nothing was removed", false, true }, seen)
  end)

  it("ends the job at Ctrl-C in Neovim's own picker, and unlocks the case", function()
    local folder = editor.folder .. "/interrupted"
    local code, shown = editor:show(small, "Press ENTER", "", ([[
      local select = vim.ui.select
      vim.ui.select = function(...)
        vim.loop.new_timer():start(200, 0, function() vim.api.nvim_input "<C-c>" end)
        select(...)
      end
      vim.notify = function(text)
        assert(require("elevenlabs.workspace.offboard").open %q)
        os.exit(text == "ElevenLabs: nothing was removed" and 0 or 2)
      end
      vim.cmd "ElevenLabs offboard mia@example.com %s"
    ]]):format(folder, folder))
    assert.are.equal(0, code, shown)
    assert.is_nil(shown:find("Keyboard interrupt", 1, true), shown)
  end)

  it("shows a step in a narrow window without waiting for Enter", function()
    local code, shown = editor:show(small, "Press ENTER", "", [[
      vim.o.columns = 30
      local jobs = require "elevenlabs_workspace.job"
      vim.defer_fn(function()
        jobs.show(("removing "):rep(30))
        vim.cmd "redraw"
        vim.defer_fn(function() os.exit(0) end, 100)
      end, 100)
    ]])
    assert.are.equal(0, code)
    assert.matches("removing removing", shown)
    assert.is_nil(shown:find("Press ENTER", 1, true), shown)
  end)

  it("removes nothing if the user leaves the picker", function()
    local seen = offboard(small, "left", "function() end")
    assert.are.same({ "ElevenLabs: nothing was removed", INFO }, { seen.told, seen.level })
    assert.are.equal("editor", small:roles("voice_narrator", "voice").user_mia)
  end)

  -- ---- :checkhealth

  --- The lines of :checkhealth, with vim.health as this Neovim has it, or as another has.
  local function check_health(more, before)
    local show = [[
      vim.cmd "checkhealth elevenlabs_workspace"
      finish(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"))
    ]]
    return (editor:run(small, (before or "") .. show, more))
  end

  it("case 47: checks its health, and never shows the key", function()
    local seen = check_health()
    assert.matches("OK:? library %d", seen)
    assert.matches("OK:? libcurl %d+%.%d+", seen)
    assert.matches("OK:? ELEVENLABS_API_KEY is set\n", seen)
    assert.matches("WARN%w*:? ELEVENLABS_BASE_URL names a sandbox or another server: https:", seen)
    assert.is_nil(seen:find(small.api_key, 1, true))
  end)

  it("says in its health what is missing", function()
    local seen = check_health { ELEVENLABS_API_KEY = false }
    assert.matches("ERROR:? ELEVENLABS_API_KEY is not set", seen)
    assert.matches("ERROR:? no client can be made: .*api_key is missing", seen)
    seen = check_health { ELEVENLABS_BASE_URL = false, ELEVENLABS_CA_FILE = false }
    assert.matches("OK:? the real service: https://api%.elevenlabs%.io\n", seen .. "\n")
    seen = check_health { LUA_PATH = "/none/?.lua" }
    assert.matches("ERROR:? the library cannot be loaded: .*make install LUA=luajit", seen)
  end)

  it("checks its health by the names of Neovim 0.10 and of 0.8", function()
    for _, prefix in ipairs { "", "report_" } do
      local seen = editor:run(small, ([[
        local told = {}
        vim.health = {}
        for _, kind in ipairs { "start", "ok", "warn", "error" } do
          vim.health[%q .. kind] = function(text)
            told[#told + 1] = kind .. ": " .. text
          end
        end
        require("elevenlabs_workspace.health").check()
        finish(told)
      ]]):format(prefix))
      local text = table.concat(seen, "\n")
      assert.matches("^start: [%l_]+\nok: library .*\nok: libcurl .*\nok: .*\nwarn: ", text)
    end
  end)

  -- ---- the page and the help

  it("has a help whose tags are those of its commands", function()
    assert.are.equal(0, (process.run { "cp", "-r", "examples/neovim", editor.folder .. "/copy" }))
    local command = { "nvim", "--headless", "--clean", "-c", "helptags ~/copy/doc", "-c", "qall" }
    local code, out, err = process.run(command, { env = editor:env(small) })
    assert.are.same({ 0, "", "" }, { code, out, err })
    local tags = pages.read(editor.folder .. "/copy/doc/tags")
    for _, name in ipairs { "revoke", "offboard", "stop" } do
      assert.matches("\n:ElevenLabs-" .. name .. "\t", "\n" .. tags, 1, true)
    end
    local help = pages.read "examples/neovim/doc/elevenlabs.txt"
    for tag in help:gmatch "|(elevenlabs%-%l+)|" do
      assert.matches("\n" .. tag .. "\t", "\n" .. tags, 1, true)
    end
  end)

  it("is installed by the page's commands, and then has its help", function()
    local ask = [['help :ElevenLabs-stop' -c 'echo expand("%:t")' -c 'echo exists(":ElevenLabs")']]
    local code = page:take("sh", "site/pack") .. "\nnvim --headless -c " .. ask .. " -c qall"
    local env = editor:env(small, { XDG_DATA_HOME = false, XDG_CONFIG_HOME = false })
    local status, out, err = pages.start(code, env):wait()
    assert.are.same({ 0, "" }, { status, out })
    assert.matches("elevenlabs.txt%s+2%s*$", err)
  end)

  it("does what the page's first commands say", function()
    local commands = page:take("vim", "checkhealth")
    local code = page:take("sh", "nvim --cmd"):gsub("^[^\n]*\n", "") -- built already
    local script = {}
    for line in pages.with(commands, { ["/tmp"] = editor.folder }):gmatch ":([^\n]+)" do
      script[#script + 1] = line
    end
    local picks = [[
      vim.ui.select = function(entries, _, on_choice) on_choice(entries[1]) end
      vim.notify = function(text)
        told = text
      end
    ]]
    local finish = [[
      vim.wait(20000, function() return told end)
      io.stdout:write(told or "nothing was told", "\n")
      vim.cmd "qall!"
    ]]
    local run = " --headless --clean -c 'luafile %s' -c 'source %s' -c 'luafile %s'"
    run = run:format(
      editor:write("picks.lua", picks),
      editor:write("script.vim", table.concat(script, "\n")),
      editor:write("finish.lua", finish)
    )
    local env = editor:env { api_key = false, base_url = false, ca_file = false }
    env.PATH = "build/luajit/bin:" .. os.getenv "PATH" -- as the first line sets it
    local status, out, err = pages.start(code .. run, env):wait()
    assert.are.equal(0, status, err)
    assert.matches("total 9 confirmed 8 refused 1 ", out)
  end)

  it("has the plugin's code, and none that nobody runs", function()
    page:take_excerpt("lua", "start_many", "examples/neovim/lua/elevenlabs_workspace/revoke.lua")
    local own = page:take("lua", "offboard.plan")
    for command, expected in pairs {
      ["Leaver tom@example.com"] = "^tom@example.com has a role of their own on ",
      ["Leaver! mia@example.com"] = "^Access remains: a role of their own on 1 resource; ",
    } do
      local tell = "function vim.notify(text) finish { text, vim.fn.getqflist() } end\n"
      local seen = editor:run(small, ("%s%s\nvim.cmd %q"):format(tell, own, command))
      assert.matches(expected, seen[1])
      assert.matches(seen[1], seen[2][1].text, 1, true)
      assert.is_true(#seen[2][1].text > #seen[1])
      assert.matches("^[%w_]+: %w", seen[2][2].text)
    end
    assert.are.same({}, page:left())
  end)

  it("has a page whose code removes more than 1,000 roles, and never waits for Enter", function()
    local many, home = sandboxes.start("--resources", "1300"), neovim.new()
    local code, shown = home:show(many, "Press ENTER", "", page:take("lua", "offboard.plan") .. [[

      local notify = vim.notify
      function vim.notify(text)
        notify(text)
        vim.cmd "redraw"
        vim.schedule(function() os.exit(0) end)
      end
      vim.cmd "Leaver! mia@example.com"
    ]])
    many:stop()
    home:remove()
    assert.are.equal(0, code, shown)
    assert.is_nil(shown:find("Press ENTER", 1, true), shown)
    assert.matches("removing: total %d+ of 1%d%d%d confirmed", shown)
    assert.matches("Access remains: ", shown)
  end)
end)
