-- Runs before the specs: certificates go when they end.
local busted = require "busted"

-- busted loads modules anew for each file; luv for 5.1 does not survive that.
require "luv"

busted.subscribe({ "exit" }, function()
  require("spec.support.tls").remove()
  return nil, true
end)
