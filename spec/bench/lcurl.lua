--- Lua-cURL, for comparison: a tight multi loop, as its users write it. Arguments as plain.c's.

local bench = require "spec.bench.child"

local args = bench.arguments { ... }

local ok, curl = pcall(require, "lcurl")
if not ok then
  bench.skip "Lua-cURL is not installed"
end

local BODY = '{"resource_type":"voice","user_email":"leaver@example.com"}'

local answers = {} -- bodies by handle

local function new_handle()
  local handle = curl.easy {
    cainfo = args.ca_file,
    proxy = "",
    http_version = curl.HTTP_VERSION_2TLS,
    pipewait = true,
    httpheader = {
      "accept: application/json",
      "content-type: application/json",
      "expect:",
      "xi-api-key: sk_bench",
    },
    postfields = BODY,
  }
  handle:setopt_writefunction(function(bytes)
    answers[handle] = answers[handle] .. bytes
    return true
  end)
  return handle
end

local multi = curl.multi()
multi:setopt_pipelining(2) -- CURLPIPE_MULTIPLEX, which it does not name
multi:setopt_maxconnects(args.in_flight)

local handles = {}
for i = 1, args.in_flight do
  handles[i] = new_handle()
end

local function run(prefix, count)
  local begun, done = 0, 0
  local function begin(handle)
    begun = begun + 1
    answers[handle] = ""
    local path = "/v1/workspace/resources/%s_%07d/unshare"
    handle:setopt_url(args.base_url .. path:format(prefix, begun))
    multi:add_handle(handle)
  end
  for i = 1, math.min(args.in_flight, count) do
    begin(handles[i])
  end
  while done < count do
    multi:perform()
    local handle, fine, err = multi:info_read(true)
    while handle and handle ~= 0 do
      assert(fine, tostring(err))
      assert(handle:getinfo_response_code() == 200)
      done = done + 1
      if begun < count then
        begin(handle)
      end
      handle, fine, err = multi:info_read(true)
    end
    if done < count then
      multi:wait(1000)
    end
  end
end

run("voice", args.warm_up)
bench.measure(args, function()
  run(args.prefix, args.requests)
end)
