-- The reference tells of what is there: annotations, code and README are compared.

local annotations = require "spec.system.docs.annotations"
local contents = require "spec.system.docs.contents"
local docs = require "spec.system.docs.reference"
local fake = require "elevenlabs.workspace.sandbox.fake"
local process = require "spec.support.process"
local model = require "elevenlabs.workspace.sandbox.model"
local workspace = require "elevenlabs.workspace"

local CLIENT = "lua/elevenlabs/workspace/client.lua"
local SCRIPT = "examples/script/README.md"
local FAKE = "lua/elevenlabs/workspace/sandbox/fake.lua"

local function read_file(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

-- ---- sets of names, as sorted lists

local sorted_keys = require("elevenlabs.workspace.json").sorted_keys

--- What the captures of these patterns match in a text.
local function matches(text, ...)
  local found = {}
  for _, pattern in ipairs { ... } do
    for name in text:gmatch(pattern) do
      found[name] = true
    end
  end
  return found
end

local function names(rows)
  local found = {}
  for _, row in ipairs(rows) do
    if row.name then
      found[row.name] = row
    end
  end
  return found
end

local function same(expected, actual)
  assert.are.same(sorted_keys(expected), sorted_keys(actual))
end

--- The same, but for documented fields that may be nil.
local function same_but_for_optional(real, documented)
  for name in pairs(real) do
    assert.truthy(documented[name], name .. " is not documented")
  end
  for name, field in pairs(documented) do
    assert.truthy(field.type:find "|nil" or real[name], name .. " is not there")
  end
end

-- ---- what is annotated

local function fields(class)
  return names(docs.fields(docs.read("elevenlabs.workspace." .. class)))
end

local function values(alias)
  return names(docs.read("elevenlabs.workspace." .. alias).values)
end

--- The words that a field's type allows.
local function choices(class, field)
  return matches(fields(class)[field].type, '"(%w+)"')
end

-- ---- what the pages say

local function section_of(page, title)
  return (read_file(page):match("\n## " .. title .. "\n(.-)\n## "))
end

--- The code words in the first column of a section's tables.
local function rows_of(page, title)
  local found = {}
  for first_cell in section_of(page, title):gmatch "\n *|([^|]*)|" do
    for name in pairs(matches(first_cell, "`([%w_]+)`")) do
      found[name] = true
    end
  end
  return found
end

-- ---- what is there

local function public(object)
  local found = {}
  for name, value in pairs(object) do
    if not name:find "^__" then
      found[name] = value
    end
  end
  return found
end

local RESOURCE = { resource_id = "voice_narrator", resource_type = "voice" }

local function methods(object)
  local found = public(getmetatable(object).__index)
  for name, value in pairs(found) do
    if type(value) ~= "function" then
      found[name] = nil -- a field's default
    end
  end
  return found
end

local function code_of(pattern, path)
  return assert(read_file(path):match(pattern), path)
end

--- The text of the library's Lua files. In those of the sandbox and of offboarding, kinds and reasons
--- are of other things too.
local function library()
  local pipe = assert(
    io.popen [[find lua -name '*.lua' -not -path '*/sandbox/*' -not -path '*/offboard/*' \
      -exec cat {} +]]
  )
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function assert_documents(name, object)
  local members = names(docs.read(name).members)
  same(object, members)
  for member_name, member in pairs(members) do
    assert.are_not.equal("", member.text, member_name .. " has no comment")
    assert.are.equal(type(object[member_name]) == "function", member.arguments ~= nil, member_name)
  end
end

-- Pages with programs that make a client for the real service.
local PAGES = { "README.md", SCRIPT, "examples/offboard/README.md", "examples/luv/README.md" }

--- Give each Lua program of these pages to a function, but no part of a program.
local function each_program(visit)
  for _, page in ipairs(PAGES) do
    for code in read_file(page):gmatch "\n```lua\n(.-)\n```" do
      if code:find('require "elevenlabs.workspace', 1, true) then
        visit(code, page)
      end
    end
  end
end

describe("the pages' Lua", function()
  it("compiles on every Lua", function()
    local count = 0
    each_program(function(code, page)
      assert((rawget(_G, "loadstring") or load)(code, page))
      count = count + 1
    end)
    assert.is_true(count >= 8)
  end)

  it("case 34: shows the cause where there is no client", function()
    local count = 0
    each_program(function(code, page)
      if code:find("workspace.new", 1, true) then
        local command = { "env", "-u", "ELEVENLABS_API_KEY", os.getenv "SPEC_LUA", "-e", code }
        local status, _, err = process.run(command)
        assert.are.equal(1, status, page)
        assert.matches("api_key is missing: pass it or set", err:gsub(
          "ca_file %.%.%. cannot be opened", "api_key is missing: pass it or set"
        ), 1, true)
        count = count + 1
      end
    end)
    assert.is_true(count >= 6)
  end)

  it("case 34: asserts no value of the library's, nor do the examples", function()
    local pipe = assert(io.popen "find examples -type f; echo README.md")
    for path in pipe:lines() do
      for _, name in ipairs { "workspace%.", "client:", "here:", "call:", "run:", "require" } do
        assert.is_nil(read_file(path):find("assert%(" .. name), path)
      end
    end
    pipe:close()
  end)
end)

describe("the reference", function()
  it("documents what the modules export, and no more", function()
    for _, name in ipairs { "", ".items", ".offboard", ".sandbox.fake" } do
      name = "elevenlabs.workspace" .. name
      assert_documents(name, public(require(name)))
    end
  end)

  it("documents the methods of a client, a call and a run, and no more", function()
    local client = fake.new()
    assert_documents("elevenlabs.workspace.Run", methods(client:start_many("unshare", {})))
    assert_documents("elevenlabs.workspace.Client", methods(client))
    assert_documents("elevenlabs.workspace.Call", methods(client:start("get", RESOURCE)))
  end)

  it("case 46: says what lua-cjson makes of a role that nobody has", function()
    local resource = fake.new():get(RESOURCE)
    local map = { role_to_group_ids = resource.role_to_group_ids }
    map.role_to_group_ids = { viewer = {} }
    assert.are.equal('{"role_to_group_ids":{"viewer":{}}}', require("cjson").encode(map))
    assert.matches("`{}` for a role that nobody has",
      docs.read("elevenlabs.workspace.Resource").text, 1, true)
    assert.equal(require("cjson").null, resource.anonymous_access_level_override)
  end)

  it("names the parameters as the source does", function()
    for _, name in pairs(contents.OWNERS) do
      for _, member in ipairs(docs.read(name).members) do
        local listed = {}
        for i, param in ipairs(member.params) do
          listed[i] = param.name
        end
        local where = name .. " " .. member.name
        assert.are.equal(member.arguments or "", table.concat(listed, ", "), where)
      end
    end
  end)

  it("says of a module's functions what their source says", function()
    local sources = names(annotations.read(CLIENT))
    for name, member in pairs(names(docs.read("elevenlabs.workspace").members)) do
      if sources[name] then
        assert.are.same(sources[name].params, member.params)
        assert.are.same(sources[name].returns, member.returns)
      end
    end
  end)

  it("gives a driver the parameters that drivers take", function()
    local arguments = fields("Driver").wait.type:match "^fun(%b())"
    for _, name in ipairs { "blocking", "manual", "luv", "cqueues" } do
      local path = "lua/elevenlabs/workspace/driver/" .. name .. ".lua"
      local taken = code_of("function M%.wait%((.-)%)", path)
      local documented = arguments:sub(2, -2):gsub("(%w+): [^,]+", "%1")
      assert.are.equal(taken, documented:sub(1, #taken)) -- a driver may leave the last ones
    end
  end)
end)

describe("the options", function()
  it("are those that a client takes", function()
    local list = code_of("OPTION_NAMES = (%b{})", "lua/elevenlabs/workspace/options.lua")
    same(matches(list, '"([%w_]+)"'), fields "Options")
  end)

  for _, name in ipairs { "region", "driver" } do
    it("name each " .. name, function()
      local _, err = workspace.new { api_key = "k", [name] = "none" }
      same(matches(err.message:match "one of (.*), got", "%w+"), choices("Options", name))
    end)
  end
end)

local function union(...)
  local found = {}
  for _, object in ipairs { ... } do
    for name in pairs(object) do
      found[name] = true
    end
  end
  return found
end

describe("a bulk run", function()
  it("has the options that it reads, and the reasons to stop that it gives", function()
    local list = code_of("OPTION_NAMES =%s*(%b{})", "lua/elevenlabs/workspace/bulk.lua")
    same(matches(list, '"([%w_]+)"'), fields "BulkOptions")
    local given = matches(
      library(),
      'stop%(%l+, "([%l_]+)"',
      'stop%("([%l_]+)", verdict',
      'reason = "([%l_]+)"'
    )
    local reasons = code_of("REASONS = (%b{})", "lua/elevenlabs/workspace/bulk/stop_rules.lua")
    given = union(given, matches(reasons, '= "([%l_]+)"'))
    same(given, values "StopReason")
    same(union(fields "BulkOptions", given), rows_of(SCRIPT, "Bulk runs in Lua"))
  end)

  it("reports the fields of a real report, and of real progress", function()
    local client, told = fake.new(), {}
    local path = os.tmpname()
    local report = client:unshare_many({}, {
      journal = path,
      part = "0/1",
      on_progress = function(progress)
        told = union(told, progress)
      end,
    })
    os.remove(path)
    local at_times = { stopped = true, stop_message = true, ignored = true }
    same(union(report, at_times), fields "Report")
    local nothing = { resource_id = "none", resource_type = "voice", user_email = "a@example.com" }
    same(client:unshare_many({ nothing }).reasons[1], fields "Reason")
    at_times.at_least, at_times.why = true, true
    same(union(told, at_times), fields "Progress")
    for name in pairs(fields "Report") do
      assert.matches("[`%s]" .. name .. "[`%s]", section_of(SCRIPT, "Bulk runs in Lua"))
    end
  end)
end)

describe("the arguments", function()
  it("are the fields that the core reads", function()
    local list = code_of("ew_field_names%[%] = (%b{})", "csrc/api/request.c")
    local taken = matches(list, '"([%w_]+)"')
    taken.allow_unknown_resource_type = true
    same(taken, fields "ShareArgs")
  end)

  it("name each role", function()
    local list = code_of("roles%[%] = (%b{})", "csrc/api/request.c")
    same(matches(list, '"(%w+)"'), choices("ShareArgs", "role"))
  end)
end)

-- A row of outcome.lua's CLASSES, with room for its outcome and its kind.
local OUTCOME_ROW = '\n  [%%l_]+ = { "%s", %s, "%%l+"[^\n]-}'

describe("errors and outcomes", function()
  it("have the kinds that the code gives them, here and in the README", function()
    local given = matches(
      library(),
      'kind = "([%l_]+)"', -- where the library fails
      'stop%([^\n]-, "(%l+)"%)', -- where it ends a call itself
      OUTCOME_ROW:format("[%l_]+", '"([%l_]+)"')
    )
    for kind in pairs(matches(read_file "csrc/binding/result.c", 'return "([%l_]+)";')) do
      given[kind] = true
    end
    same(given, values "Kind")
    same(values "Kind", rows_of("README.md", "Errors"))
  end)

  it("are those of the table of outcomes, here and in the README", function()
    local outcomes = values "FailedOutcome"
    same(matches(library(), OUTCOME_ROW:format("([%l_]+)", '[%l_"]+')), outcomes)
    outcomes[code_of('outcome = "(%l+)"', "lua/elevenlabs/workspace/receipt.lua")] = true
    same(outcomes, rows_of("README.md", "What it promises"))
  end)
end)

-- ---- values that calls return

--- The example, and a service account whose key id looks like a secret.
local function odd_client()
  local state = model.example()
  table.insert(state.service_accounts[1].key_ids, "sk_odd")
  return (fake.new { state = state })
end

local function with(changes)
  local args = {}
  for name, value in pairs(RESOURCE) do
    args[name] = value
  end
  for name, value in pairs(changes) do
    args[name] = value
  end
  return args
end

describe("the fields", function()
  local client = odd_client()
  local resource = client:get(RESOURCE)

  it("of a receipt are those of real ones", function()
    local odd = client:unshare(with { workspace_api_key_id = "sk_odd" })
    local shared = client:share(with { user_email = "eve@example.com", role = "viewer" })
    same(union(odd, shared), fields "Receipt")
  end)

  it("of an error are those of real ones, here and in the README", function()
    local _, odd = client:unshare(with { workspace_api_key_id = "sk_none" })
    local new_type = { resource_type = "new", allow_unknown_resource_type = true }
    local _, unprocessable = client:get(with(new_type))
    local repeated = { ambiguous = true } -- libcurl's doing: spec/proof/faults/faults_spec.lua sees it
    local firewall = { from_service = false } -- a page: spec/unit/lua/answer/outcome_spec.lua sees it
    same(union(odd, unprocessable, repeated, firewall), fields "Error")
    local told = matches(section_of("README.md", "Errors"):match "has (.-)%.\n", "`([%w_]+)`")
    same(fields "Error", told)
  end)

  it("of a resource are those of a real one, but for what a server may leave out", function()
    local told = fields "Resource"
    same_but_for_optional(resource, told)
    same(resource.share_options[1], fields "ShareOption")
  end)

  it("of the statistics are those of real ones", function()
    local shared = { limit = {} } -- spec/unit/lua/limits_spec.lua sees it
    same(union(client:stats(), shared), fields "Stats")
  end)

  it("of a sandbox's state are those of the example", function()
    local state = model.example()
    same(state, fields "sandbox.State")
    same_but_for_optional(state.resources[1], fields "sandbox.Resource")
    same_but_for_optional(state.users[1], fields "sandbox.User")
    same_but_for_optional(state.groups[1], fields "sandbox.Group")
    local _, workspace_model = fake.new()
    same(workspace_model, fields "sandbox.Model")
  end)

  it("of a fake's options are those that it reads", function()
    same(matches(read_file(FAKE), "options%.([%w_]+)"), fields "sandbox.FakeOptions")
  end)
end)
