local json_line = require "elevenlabs.workspace.items.json_line"

describe("a line of JSON lines", function()
  it("gives the fields of its object, without notes and null", function()
    local line = '{"resource_id":"a","_note":[1],"role":null,"allow_unknown_resource_type":false}'
    local expected = { resource_id = "a", allow_unknown_resource_type = false }
    assert.are.same(expected, (json_line.read(line, {})))
  end)

  it("leaves ignored fields out, and says which of them had a value", function()
    local ignored = { role = false, group_id = false }
    local line = '{"resource_id":"a","role":7,"group_id":null}'
    assert.are.same({ resource_id = "a" }, (json_line.read(line, ignored)))
    assert.are.same({ role = true, group_id = false }, ignored)
  end)

  it("case 9: has a name that it gives twice named, however it is written", function()
    for line, name in pairs {
      ['{"role":"a","role":"a"}'] = "role",
      ['{"x":1,"role":"a","\\u0072ole":null}'] = "role",
      [ [[{"_\\":":","_\"":{},"_\\":"\\"}]] ] = "_\\",
    } do
      assert.are.same(
        { n = 3, nil, ('the name "%s" is given twice'):format(name), name },
        { n = 3, json_line.read(line, {}) }
      )
    end
  end)

  it("case 15: may have the same name in several objects, and names that look alike", function()
    for line, id in pairs {
      ['{"resource_id":"a:b","_note":{"a":1,"b":{"a":2}},"_list":[{"a":1},{"a":":"}]}'] = "a:b",
      [ [[{"resource_id":"a\"","_x":"\\","_\":":"{\"_x\":1","_y":null}]] ] = 'a"',
      ['{"resource_id":"a","_x":"resource_id","_y":"resource_id"}'] = "a",
    } do
      assert.are.same({ resource_id = id }, (json_line.read(line, {})))
    end
  end)
end)
