local items = require "elevenlabs.workspace.items"

describe("items", function()
  it("raises if a file is given no path or no table", function()
    for _, name in ipairs { "from_csv", "from_jsonl" } do
      local _, message = pcall(function()
        items[name](nil)
      end)
      assert.matches("^spec/unit/lua/items_spec.lua:%d+: " .. name .. " takes a path", message)
      assert.has_error(function()
        items[name]("x", "voice")
      end)
    end
  end)

  it("raises if a product is given no table", function()
    local _, message = pcall(function()
      items.product "a"
    end)
    assert.matches("^spec/unit/lua/items_spec.lua:%d+: items.product takes a table", message)
  end)
end)
