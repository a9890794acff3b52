--- A real client as a script: its parts and Redis's socket come as JSON, and its counts go out as JSON.

local cjson = require "cjson"
local limits = require "elevenlabs.workspace.limits"
local real_client = require "spec.proof.limits.real_client"

require("spec.support.servers.redis").library()

local parts = cjson.decode(arg[1])
local limit =
  limits.redis { connect = limits.redis_lua { path = parts.redis }, name = "real" }
print(cjson.encode(real_client.run(limit, parts)))
