local cjson = require "cjson"
local lists = require "elevenlabs.workspace.offboard.lists"
local sources = require "elevenlabs.workspace.offboard.sources"
local bulk = require "elevenlabs.workspace.bulk"
local world = require "spec.support.world"

local function some(...)
  local chosen = {}
  for _, name in ipairs { ... } do
    for _, source in ipairs(sources) do
      chosen[#chosen + 1] = source.name == name and source or nil
    end
  end
  return chosen
end

--- An engine against `answer(path, query)` -> a body or changes of a 200. Every resource can be read.
---@return elevenlabs.workspace.Engine, string[] asked the paths that were asked for
local function engine_of(answer)
  local asked = {}
  local engine = world.running(function(attempt)
    if attempt.op ~= "list" then
      return { body = world.resource(attempt.args.resource_type, attempt.args.resource_id) }
    end
    local path, query = table.concat(attempt.args.path, "/"), {}
    for i = 1, #attempt.args.query, 2 do
      query[attempt.args.query[i]] = attempt.args.query[i + 1]
    end
    asked[#asked + 1] = path
    local answered = answer(path, query)
    return type(answered) == "string" and { body = answered } or answered
  end)
  return engine, asked
end

local function coverage_of(source)
  local coverage = {}
  for _, row in ipairs(source:covered()) do
    coverage[row.name] = row
  end
  return coverage
end

--- The page of a list that has so many ids in pages of 100. The cursor is the number of ids before.
local function page_of(rows, id, cursor, count)
  local before, ids = tonumber(cursor or 0), {}
  for i = 1, math.min(100, count - before) do
    ids[i] = { [id] = ("%s %d"):format(rows, before + i) }
  end
  local more = before + 100 < count
  return cjson.encode { [rows] = ids, next_cursor = more and ("%d"):format(before + 100) or nil }
end

--- Read these lists, and then each resource, against `answer(path, query)` -> changes of a 200.
---@return string[] ids that were read, table coverage by name, table report
local function read(answer, of, further)
  local engine, asked = engine_of(answer)
  local source, ids = lists.new(engine, of, further or {}), {}
  local run = assert(bulk.start(engine, "https://server.example", "get", source, {
    on_result = function(item)
      ids[#ids + 1] = item.resource_type .. " " .. item.resource_id
    end,
  }))
  local report = assert(run:result())
  table.sort(ids)
  return ids, coverage_of(source), report, asked
end

describe("offboard lists", function()
  it("name every resource of every page, each once, and the run reads each", function()
    local ids, coverage, report = read(function(_, query)
      if query.archived == "true" then
        return '{"agents":[{"agent_id":"a2"},{"agent_id":"a3"}],"next_cursor":null}'
      end
      return query.cursor and '{"agents":[{"agent_id":"a2"}],"has_more":false}'
        or '{"agents":[{"agent_id":"a1"}],"next_cursor":"c","has_more":true}'
    end, some "convai_agents")
    assert.are.same({ "convai_agents a1", "convai_agents a2", "convai_agents a3" }, ids)
    assert.are.same(
      { name = "convai_agents", listed = 3, complete = true },
      coverage.convai_agents
    )
    assert.are.same({ 3, 3 }, { report.total, report.confirmed })
  end)

  it("of each resource of another list are read too", function()
    local ids, coverage = read(function(path)
      local agent = path:match "agents/(%w+)/branches$"
      return agent and ('{"results":[{"id":"b of %s"}]}'):format(agent)
        or '{"agents":[{"agent_id":"a1"},{"agent_id":"a2"}]}'
    end, some("convai_agents", "convai_agent_branches"))
    assert.are.same({
      "convai_agent_branches b of a1",
      "convai_agent_branches b of a2",
      "convai_agents a1",
      "convai_agents a2",
    }, ids)
    assert.are.equal(2, coverage.convai_agent_branches.listed)
  end)

  it("give an id under each type that it may have, and count it once", function()
    local ids, coverage = read(function()
      return '{"projects":[{"project_id":"p"}]}'
    end, some "studio_projects")
    assert.are.same({ "project p", "studio_projects p" }, ids)
    assert.are.equal(1, coverage.studio_projects.listed)
  end)

  it("that are refused are named with the reason, and stop nothing", function()
    local ids, coverage, report = read(function(path)
      if path == "v1/assets" then
        return { status = 401, body = '{"detail":{"status":"missing_permissions","message":"no"}}' }
      end
      return '{"voices":[{"voice_id":"v"}]}'
    end, some("assets", "voice"))
    assert.are.same({ "voice v" }, ids)
    assert.is_nil(report.stopped)
    assert.are.same({ false, "permission", 401 }, {
      coverage.assets.complete,
      coverage.assets.kind,
      coverage.assets.status,
    })
    assert.is_true(coverage.voice.complete)
  end)

  it("that cannot be trusted keep what they named, and are incomplete", function()
    local ids, coverage = read(function(_, query)
      return query.cursor and '{"dubs":"none"}' or '{"dubs":[{"dubbing_id":"d"}],"next_cursor":"c"}'
    end, some "dubbing")
    assert.are.same({ "dubbing d" }, ids)
    assert.are.same({
      name = "dubbing",
      listed = 1,
      complete = false,
      why = "its answer has no array dubs",
    }, coverage.dubbing)
  end)

  it("that contradict themselves are incomplete, and what they named is read", function()
    local ids, coverage = read(function()
      return '{"assets":[{"asset_id":"s1"}],"total_count":2}'
    end, some "assets")
    assert.are.same({ "assets s1" }, ids)
    assert.are.same({
      name = "assets",
      listed = 1,
      complete = false,
      why = "it says 2 rows and named 1",
    }, coverage.assets)
  end)

  it("that hold an object in place of their rows are incomplete", function()
    local _, coverage = read(function()
      return '{"assets":{}}'
    end, some "assets")
    assert.is_false(coverage.assets.complete)
    assert.matches("its assets is no array", coverage.assets.why, 1, true)
  end)

  it("that never name all are incomplete by their nature", function()
    local _, coverage = read(function()
      return '{"crawl_jobs":[]}'
    end, some "convai_crawl_jobs")
    assert.is_false(coverage.convai_crawl_jobs.complete)
    assert.is_true(coverage.convai_crawl_jobs.by_nature)
    assert.matches("ongoing and recent", coverage.convai_crawl_jobs.why)
  end)

  it("that came back full without pages are incomplete by their nature", function()
    local rows = {}
    for i = 1, 100 do
      rows[i] = { id = "b" .. i }
    end
    local _, coverage = read(function(path)
      return path:find("branches", 1, true) and cjson.encode { results = rows }
        or '{"agents":[{"agent_id":"a1"}]}'
    end, some("convai_agents", "convai_agent_branches"))
    local branches = coverage.convai_agent_branches
    assert.are.same({ 100, false, true }, {
      branches.listed,
      branches.complete,
      branches.by_nature,
    })
    assert.matches("at most 100", branches.why)
  end)

  it("that failed are not incomplete by their nature", function()
    local _, coverage = read(function()
      return { status = 403, body = "{}" }
    end, some "convai_crawl_jobs")
    assert.is_nil(coverage.convai_crawl_jobs.by_nature)
    assert.are.equal("permission", coverage.convai_crawl_jobs.kind)
  end)

  it("come before the resources that the caller named, which are read once too", function()
    local further = {
      { resource_id = "v", resource_type = "voice" },
      { resource_id = "s", resource_type = "songs" },
      { resource_id = "s", resource_type = "songs" },
    }
    local of = some "voice"
    local ids, coverage = read(function()
      return '{"voices":[{"voice_id":"v"}]}'
    end, of, further)
    assert.are.same({ "songs s", "voice v" }, ids)
    assert.are.same({ name = "in no list", listed = 1, complete = true }, coverage["in no list"])
    assert.are.equal(1, #of) -- the caller's list of lists is as it was
    local _, without = read(function()
      return '{"voices":[]}'
    end, some "voice")
    assert.is_nil(without["in no list"])
  end)

  it("are asked for half a page if a page is too large", function()
    local sizes = {}
    local ids = read(function(_, query)
      sizes[#sizes + 1] = query.page_size
      if tonumber(query.page_size) > 25 then
        return { curl_code = 23, message = "the answer is larger than 16 MiB" }
      end
      return '{"assets":[{"asset_id":"a"}]}'
    end, some "assets")
    assert.are.same({ "assets a" }, ids)
    assert.are.same({ "100", "50", "25" }, sizes)
  end)

  it("stop the run at a bad key, which is no fault of a list", function()
    local ids, _, report = read(function()
      return { status = 401, body = cjson.encode { detail = { status = "invalid_api_key" } } }
    end, some("assets", "voice"))
    assert.are.same({}, ids)
    assert.are.equal("source", report.stopped)
    assert.matches("every item would end like this one", report.stop_message)
  end)

  it("know how many items there are once all were read to their ends", function()
    local engine = engine_of(function(_, query)
      return page_of("voices", "voice_id", query.next_page_token, 3)
    end)
    local source, seen = lists.new(engine, some("voice", "voice_collection"), {}), {}
    assert.are.same({ 0 }, { source.at_least, source.count })
    engine:wait(function()
      source:is_ready()
      seen[source.at_least] = source.count or "unknown"
      return source.count
    end)
    assert.are.same({ [0] = "unknown", [3] = 3 }, seen)
  end)

  it("are read ahead, but no further while many ids wait", function()
    local engine, asked = engine_of(function(_, query)
      return page_of("assets", "asset_id", query.cursor, 100000)
    end)
    local source = lists.new(engine, some "assets", {})
    engine:wait(function()
      return source:is_ready() and source.at_least >= 5000
    end)
    source:is_ready()
    engine:step()
    assert.are.same({ 5000, 50, 0 }, { source.at_least, #asked, engine.slots.count })
    assert.matches("^assets %d+$", source:next().resource_id)
    engine:wait(function()
      return source:is_ready() and source.at_least > 5000
    end)
    assert.are.same({ 5100, 51 }, { source.at_least, #asked })
  end)

  it("without pages are read one at a time", function()
    local engine, most = nil, 0
    engine = engine_of(function()
      most = math.max(most, engine.slots.count)
      return '{"collections":[],"projects":[],"auth_connections":[]}'
    end)
    local of = some("voice_collection", "studio_projects", "workspace_auth_connections")
    local source = lists.new(engine, of, {})
    engine:wait(function()
      return source:is_ready()
    end)
    assert.are.same({ 0, 1 }, { source.count, most })
  end)

  it("that name parents are read no further while many lists of theirs wait", function()
    local engine = engine_of(function()
      return '{"results":[],"agents":[]}'
    end)
    for waiting, first in pairs { [30000] = "branches", [100] = false } do
      local source = lists.new(engine, some("convai_agents", "convai_agent_branches"), {})
      for i = 1, waiting do
        source.parents:push("convai_agent_branches", "agent " .. i)
      end
      assert.is_false(source:is_ready())
      assert.are.equal(first, source.open[1].call.args.path[5] or false)
    end
  end)

  it("fill the client's window if no item is to be read, and keep to a limit", function()
    for limit, wanted in pairs { [3] = 3, [64] = 32 } do
      local engine = engine_of(function(path, query)
        if path:find "branches$" or query.archived == "true" then
          return '{"results":[],"agents":[]}'
        end
        return page_of("agents", "agent_id", query.cursor, 1000)
      end)
      local source = lists.new(engine, some("convai_agents", "convai_agent_branches"), {}, limit)
      local most, taken = 0, 0
      engine:wait(function()
        while source:is_ready() and source:next() do
          taken = taken + 1
        end
        most = math.max(most, #source.open)
        return source.count
      end)
      assert.are.same({ wanted, 1000 }, { most, taken })
    end
  end)

  it("that were not read to their ends when the run stopped are incomplete", function()
    local engine = engine_of(function(_, query)
      return page_of("assets", "asset_id", query.cursor, 5000)
    end)
    local source = lists.new(engine, some("assets", "voice_collection"), {})
    engine:wait(function()
      return source:is_ready() and source.at_least >= 300
    end)
    source:close()
    assert.is_nil(source:next())
    local assets = coverage_of(source).assets
    assert.are.same({ false, "it was not read to its end" }, { assets.complete, assets.why })
  end)
end)
