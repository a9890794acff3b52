-- The luv driver in a real Neovim, without a screen.

local leaver = require "elevenlabs.workspace.sandbox.leaver"
local neovim = require "spec.support.neovim"
local sandboxes = require "spec.support.servers.sandbox"

local PREAMBLE = [[
  local workspace = require "elevenlabs.workspace"
  local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
  local client = assert(workspace.new {
    driver = "luv",
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
]]

describe("Neovim", function()
  local editor, small, large

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

  local function run(sandbox, program)
    return editor:run(sandbox, PREAMBLE .. program)
  end

  --- The 1,000 resources of the large sandbox.
  local function write_resources(name)
    local lines = { "resource_id,resource_type" }
    for i, resource in ipairs(leaver.state(1000).resources) do
      lines[i + 1] = resource.id .. "," .. resource.type
    end
    return editor:write(name, table.concat(lines, "\n") .. "\n")
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
