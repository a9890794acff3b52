local cjson = require "cjson"
local words = require "elevenlabs.workspace.cli.journal.words"

--- A tally with these journals, and with changes.
local function tally_of(journals, changes)
  local tally = {
    operation = "unshare",
    base_url = "https://server.example",
    doubles = 0,
    total = 0,
    confirmed = 0,
    refused = 0,
    unconfirmed = 0,
    not_sent = 0,
    journals = {},
    parts = function()
      return {}, {}
    end,
    is_complete = function()
      return false
    end,
  }
  for i, fields in ipairs(journals) do
    local entry = { path = i .. ".journal", state = "ended", invalid = 0, total = 2, confirmed = 2 }
    for name, value in pairs(fields) do
      entry[name] = value
    end
    tally.journals[i] = entry
  end
  for name, value in pairs(changes or {}) do
    tally[name] = value
  end
  return tally
end

local function text_of(...)
  return words.text(tally_of(...))
end

describe("cli.journal.words", function()
  it("has a line for each journal, which says why its run has more to do", function()
    local text = text_of {
      { part = "0/4", total = 6249, confirmed = 6249 },
      { part = "1/4", confirmed = 0 },
      { part = "2/4", state = "killed" },
      { part = "3/4", state = "running", confirmed = 1 },
      { state = "stopped", invalid = 3 },
    }
    assert.matches([[
Items of unshare at https://server.example:
     6249  1.journal, part 0/4
        2  2.journal, part 1/4: 2 not confirmed
        2  3.journal, part 2/4: its run was cut short, and may have sent items without a record]]
      .. [[: run it again
        2  4.journal, part 3/4: 1 not confirmed; a run is at work on it
        2  5.journal: its run ended before its list did: run it again; its run found 3 invalid]]
      .. [[ items, which have no record
]], text, 1, true)
  end)

  it("does not say of a share that it was sent without a record", function()
    local text = text_of({ { state = "killed" } }, { operation = "share" })
    assert.matches("1.journal: its run was cut short: run it again\n", text, 1, true)
  end)

  it("counts doubles, and names some of the parts", function()
    local missing = {}
    for number = 1, 23 do
      missing[number] = number
    end
    local text = text_of({}, {
      part_count = 30,
      doubles = 7,
      parts = function()
        return missing, { 0, 29 }
      end,
    })
    assert.matches("no journal for part 1/30, 2/30, .*, 20/30 and 3 more\n", text)
    assert.matches("several journals for part 0/30, 29/30\n", text, 1, true)
    assert.matches("\n7 items ended in another journal too, and are counted in each\n", text)
  end)

  it("compares with the list", function()
    local tally = tally_of({}, { list = { total = 100, missing = 8, unlisted = 2 } })
    local text = words.text(tally, "li\nst.csv")
    assert.matches("\n8 of the 100 items of li st.csv are in no journal\n", text, 1, true)
    assert.matches("\n2 items of the journals are not in li st.csv\n", text, 1, true)
  end)

  it("says no more than was seen", function()
    local function complete()
      return true
    end
    assert.matches("\nNot all is confirmed, or not all is known: see above.\n", text_of {})
    local tally = tally_of({}, { is_complete = complete })
    assert.is_nil(words.text(tally):find("Nothing is left", 1, true))
    tally.list = { total = 3, missing = 0, unlisted = 0 }
    assert.matches("\nNothing is left: all 3 items of x are confirmed.\n", words.text(tally, "x"))
  end)

  it("prints JSON with lists that stay lists", function()
    local tally = tally_of({ { part = "0/1", runs = 3 } }, { part_count = 1 })
    local text = words.json(tally)
    assert.matches('"missing":[],"twice":[]', text, 1, true)
    local entry = cjson.decode(text).journals[1]
    assert.are.same({ path = "1.journal", part = "0/1", state = "ended", invalid = 0, total = 2,
      confirmed = 2 }, entry)
    assert.matches('"journals":[]', words.json(tally_of {}), 1, true)
  end)
end)
