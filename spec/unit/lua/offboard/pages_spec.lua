local cjson = require "cjson"
local pages = require "elevenlabs.workspace.offboard.pages"
local sources = require "elevenlabs.workspace.offboard.sources"

local function source(name)
  for _, row in ipairs(sources) do
    if row.name == name then
      return row
    end
  end
end

local AGENTS, VOICES = source "convai_agents", source "voice"

local function agents(first, count, further)
  local body = further or {}
  body.agents = {}
  for i = first, first + count - 1 do
    local row = { agent_id = "a" .. i, name = "Agent " .. i, secret_token = "x" }
    body.agents[#body.agents + 1] = row
  end
  return body
end

--- Read to the end. -> ids | nil, why
local function read_all(reading, bodies)
  local ids, sent = {}, {}
  for i, body in ipairs(bodies) do
    sent[i] = table.concat(reading:parameters(), " ")
    local rows, more, why = reading:take(body)
    if not rows or why then
      return nil, why or more, sent
    end
    for _, row in ipairs(rows) do
      ids[#ids + 1] = row.id
    end
    if not more then
      assert.are.equal(#bodies, i)
    end
  end
  return table.concat(ids, " "), nil, sent
end

describe("offboard pages", function()
  it("go on while there is a new cursor, whatever has_more says", function()
    local ids, _, sent = read_all(pages.reading(AGENTS, { "archived", "true" }), {
      agents(1, 2, { next_cursor = "c1", has_more = false }),
      agents(3, 0, { next_cursor = "c2" }),
      agents(3, 1, { next_cursor = cjson.null, has_more = false }),
    })
    assert.are.equal("a1 a2 a3", ids)
    assert.are.same({
      "page_size 100 archived true",
      "page_size 100 archived true cursor c1",
      "page_size 100 archived true cursor c2",
    }, sent)
  end)

  it("end without a cursor", function()
    for _, cursor in ipairs { cjson.null, "", false } do
      local reading = pages.reading(AGENTS)
      local rows, more = reading:take(agents(1, 100, { next_cursor = cursor or nil }))
      assert.are.same({ 100, false }, { #rows, more })
    end
  end)

  it("fail if there is said to be more, and not where", function()
    local _, why = read_all(pages.reading(AGENTS), { agents(1, 1, { has_more = true }) })
    assert.are.equal("it says that there is more, and not where", why)
  end)

  it("fail at a cursor that came before", function()
    local _, why = read_all(pages.reading(VOICES), {
      { voices = {}, next_page_token = "x" },
      { voices = {}, next_page_token = "y" },
      { voices = {}, next_page_token = "x" },
    })
    assert.are.equal("it gave the same cursor again", why)
  end)

  it("are numbered where the list is, up to the total", function()
    local deployments = source "convai_agent_versions_deployments"
    local reading = pages.reading(deployments)
    local ids, _, sent = read_all(reading, {
      { results = { { id = "d1" }, { id = "d2" } }, meta = { total = 3 } },
      { results = { { id = "d3" } }, meta = { total = 3 } },
    })
    assert.are.equal("d1 d2 d3", ids)
    assert.are.same({ "page_size 100 page 1", "page_size 100 page 2" }, sent)
    local _, why = read_all(pages.reading(deployments), {
      { results = { { id = "d1" } }, meta = { total = 3 } },
      { results = {}, meta = { total = 3 } },
    })
    assert.are.equal("it says 3 rows and named 1", why)
    _, why = read_all(pages.reading(deployments), { { results = {} } })
    assert.are.equal("it does not say how many rows there are", why)
  end)

  it("count each id once, so that a page that comes twice hides nothing", function()
    local deployments = source "convai_agent_versions_deployments"
    local function page(total, ...)
      local results = {}
      for i, id in ipairs { ... } do
        results[i] = { id = id }
      end
      return { results = results, meta = { total = total } }
    end
    local _, why = read_all(pages.reading(deployments), {
      page(4, "d1", "d2"), page(4, "d1", "d2"),
    })
    assert.are.equal("it says 4 rows and named 2", why)
    local ids = read_all(pages.reading(deployments), {
      page(3, "d1", "d2"), page(4, "d2", "d3"), page(4, "d4"),
    })
    assert.are.equal("d1 d2 d2 d3 d4", ids) -- a row came in between
    _, why = read_all(pages.reading(VOICES), {
      { voices = { { voice_id = "v1" } }, next_page_token = "x", total_count = 2 },
      { voices = { { voice_id = "v1" } }, total_count = 2 },
    })
    assert.are.equal("it says 2 rows and named 1", why)
  end)

  it("hand on their rows even if the list cannot be trusted", function()
    local reading = pages.reading(AGENTS)
    local rows, more, why = reading:take(agents(1, 2, { has_more = "true" }))
    assert.are.same({ 2, false }, { #rows, more })
    assert.are.equal("its has_more is neither true nor false", why)
  end)

  it("of a list without pages fail if there is said to be more", function()
    for _, case in ipairs {
      { { has_more = true }, "it says that there is more, and not where" },
      { { has_more = 1 }, "its has_more is neither true nor false" },
      { { next_cursor = "c" }, "it goes on at a next_cursor, which its pages do not take" },
      { { total_count = 3 }, "it says 3 rows and named 1" },
      { { meta = { total = 2 } }, "it says 2 rows and named 1" },
      { { total_count = 1, has_more = false, next_cursor = cjson.null, meta = cjson.null } },
    } do
      local body = case[1]
      body.collections = { { collection_id = "c1" } }
      local rows, more, why = pages.reading(source "voice_collection"):take(body)
      assert.are.same({ 1, false }, { #rows, more })
      assert.are.equal(case[2], why)
    end
  end)

  it("fail at a cursor of another list", function()
    local _, why = read_all(pages.reading(VOICES), { { voices = {}, next_cursor = "c" } })
    assert.are.equal("it goes on at a next_cursor, which its pages do not take", why)
  end)

  it("hand on the named fields alone", function()
    local body = agents(1, 1)
    body.agents[1].access_info = { creator_email = "mia@example.com", role = "admin" }
    local rows = assert(pages.reading(AGENTS):take(body))
    assert.are.same({ { id = "a1", name = "Agent 1", creator = "mia@example.com" } }, rows)
    assert.is_false(body.agents[1]) -- so that a large page is not kept twice
    body = agents(1, 1)
    body.agents[1].access_info = cjson.null
    body.agents[1].name = cjson.null
    assert.are.same({ { id = "a1" } }, (pages.reading(AGENTS):take(body)))
  end)

  it("fail if a row has no id, or the answer no rows, and quote nothing", function()
    for _, body in ipairs {
      { agents = { { name = "secret" } } },
      { agents = { { agent_id = 7 } } },
      { agents = { { agent_id = "" } } },
      { agents = { { agent_id = ("x"):rep(513) } } },
      { agents = { "secret" } },
    } do
      assert.are.same({ nil, "a row has no agent_id" }, { pages.reading(AGENTS):take(body) })
    end
    for _, body in ipairs { {}, { agents = "secret" }, { agents = { a = 1 } }, "secret", 1 } do
      assert.are.same(
        { nil, "its answer has no array agents" },
        { pages.reading(AGENTS):take(body) }
      )
    end
    local phones = source "convai_phone_numbers"
    assert.are.same({ nil, "its answer is no array" }, { pages.reading(phones):take { a = 1 } })
    assert.are.same({ {}, false }, { pages.reading(phones):take {} })
  end)

  it("are asked for again at half the size if one is too large", function()
    local reading = pages.reading(AGENTS)
    reading:take(agents(1, 1, { next_cursor = "c" }))
    assert.is_true(reading:halve())
    assert.are.equal("page_size 50 cursor c", table.concat(reading:parameters(), " "))
    for _ = 1, 5 do
      assert.is_true(reading:halve())
    end
    assert.is_false(reading:halve())
    assert.is_false(pages.reading(source "voice_collection"):halve())
  end)

  it("of a list without pages may be cut if they are full", function()
    for count, may_be_cut in pairs { [99] = false, [100] = true } do
      local reading, body = pages.reading(source "convai_agent_branches"), { results = {} }
      for i = 1, count do
        body.results[i] = { id = "b" .. i }
      end
      reading:take(body)
      assert.are.equal(may_be_cut, reading:may_be_cut())
    end
  end)
end)
