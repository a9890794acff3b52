--- The child of memory.lua: one bulk run, and what it cost as a line of JSON. Arguments: "fake"
--- (a core that answers at once) or "sandbox", how many items, and a journal if there is to be
--- one.

local cjson = require "cjson"
local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"
local evidences = require "elevenlabs.workspace.answer.evidence"
local workspace = require "elevenlabs.workspace"

local server, count, journal = ...
count = tonumber(count)

local BASE_URL = "https://server.example"

-- ---- a core that answers in the next step

local Core = {}
Core.__index = Core

function Core:validate(op, args)
  return self.checker:validate(op, args)
end

function Core:unshare()
  self.count = self.count + 1
  self.due[#self.due + 1] = evidences.new { id = self.count, body = "{}" }
  return self.count
end

function Core:step()
  local due = self.due
  self.due = {}
  return due
end

Core.close = Core.step

function Core:counts()
  return self.count, 0, 0
end

function Core.wake_at() end

local function fake_client()
  local checker = assert(core.new { base_url = BASE_URL })
  return clients.over {
    core = setmetatable({ checker = checker, due = {}, count = 0 }, Core),
    base_url = BASE_URL,
    api_key = "key",
    driver = require "elevenlabs.workspace.driver.blocking",
  }
end

local function sandbox_client()
  return assert(workspace.new {
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
end

-- ---- the run

--- The sandbox's one resource again and again; otherwise each item is another.
local function iterate()
  local form, number = server == "sandbox" and "voice_narrator" or "voice_%07d", 0
  return function()
    number = number + 1
    return number <= count
        and {
          resource_id = form:format(number),
          resource_type = "voice",
          user_email = "mia@example.com",
        }
      or nil
  end
end

local function peak_kib()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmHWM:%s*(%d+)")
end

local client = server == "sandbox" and sandbox_client() or fake_client()
local told, heap_kib = 0, nil
local run = assert(client:start_many("unshare", iterate(), {
  journal = journal,
  on_result = function()
    told = told + 1
    if told == count then -- while the run has all that it keeps
      collectgarbage()
      heap_kib = collectgarbage "count"
    end
  end,
}))
local cpu_seconds = os.clock()
local report = assert(run:result())
cpu_seconds = os.clock() - cpu_seconds
assert(report.confirmed == count, tostring(report))
local now, peak, items
if journal then
  now, peak, items = run.known_items.set:memory()
end
print(cjson.encode {
  peak_kib = peak_kib(),
  heap_kib = heap_kib,
  cpu_seconds = cpu_seconds,
  set_bytes = now,
  set_peak_bytes = peak,
  set_items = items,
  already_confirmed = report.already_confirmed,
})
