local support = require "spec.support.command"

local LEAVER = support.LEAVER
local path_of, read_file, resources, write =
  support.path_of, support.read_file, support.resources, support.write
local on_terminal = support.on_terminal

describe("cli.bulk.question", function()
  before_each(support.begin)
  after_each(support.finish)

  describe("on a terminal", function()
    it("asks before it begins, and draws a bar", function()
      local from = write("all.csv", resources())
      local code, shown = on_terminal("[y/N]", "y", { "--from", from }, LEAVER)
      assert.are.equal(1, code)
      local question = "Remove the role of mia@example.com from 100 resources of " .. from
      assert.matches(question .. ", at the sandbox https://127.0.0.1:", shown, 1, true)
      assert.matches("\r[########################] 100/100 100%", shown, 1, true)
      assert.matches("retries %d+", shown)
      assert.matches("total 100 confirmed 96 refused 4 ", shown)
    end)

    it("says first that the roles of the rows mean nothing, and no second time", function()
      local text = resources(1):gsub("_type\n", "_type,role\n"):gsub("\n$", ",admin\n")
      local from = write("roles.csv", text)
      local code, shown = on_terminal("[y/N]", "y", { "--from", from }, LEAVER)
      assert.are.equal(0, code, shown)
      assert.matches("the role of the rows is ignored: an unshare removes any role.*%[y/N%]", shown)
      assert.is_nil(shown:find("%[y/N%].*ignored"))
    end)

    it("asks for a part", function()
      local from = write("all.csv", resources())
      local code, shown = on_terminal("[y/N]", "n", { "--from", from, "--part", "0/1" }, LEAVER)
      assert.are.equal(3, code)
      assert.matches("from 100 resources of part 0/1 of 100 in " .. from, shown, 1, true)
    end)

    it("sends nothing if the answer is no, and the journal says so", function()
      local from, journal = write("all.csv", resources()), path_of "mia.journal"
      local options = { "--from", from, "--journal", journal }
      for _, answer in ipairs { "", "n", "no", "yum install", "Yy" } do -- cases 5 and 23
        local code, shown = on_terminal("[y/N]", answer, options, LEAVER)
        assert.are.equal(3, code, answer)
        assert.matches("\nelevenlabs%-workspace: nothing was sent\r?\n$", shown)
        assert.is_nil(read_file(journal))
      end
      local roles = support.sandbox:roles("voice_collection_0002", "voice_collection")
      assert.are.equal("commenter", roles.user_mia)
      local code, shown = on_terminal("[y/N]", "y", options, LEAVER)
      assert.are.equal(1, code, shown)
      assert.is_nil(read_file(journal):find "ambiguous")
    end)

    it("case 24: has no escapes on a dumb terminal", function()
      local from = write("all.csv", resources())
      local dumb = { prompt = "none", TERM = "dumb" }
      local code, shown = on_terminal(dumb, "", { "--from", from, "--yes" }, LEAVER)
      assert.are.equal(1, code)
      assert.is_nil(shown:find "\27")
    end)
  end)
end)
