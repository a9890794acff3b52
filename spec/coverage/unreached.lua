--- Lines of csrc/ that no spec can run: the function that each stands in and how it begins,
--- and why.

local TWO_WAYS = "no status is known that libcurl reads otherwise"

return {
  ["csrc/transport.c"] = {
    ["finish: curl_code = CURLE_WEIRD_SERVER_REPLY;"] = TWO_WAYS,
    ["finish: x->reason = "] = TWO_WAYS,
    ["restart: finish("] = "memory that ends right after a stray answer",
  },
}
