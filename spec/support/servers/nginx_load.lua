--- PORT TARGET COUNT: so many requests at once. Prints how often there was which answer.

local cjson = require "cjson"
local hosts = require "spec.support.servers.nginx_host"
local uv = require "luv"

local port, target, count = ...
local requests = {}
for i = 1, tonumber(count) do
  requests[i] = hosts.request(tonumber(port), target)
end
uv.run()
local answers = {}
for _, request in ipairs(requests) do
  local answer = request.status and request.body or "cut"
  answers[answer] = (answers[answer] or 0) + 1
end
print(cjson.encode(answers))
