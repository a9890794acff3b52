--- Lines of csrc/ that no spec can run: the function that each stands in and how it begins,
--- and why.

local OTHER_LIBCURL = "a spec cannot bring another libcurl"
local OTHER_TLS = "the libcurl that is tested with has OpenSSL"
local BAD_DISK = "needs a disk whose reads or cuts fail"
local TWO_WAYS = "no status is known that libcurl reads otherwise"

return {
  ["csrc/journal.c"] = {
    ["look_ahead: refuse_system("] = BAD_DISK,
    ["look_ahead: return spoil("] = BAD_DISK,
    ["check_writable: return spoil_writing("] = BAD_DISK,
    ["prepare: return refuse_system("] = "root may open any folder",
  },
  ["csrc/poller.c"] = {
    ["apply: watch(poller, EPOLL_CTL_MOD,"] = "the kernel has what this process has forgotten",
  },
  ["csrc/resume_set.c"] = {
    ["ew_resume_set_init: return ew_fail("] = "a kernel that has no random numbers",
  },
  ["csrc/sockets.c"] = {
    ["ew_sockets_by_ends: return NULL;"] = "libcurl names ends that no socket of ours has",
  },
  ["csrc/transport.c"] = {
    ["tls_of: return NULL;"] = OTHER_TLS,
    ["learn_protocol: t->multiplexed = "] = OTHER_TLS,
    ["learn_protocol: if (s) "] = OTHER_TLS,
    ["set_fixed_options: return false;"] = OTHER_LIBCURL,
    ['ew_transport_start: return ew_fail(error, EW_ESYSTEM,'] = "a child without descriptors",
    ["finish: curl_code = CURLE_WEIRD_SERVER_REPLY;"] = TWO_WAYS,
    ["finish: x->reason = "] = TWO_WAYS,
    ["restart: finish("] = "memory that ends right after a stray answer",
    ["collect: continue;"] = "libcurl has no messages but that it is done",
    ['ew_transport_unusable: return "'] = OTHER_LIBCURL,
  },
}
