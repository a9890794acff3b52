--- Bugs that are put into the protocol on purpose. The simulation must find each.

---@type spec.Patch[]
local plants = {}

local module

local function plant(name, from, to)
  plants[#plants + 1] = { name = name, module = module, from = from, to = to }
end

-- ---- the script of the stores

module = "limits.script"
plant("a place is given twice when a client joins",
  "math.floor(state.window) - state.held - reserved",
  "math.floor(state.window) - (message.joins and 0 or state.held) - reserved")
plant("places are given back at the lease's end",
  "own.back = own.ends + message.attempt_ms + LEAP * message.beat", "own.back = own.ends")
plant("two cuts for one overload", "if message.cut and message.cuts == state.cuts then",
  "if message.cut then")
plant("an old message counts after a later one", "if own and message.seq <= own.seq then",
  "if false then")
plant("a store that lost its state grants at once", "quiet = is_quiet,", "quiet = false,")
plant("a restart with an old state is not seen", "if state.server ~= server then",
  "if false then")
plant("a step of the clock ends leases", "gone = math.min(gone, LEAP * beat)", "gone = gone + 0")
plant("successes count again in each message", "own.successes = message.successes\n", "\n")
plant("places go to whom asks first", "return earlier < free and 1 or 0",
  "return free > 0 and 1 or 0")
plant("a client keeps its place for ever",
  "return earlier < waiting - free + 1 and 0 or 1", "return 1")
plant("two clients probe at once", "local may_begin = not state.prober and not state.quiet and",
  "local may_begin = not state.quiet and")
plant("no place is kept free for the probe",
  "local reserved = state.is_reserved and not is_prober and 1 or 0", "local reserved = 0")
plant("an idle client keeps its places", "    return own.wants\n", "    return state.share\n")

-- ---- the clients

module = "limits.places"
plant("a lease counts from its reply", "self.lease_until_ms = self.sent_ms + reply.lease_ms",
  "self.lease_until_ms = self.now() + reply.lease_ms")
plant("a lease is renewed after its end", "  self.asking, self.failure = false, why\n",
  "  self.asking, self.failure = false, why\n  self.lease_until_ms = self.now() + 3000\n")
plant("a lease is not looked at", " or now_ms >= self.lease_until_ms then", " then")
plant("a place is lost if a reply is lost", "  self.asking, self.failure = false, why\n",
  "  self.asking, self.failure, self.id = false, why, false\n")
plant("a pause that one client never hears of",
  "math.max(self.paused_until_ms, now_ms + reply.pause_ms)",
  "math.max(self.paused_until_ms, now_ms + (before.life and reply.pause_ms or 0))")
plant("a pause is told with the next heartbeat",
  "return self.cut_news or self.pause_news or self.cap_news or has_parked",
  "return self.cut_news or self.cap_news or has_parked")
plant("more is sent while the store is asked", "  self.bound = math.min(self.bound, in_flight)\n",
  "\n")
plant("a reply that came too late counts",
  "if message ~= self.asking or reply.seq ~= message.seq then",
  "if reply.seq ~= message.seq then")
plant("a child of a fork has its parent's places",
  "self.share, self.lease_until_ms, self.bound = 0, 0, math.huge", "self.bound = math.huge")
plant("a share that was lost is announced",
  "had = now_ms < self.lease_until_ms and self.share or 0", "had = self.share")

return plants
