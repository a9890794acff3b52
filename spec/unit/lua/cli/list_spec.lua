local list = require "elevenlabs.workspace.cli.list"

describe("cli.list", function()
  local path

  before_each(function()
    path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write '{"resource_id":"x"}\n'
    file:close()
  end)

  after_each(function()
    os.remove(path)
  end)

  it("gives each row the fields that are options", function()
    local values = { from = path, resource_type = "voice", group_id = "g", yes = true }
    assert.are.same({ resource_type = "voice", group_id = "g" }, list.fields(values))
    assert.are.same(
      { resource_id = "x", resource_type = "voice", group_id = "g" },
      assert(list.open(values)):next()
    )
  end)

  it("takes a file for JSON lines if that is asked for", function()
    local file = assert(io.open(path, "w"))
    file:write "resource_id,resource_type\nx,voice\n"
    file:close()
    assert.are.equal("x", assert(list.open { from = path }):next().resource_id)
    local source, err = list.open { from = path, jsonl = true }
    local item, problem
    if source then
      item, problem = source:next()
    end
    assert.is_nil(item)
    assert.matches("JSON", (err or problem).message)
  end)

  it("reads another input in place of the file", function()
    local input = assert(io.open(path))
    assert.are.equal("x", assert(list.open({ from = "-" }, input)):next().resource_id)
  end)
end)
