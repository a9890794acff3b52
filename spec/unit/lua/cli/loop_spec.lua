local loops = require "elevenlabs.workspace.cli.loop"
local uv = require "luv"

describe("cli.loop", function()
  for signal, status in pairs { sigint = 130, sigterm = 143, sighup = 129 } do
    it("hears " .. signal .. ", and keeps the exit status of it", function()
      local driver, heard = loops.new(), 0
      assert.is_false(driver.is_interrupted())
      function driver.on_signal()
        heard = heard + 1
      end
      uv.kill(uv.os_getpid(), signal)
      repeat
        uv.run "once"
      until heard > 0
      assert.is_true(driver.is_interrupted())
      assert.are.equal(status, driver.status)
      driver.close()
    end)
  end
end)
