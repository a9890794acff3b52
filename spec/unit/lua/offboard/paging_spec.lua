local cjson = require "cjson"
local paging = require "elevenlabs.workspace.offboard.paging"
local sources = require "elevenlabs.workspace.offboard.sources"

describe("offboard paging", function()
  it("is what an answer says about the rest of its list", function()
    assert.are.same({ has_more = false }, paging.read({}, "next_cursor"))
    assert.are.same(
      { has_more = true, cursor = "c", total = 7 },
      paging.read({ has_more = true, next_cursor = "c", total_count = 7 }, "next_cursor")
    )
    assert.are.same({ has_more = false, total = 0 }, paging.read { meta = { total = 0, page = 1 } })
    assert.are.same(
      { has_more = false, total = 5 },
      paging.read { meta = { total = 5 }, total_count = 4 }
    )
  end)

  it("may be null, and a cursor may be empty", function()
    local null = cjson.null
    assert.are.same({ has_more = false }, paging.read({
      has_more = null,
      next_cursor = "",
      next_page_token = "",
      next_doc = null,
      total_count = null,
      meta = { total = null },
    }, "next_cursor"))
    assert.are.same({ has_more = false }, paging.read { meta = null })
  end)

  it("cannot be followed if a field has another type", function()
    for why, bodies in pairs {
      ["its has_more is neither true nor false"] = {
        { has_more = "true" }, { has_more = 1 }, { has_more = {} },
      },
      ["its next_cursor is no text"] = {
        { next_cursor = 7 }, { next_cursor = {} }, { next_cursor = false },
      },
      ["its next_doc is no text"] = { { next_doc = 7 } },
      ["its total_count is no count"] = {
        { total_count = -1 }, { total_count = 1.5 }, { total_count = "7" }, { total_count = 1e300 },
        { total_count = false },
      },
      ["its meta.total is no count"] = { { total_count = 1, meta = { total = -1 } } },
      ["its meta is no object"] = { { meta = "x" }, { meta = false } },
    } do
      for _, body in ipairs(bodies) do
        assert.are.same({ nil, why }, { paging.read(body, "next_cursor") })
      end
    end
  end)

  it("cannot be followed at another list's cursor", function()
    for _, source in ipairs(sources) do
      local own = source.paging and source.paging.receive
      for _, field in ipairs { "next_cursor", "next_page_token", "next_doc" } do
        local said, why = paging.read({ [field] = "c" }, own)
        if field == own then
          assert.are.equal("c", said.cursor)
        else
          local form = "it goes on at a %s, which its pages do not take"
          assert.are.equal(form:format(field), why)
        end
      end
    end
  end)

  it("knows the cursor of every list", function()
    for _, source in ipairs(sources) do
      local own = source.paging and source.paging.receive
      assert.is_true(own == nil or paging.read({ [own] = "c" }, own).cursor == "c", source.name)
    end
  end)

  it("doubts a list that ends before it said", function()
    assert.is_nil(paging.doubt({ has_more = false }, 0))
    assert.is_nil(paging.doubt({ has_more = false, total = 3 }, 3))
    assert.is_nil(paging.doubt({ has_more = false, total = 0 }, 3)) -- a total is of its moment
    assert.are.equal(
      "it says 4 rows and named 3",
      paging.doubt({ has_more = false, total = 4 }, 3)
    )
    assert.are.equal(
      "it says that there is more, and not where",
      paging.doubt({ has_more = true }, 3)
    )
  end)
end)
