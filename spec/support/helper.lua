-- Runs before the specs: certificates go when they end.
local busted = require "busted"

-- busted loads modules anew for each file, but for those that were there before: luv
-- for 5.1 does not survive that, and the folder of certificates is to be one.
require "luv"
require "spec.support.tls"

busted.subscribe({ "exit" }, function()
  require("spec.support.tls").remove()
  return nil, true
end)
