local core = require "elevenlabs.workspace.core"

describe("nearest", function()
  local readings = {
    { "voise", "voice" },
    { "VOICE", "voice" },
    { "agents", "convai_agents" },
    { "convai_agent", "convai_agents" },
    { "pronunciation_dictionaries", "pronunciation_dictionary" },
    { "whatsapp", "convai_whatsapp_accounts" },
    { "studio_project", "studio_projects" },
  }
  for _, reading in ipairs(readings) do
    it(("reads %s as %s"):format(reading[1], reading[2]), function()
      assert.are.equal(reading[2], core.nearest(reading[1], core.RESOURCE_TYPES))
    end)
  end

  it("looks at 64 names and no more", function()
    local names = {}
    for n = 1, 65 do
      names[n] = ("nothing like it %d"):format(n)
    end
    names[64] = "voice"
    assert.are.equal("voice", core.nearest("voise", names))
    names[64], names[65] = names[65], names[64]
    assert.is_nil(core.nearest("voise", names))
  end)

  it("guesses nothing where nothing is near", function()
    assert.is_nil(core.nearest("zzzzzzzzzz", core.RESOURCE_TYPES))
    assert.is_nil(core.nearest("", core.RESOURCE_TYPES))
    assert.is_nil(core.nearest(("voice"):rep(1000), core.RESOURCE_TYPES))
  end)
end)
