--- How long `require` takes in a new interpreter, in milliseconds, where lua-cjson and libcurl
--- are loaded already.

local uv = require "luv"
require "cjson"
assert(package.loadlib("libcurl.so.4", "curl_version")) -- 5.1 knows no "*"

local started = uv.hrtime()
require "elevenlabs.workspace"
print(("%.4f"):format((uv.hrtime() - started) / 1e6))
