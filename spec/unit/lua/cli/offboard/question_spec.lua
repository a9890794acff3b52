local question = require "elevenlabs.workspace.cli.offboard.question"
local terminal = require "elevenlabs.workspace.cli.terminal"

describe("cli.offboard.question", function()
  local ask, asked
  local answer

  before_each(function()
    ask, asked = terminal.ask, nil
    terminal.ask = function(text)
      asked = text
      return answer
    end
  end)

  after_each(function()
    terminal.ask = ask
  end)

  local MIA = { label = "mia@example.com" }

  --- May a command begin, if this is typed?
  local function may(typed, fields)
    answer = typed
    fields = fields or {}
    local job = {
      driver = {
        is_interrupted = function()
          return fields.interrupted or false
        end,
      },
      values = { yes = fields.yes },
      client = { base_url = fields.base_url or "https://api.elevenlabs.io" },
    }
    return question.may_begin(
      fields.command or "apply",
      job,
      fields.subject or MIA,
      fields.count or 12
    )
  end

  it("names the person, the number of resources and the server", function()
    may ""
    assert.are.equal(
      "Remove the roles of mia@example.com on 12 resources, at the real service"
        .. " https://api.elevenlabs.io.\nType mia@example.com to agree: ",
      asked
    )
    may("", { count = 1, base_url = "https://127.0.0.1:8443", command = "undo" })
    assert.are.equal(
      "Give mia@example.com back roles on 1 resource, at the sandbox"
        .. " https://127.0.0.1:8443.\nType mia@example.com to agree: ",
      asked
    )
  end)

  it("is agreed to by the address, in any case, with spaces around", function()
    for _, typed in ipairs { "mia@example.com\n", "MIA@Example.COM\r\n", "  mia@example.com \n" } do
      assert.is_true(may(typed), typed)
    end
    local studio = { subject = { label = "Studio", id = "group_studio" } }
    for _, typed in ipairs { "studio\n", "group_studio\n" } do
      assert.is_true(may(typed, studio), typed)
    end
    assert.is_false(may("GROUP_STUDIO\n", studio))
  end)

  it("is not agreed to by anything else", function()
    for _, typed in ipairs {
      "",
      "\n",
      "y\n",
      "yes\n",
      "mia\n",
      "mia@example.com.evil\n",
      "mia@example.com tom@example.com\n",
      "tom@example.com\n",
    } do
      assert.is_false(may(typed), typed)
    end
  end)

  it("is not asked with --yes, and not if there is nothing to do", function()
    assert.is_true(may("", { yes = true }))
    assert.is_true(may("", { count = 0 }))
    assert.is_nil(asked)
  end)

  it("is not asked after a signal, and nothing begins, with --yes too", function()
    assert.is_false(may("mia@example.com", { interrupted = true }))
    assert.is_false(may("", { interrupted = true, yes = true }))
    assert.is_nil(asked)
  end)
end)
