--- Lines of csrc/ that no spec can run: the function that each stands in and how it begins,
--- and why.

local OTHER_LIBCURL = "a spec cannot bring another libcurl"
local OTHER_TLS = "the libcurl that is tested with has OpenSSL"
local TWO_WAYS = "no status is known that libcurl reads otherwise"

return {
  ["csrc/transport.c"] = {
    ["learn_protocol: curl_easy_getinfo("] = OTHER_TLS,
    ["learn_protocol: t->multiplexed = "] = OTHER_TLS,
    ["learn_protocol: s = "] = OTHER_TLS,
    ["learn_protocol: if (s) "] = OTHER_TLS,
    ['ew_transport_start: return ew_fail(error, EW_ESYSTEM,'] = "a child without descriptors",
    ["finish: curl_code = CURLE_WEIRD_SERVER_REPLY;"] = TWO_WAYS,
    ["finish: x->reason = "] = TWO_WAYS,
    ["restart: finish("] = "memory that ends right after a stray answer",
    ['ew_transport_unusable: return "'] = OTHER_LIBCURL,
  },
}
