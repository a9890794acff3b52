--- Bugs that are put into the product on purpose: the simulator must find each of them. One is
--- a name and what it changes in a module's source; modules.lua sees to it that it is there.

---@class spec.sim.Plant
---@field name string
---@field module string
---@field from string
---@field to string

---@type spec.sim.Plant[]
return {
  {
    name = "told before it is synced",
    module = "run",
    from = "local ok, failure = self.journal:sync()\n  if not ok then\n    lose_journal",
    to = "local ok, failure = true, nil\n  if not ok then\n    lose_journal",
  },
  {
    name = "written down as confirmed before the answer",
    module = "run",
    from = "entry.call, call.entry = call, entry",
    to = [[if self.journal then self.journal:record(item, { outcome = "confirmed" }) end
      entry.call, call.entry = call, entry]],
  },
  {
    name = "resuming trusts what is unconfirmed",
    module = "journal",
    from = 'local confirmed = record.outcome == "confirmed"',
    to = 'local confirmed = record.outcome == "confirmed" or record.outcome == "unconfirmed"',
  },
  {
    name = "a share is repeated though it may have been applied",
    module = "outcome",
    from = 'M.is_transient(action) and not (action == "resend" and op == "share")',
    to = "M.is_transient(action)",
  },
  {
    name = "a 500 counts as confirmed",
    module = "outcome",
    from = "elseif status == 200 then",
    to = 'elseif status == 500 then\n    return "confirmed"\n  elseif status == 200 then',
  },
  {
    name = "the window is ignored",
    module = "pace",
    from = "return self.limiter:has_place(in_flight, now_ms)",
    to = "return self.limiter:places(now_ms) > 0",
  },
  {
    name = "Retry-After is ignored",
    module = "pace",
    from = "local asked_ms, own_ms = verdict.asked_ms, verdict.own_ms",
    to = "local asked_ms, own_ms = nil, verdict.own_ms",
  },
  {
    name = "an item that rests is dropped when it is cancelled",
    module = "engine",
    from = 'elseif call.state ~= "done" and call.state ~= "new" then\n    local kind',
    to = [[elseif call.state == "resting" then
      call.due_ms = math.huge
    elseif call.state ~= "done" and call.state ~= "new" then
    local kind]],
  },
  {
    name = "closing reports twice",
    module = "run",
    from = 'stop(self, "closed", err.message)',
    to = 'stop(self, "closed", err.message)\n    settle(self, item, nil, unsent(entry, err))',
  },
  {
    name = "what reached nobody counts as refused",
    module = "outcome",
    from = 'unreachable = { "not_sent",',
    to = 'unreachable = { "refused",',
  },
}
