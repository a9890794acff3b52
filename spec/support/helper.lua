-- Runs before the specs: certificates go when they end.
local busted = require "busted"

busted.subscribe({ "exit" }, function()
  require("spec.support.tls").remove()
  return nil, true
end)
