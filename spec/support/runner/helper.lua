-- Runs before the specs: certificates go when they end.
local busted = require "busted"

-- busted loads modules anew for each file, but for those that were there before: luv
-- for 5.1 does not survive that, and the folder of certificates is to be one.
local uv = require "luv"
require "spec.support.servers.tls"

-- SPEC_IO=thread: every client has a thread but those that ask for none, so that whatever
-- holds inline is seen to hold there too.
if os.getenv "SPEC_IO" == "thread" then
  local core = require "elevenlabs.workspace.core"
  local new = core.new
  function core.new(options)
    if options.threaded == nil then
      options.threaded = true
    end
    return new(options)
  end
  for _, name in ipairs { "blocking", "manual" } do
    require("elevenlabs.workspace.driver." .. name).io = "thread"
  end
end

busted.subscribe({ "exit" }, function()
  uv.run "nowait" -- what was closed last is freed by a turn of the loop
  require("spec.support.servers.tls").remove()
  return nil, true
end)
