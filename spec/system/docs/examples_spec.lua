-- Each example of an annotation runs, against the model of the sandbox.

local contents = require "spec.system.docs.contents"
local docs = require "spec.system.docs.reference"
local fake = require "elevenlabs.workspace.sandbox.fake"
local process = require "spec.support.process"
local uv = require "luv"

local ROWS = "resource_id,resource_type\nvoice_narrator,voice\nvoice_trailer,voice\n"

--- The code as a function that sees these globals.
local function load_with(code, globals)
  local set_environment = rawget(_G, "setfenv")
  if not set_environment then
    return assert(load(code, code, "t", globals))
  end
  return set_environment(assert(rawget(_G, "loadstring")(code)), globals)
end

describe("the examples of the annotations", function()
  local folder, home, printed
  local key = os.getenv "ELEVENLABS_API_KEY"

  setup(function()
    folder, home = os.tmpname(), uv.cwd()
    os.remove(folder)
    assert(uv.fs_mkdir(folder, 448)) -- 0700
    uv.os_setenv("ELEVENLABS_API_KEY", "sk_sandbox_ada")
  end)

  teardown(function()
    process.run { "rm", "-r", folder }
    if key then
      uv.os_setenv("ELEVENLABS_API_KEY", key)
    else
      uv.os_unsetenv "ELEVENLABS_API_KEY"
    end
  end)

  before_each(function()
    assert(uv.chdir(folder))
    local file = assert(io.open("resources.csv", "w"))
    file:write(ROWS)
    file:close()
    file = assert(io.open("leavers.csv", "w"))
    file:write "user_email\nmia@example.com\n"
    file:close()
    printed = {}
  end)

  after_each(function()
    assert(uv.chdir(home))
  end)

  --- What an example may use without a word: what its readers have.
  local function globals()
    return setmetatable({
      client = fake.new(),
      workspace = require "elevenlabs.workspace",
      offboard = require "elevenlabs.workspace.offboard",
      print = function(...)
        for i = 1, select("#", ...) do
          table.insert(printed, tostring((select(i, ...))))
        end
      end,
    }, { __index = _G })
  end

  local count = 0
  for _, entry in ipairs(contents.entries()) do
    for code in docs.entry(entry).text:gmatch "```lua\n(.-)\n```" do
      count = count + 1
      it("runs for " .. entry, function()
        load_with(code, globals())()
        for _, text in ipairs(printed) do
          for _, outcome in ipairs { "refused", "unconfirmed", "not_sent" } do
            assert.is_nil(text:find("^" .. outcome), text)
          end
        end
      end)
    end
  end

  it("are there", function()
    assert.is_true(count >= 12)
  end)
end)
