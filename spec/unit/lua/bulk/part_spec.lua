local core = require "elevenlabs.workspace.core"
local parts = require "elevenlabs.workspace.bulk.part"

local NARRATOR = { resource_type = "voice", resource_id = "21m00Tcm4TlvDq8ikWAM" }

local function narrator(changes)
  local item = {}
  for name, value in pairs(NARRATOR) do
    item[name] = value
  end
  for name, value in pairs(changes) do
    item[name] = value
  end
  return item
end

--- The parts of so many that have the item.
local function parts_of(item, count, has_target)
  local found = {}
  for number = 0, count - 1 do
    local part = assert(parts.read(("%d/%d"):format(number, count), has_target))
    found[#found + 1] = part:has(item) and number or nil
  end
  return found
end

describe("a part", function()
  describe("has a name", function()
    it("that keeps its numbers", function()
      for name, wanted in pairs {
        ["0/1"] = { 0, 1, "0/1" },
        ["3/16"] = { 3, 16, "3/16" },
        ["03/016"] = { 3, 16, "3/16" },
        ["99999/100000"] = { 99999, 100000, "99999/100000" },
      } do
        local part = assert(parts.read(name, true))
        assert.are.same(wanted, { part.number, part.count, part.name })
      end
    end)

    for name, wanted in pairs {
      [""] = "K/N, such as 3/16",
      ["3"] = "K/N, such as 3/16",
      ["3/"] = "K/N, such as 3/16",
      ["/16"] = "K/N, such as 3/16",
      ["3 of 16"] = "K/N, such as 3/16",
      ["-1/16"] = "K/N, such as 3/16",
      ["1.5/16"] = "K/N, such as 3/16",
      ["3/16 "] = "K/N, such as 3/16",
      ["0x1/16"] = "K/N, such as 3/16",
      ["0/0"] = "with 1 to 100000 parts",
      ["0/100001"] = "with 1 to 100000 parts",
      ["16/16"] = "one of 0/16 to 15/16: parts are counted from 0",
      ["1/1"] = "one of 0/1 to 0/1: parts are counted from 0",
    } do
      it(("that is not %q"):format(name), function()
        local part, why = parts.read(name, true)
        assert.is_nil(part)
        assert.matches(wanted, why, 1, true)
      end)
    end
  end)

  -- Computed by another program, bit by bit. A part must be the same on every machine and in every
  -- version.
  for text, row in pairs {
    ["voice\n21m00Tcm4TlvDq8ikWAM\nuser_email\nleaver@example.com"] = {
      narrator { user_email = "leaver@example.com", role = "viewer" },
      303846836,
    },
    ["voice\n21m00Tcm4TlvDq8ikWAM\ngroup_id\ndefault"] = {
      narrator { group_id = "default" },
      3110958958,
    },
    ["convai_agents\nagent_1\nworkspace_api_key_id\nkey_ü"] = {
      { resource_type = "convai_agents", resource_id = "agent_1", workspace_api_key_id = "key_ü" },
      2028969915,
    },
    ["voice\n21m00Tcm4TlvDq8ikWAM"] = {
      narrator { user_email = "leaver@example.com" },
      248179437,
      is_read = true,
    },
  } do
    it(("is found by the CRC-32C of %q"):format(text), function()
      local item, sum = row[1], row[2]
      assert.are.equal(sum, core.crc32c(text))
      for _, count in ipairs { 1, 2, 7, 16 } do
        assert.are.same({ sum % count }, parts_of(item, count, not row.is_read))
      end
    end)
  end

  it("has the two roles of one target, and does not see what is no argument", function()
    local viewer = narrator { user_email = "a@example.com", role = "viewer" }
    local admin = narrator {
      user_email = "a@example.com",
      role = "admin",
      allow_unknown_resource_type = true,
    }
    assert.are.same(parts_of(viewer, 100, true), parts_of(admin, 100, true))
  end)

  it("0 has what cannot be hashed", function()
    for _, item in ipairs {
      {},
      narrator {},
      narrator { user_email = 7 },
      { resource_type = "voice", user_email = "a@example.com" },
      { resource_id = {}, resource_type = "voice", user_email = "a@example.com" },
    } do
      assert.are.same({ 0 }, parts_of(item, 3, true))
    end
    assert.are.same({ 0 }, parts_of(nil, 3, true))
  end)

  it("has about as many items as any other", function()
    for _, form in ipairs { "id%d", "%06d", "%x", "voice-%05d-a" } do
      for _, count in ipairs { 2, 3, 7, 16, 64 } do
        local counts, total = {}, 0
        for i = 1, 6400 do
          local key = ("voice\n%s\nuser_email\na@example.com"):format(form:format(i))
          local part = core.crc32c(key) % count
          counts[part], total = (counts[part] or 0) + 1, total + 1
        end
        for part = 0, count - 1 do
          assert.is_true(math.abs(counts[part] * count / total - 1) < 0.4, form)
        end
      end
    end
  end)
end)
