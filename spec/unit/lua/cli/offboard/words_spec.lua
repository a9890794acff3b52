local output = require "elevenlabs.workspace.cli.output"
local support = require "spec.support.offboard"
local words = require "elevenlabs.workspace.cli.offboard.words"

describe("cli.offboard.words", function()
  local write, printed

  before_each(function()
    support.begin()
    write, printed = output.write, ""
    output.write = function(text)
      printed = printed .. text
    end
  end)

  after_each(function()
    output.write = write
    support.finish()
  end)

  local function has(text)
    assert.is_truthy(printed:find(text, 1, true), text .. " is not in:\n" .. printed)
  end

  it("tell of a plan: what, who, where, and each row", function()
    local world = support.world(function(state)
      state.resources[2].roles.user_mia = "role_night_shift"
      state.resources[1].roles.user_zoe = "viewer"
    end)
    local case = world:plan {
      replace_by = "tom@example.com",
      note = "Ticket",
      protect = { { resource_id = "doc_faq", resource_type = "convai_knowledge_base_documents" } },
    }
    words.say_plan(case)
    has(case:summary().headline .. "\n")
    has "\n  - group Studio (1 resource). To do: remove the member from the group Studio"
    has "\n  - their own API keys cannot be listed. To do: "
    has "\n  the id user_zoe has roles on 1 resource, and no list says whose id it is\n"
    has "with an API key of user_ada, for https://sandbox.invalid. Note: Ticket\n"
    has "\ntom@example.com gets each role first, if they have none or a lower one\n"
    has '\n  voice voice_narrator "Narrator": editor, the successor gets editor\n'
    has "role_night_shift (waits: the API cannot grant the custom role role_night_shift)\n"
    has "\n  dubbing dub_teaser \"Teaser\": admin (stays: a creator's role)\n"
    has '"FAQ": editor (stays: protected)\n'
    has "\nThe plan has 8 removals, and 2 resources stay as they are:\n"
    has "kinds have no list, and only --ids adds such resources: avatar_video_generations, "
  end)

  it("tell of so many rows, and how many more there are", function()
    words.say_plan(support.world():plan(), 3)
    has "\n  ... and 7 more: `offboard show` prints all\n"
    assert.are.equal(3, select(2, printed:gsub("\n  [%w_]+ [%w_]+ \"", "")))
  end)

  it("tell what could not be read", function()
    local world = support.world(nil, { forbid_list = { "voice", "groups" } })
    world:refuse "/resources/doc_faq"
    words.say_plan(world:plan())
    has "\n  groups could not be read: The API key"
    has "\n  voice: 0 read, The API key"
    has "\n  convai_knowledge_base_documents: 0 read, 1 forbidden\n"
  end)

  it("hold no character that steers a terminal", function()
    local world = support.world(function(state)
      state.resources[1].name = "evil\27[2J\nname\226\128\174"
    end)
    words.say_plan(world:plan())
    assert.is_nil(printed:find("\27", 1, true))
    assert.is_nil(printed:find("\226\128\174", 1, true))
    has '"evil [2J name'
  end)

  it("tell what became of it: what is left, what failed, and the totals last", function()
    local world = support.world()
    local case = world:plan()
    world:refuse "/voice_narrator/unshare"
    local summary = assert(case:apply(world.client))
    words.say_summary(case, summary)
    has(summary.headline .. "\n")
    has '"Draft": viewer (the role is still there; refused: You need admin access'
    has '\n  voice voice_narrator "Narrator": refused: refused by the spec\n' -- and gone
    has("\nReport: " .. case:path "report.html" .. "\ntotal 9 confirmed 7 refused 2 ")
    assert.matches("not_sent 0\n$", printed)
  end)

  it("tell what undo did not give back", function()
    local world = support.world()
    local case = world:plan()
    assert(case:apply(world.client))
    world:resource("voice_narrator").roles.user_mia = "viewer"
    words.say_summary(case, assert(case:undo(world.client)))
    has '"Narrator": not given back: the subject has a role again: viewer\n'
  end)

  describe("give the exit status", function()
    --- The status of a summary that is as it should be, but for these fields.
    local function status(fields, is_strict)
      local summary = {
        totals = { refused = 0, unconfirmed = 0 },
        withheld = 0,
        given_back = 0,
        left = {},
        residuals = {},
        is_done = true,
        unreadable = 0,
      }
      for name, value in pairs(fields) do
        summary[name] = value
      end
      local case = {
        plan = { reading = { without_list = fields.without_list and { "avatars" } or {} } },
        ledger = {
          reading = {
            by = fields.by or "verify",
            planned_only = fields.planned_only,
            is_complete = fields.is_complete ~= false,
          },
        },
      }
      return words.status(case, summary, is_strict)
    end

    it("0 if all is as it should be, and a residual changes nothing", function()
      assert.are.equal(0, status {})
      assert.are.equal(0, status { residuals = { { is_access = true } }, without_list = true })
      assert.are.equal(0, status { is_done = false, by = "plan" })
    end)

    it("1 if a removal was refused, unconfirmed or withheld", function()
      assert.are.equal(1, status { totals = { refused = 1, unconfirmed = 0 } })
      assert.are.equal(1, status { totals = { refused = 0, unconfirmed = 1 }, is_done = false })
      assert.are.equal(1, status { withheld = 1 })
    end)

    it("4 if a role is left, or not all could be read", function()
      assert.are.equal(4, status { is_done = false })
      assert.are.equal(4, status { is_complete = false, is_done = false, by = "plan" })
      assert.are.equal(4, status { unreadable = 1, is_done = false, by = "plan" })
      assert.are.equal(0, status { is_done = false, planned_only = true })
      assert.are.equal(4, status { is_done = false, planned_only = true, left = { {} } })
      assert.are.equal(4, status { is_done = false, planned_only = true, given_back = 1 })
    end)

    it("4 with --strict, if access remains or kinds have no list", function()
      assert.are.equal(0, status({ residuals = { { is_access = false } } }, true))
      assert.are.equal(4, status({ residuals = { { is_access = true } } }, true))
      assert.are.equal(4, status({ without_list = true }, true))
    end)
  end)
end)
