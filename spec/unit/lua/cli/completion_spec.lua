local process = require "spec.support.process"

describe("cli.completion", function()
  for _, shell in ipairs { "bash", "zsh", "fish" } do
    it("prints a script for " .. shell .. " that names commands and options", function()
      local code, out, err = process.run { "elevenlabs-workspace", "completion", shell }
      assert.are.same({ 0, "" }, { code, err })
      for _, word in ipairs { "unshare", "sandbox", "max-concurrency", "convai_agents", "offboard",
        "undo", "replace-by" } do
        assert.matches(word, out, 1, true)
      end
    end)
  end
end)
