-- The command `access` against a sandbox.

local access_command = require "elevenlabs.workspace.cli.access"
local cjson = require "cjson"
local connections = require "elevenlabs.workspace.cli.connections"
local fake = require "elevenlabs.workspace.sandbox.fake"
local models = require "elevenlabs.workspace.sandbox.model"
local output = require "elevenlabs.workspace.cli.output"
local process = require "spec.support.process"
local support = require "spec.support.command"

local function access(...)
  local command = process.join({ "elevenlabs-workspace", "access" }, support.to_sandbox(...))
  return process.run(command, support.env())
end

--- What the command prints, in this process, of a resource of this name.
local function rows_of(name)
  local state, out = models.example(), {}
  state.resources = { state.resources[1] }
  state.resources[1].name = name
  local open, write = connections.open, output.write
  function connections.open()
    return fake.new { state = state }, { is_interrupted = function() end }
  end
  function output.write(text)
    out[#out + 1] = text
  end
  access_command.run {}
  connections.open, output.write = open, write
  return table.concat(out)
end

describe("cli.access shows a name", function()
  it("on one line that moves no cursor and turns no text", function()
    local out = rows_of "\27[2J\226\128\174<b>\r\nconfirmed: forged\194\155"
    assert.matches("\nvoice_narrator,voice,[^\n]*,\" %[2J <b>  confirmed: forged \",", out)
    assert.is_nil(out:find "[\r\27\194\226]")
    assert.matches(",'=1+1,", rows_of "=1+1", 1, true)
  end)
end)

describe("cli.access", function()
  before_each(support.begin)
  after_each(support.finish)

  it("prints rows that unshare takes as they are", function()
    local path = support.path_of "access.csv"
    local code, out, err = access { "--out", path }
    assert.are.same({ 0, "" }, { code, out })
    assert.matches("\n97 resources listed, 97 read\n", err)
    local rows = { (support.read_file(path):match "^[^\n]*") }
    for line in support.read_file(path):gmatch "[^\n]*,mia@example.com,[^\n]*" do
      rows[#rows + 1] = line
    end
    assert.are.equal(93, #rows) -- two roles of hers on five of 87
    local from = support.write("mia.csv", table.concat(rows, "\n") .. "\n")
    code, out = support.run { "--from", from, "--yes" }
    assert.are.equal(1, code) -- of the four that mia created
    assert.matches("total 92 confirmed 88 refused 4 ", out)
    assert.is_nil(support.sandbox:roles("voice_0001", "voice").user_mia)
    for _, text in ipairs { support.read_file(path), err } do
      assert.is_nil(text:find("secret of the sandbox", 1, true)) -- every page holds it
    end
    local coverage = cjson.decode(support.read_file(path .. ".coverage.json"))
    assert.are.same({ true, "user_ada" }, { coverage.complete, coverage.owner.user_id })
  end)

  it("prints JSON of some types alone", function()
    local code, out = access { "--resource-type", "voice", "--resource-type=assets",
      "--format", "jsonl" }
    assert.are.equal(0, code)
    local types = {}
    for line in out:gmatch "[^\n]+" do
      types[cjson.decode(line).resource_type] = true
    end
    assert.are.same({ voice = true, assets = true }, types)
    assert.are.equal(25, support.lines_of(out)) -- of five voices and four assets
  end)

  it("ends with 4 if a list cannot be read, and says which", function()
    support.restart("--forbid-list", "voice,members")
    local code, out, err = access {}
    assert.are.equal(4, code)
    local said = err:match "Not all.*"
    assert.matches("^Not all could be listed and read:\n  members: [^\n]*permission", said)
    assert.matches("\n  voice +0 read, [^\n]*permission", err)
    assert.is_nil(out:find("\nvoice_0", 1, true))
    assert.matches("\nvoice_collection_0002,voice_collection,,,,", out)
  end)

  it("refuses a type that no list names, and a file that cannot be written", function()
    local code, out, err = access { "--resource-type", "avatars" }
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("%-%-resource%-type takes one of the known names", err)
    code, out = access { "--out", "/nowhere/access.csv" }
    assert.are.same({ 2, "" }, { code, out })
  end)
end)
