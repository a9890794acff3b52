--- What the reference has, in the order in which readers need it: first how to call something, then
--- what the call takes and gives.

local M = {}

--- An entry is named as a program names it. "client:get" is a method of the class Client,
--- "workspace.new" is a function or value of a module, and "Options" is a class or an alias.
--- A group may have the text of a module in place of its own.
---@type { title: string, text: string|nil, module: string|nil, [integer]: string }[]
M.GROUPS = {
  {
    title = "Making a client",
    text = [[
One client serves a whole program, or a whole nginx worker. The client keeps its connections, limits
its own rate, and repeats what is safe to repeat. In a script, calls block. In other hosts the
client's driver says how calls wait: see [Drivers and hosts](#drivers-and-hosts).]],
    "workspace.new",
    "Options",
    "Client",
    "client:connect",
    "client:stats",
    "Stats",
    "client:close",
    "Event",
    "workspace.VERSION",
  },
  {
    title = "Single calls",
    text = [[
A call names one resource. `unshare` and `share` also name one target: a user, a group or an API
key. They return a receipt, which is the proof that the server confirmed the change.]],
    "client:unshare",
    "UnshareArgs",
    "client:share",
    "ShareArgs",
    "CallOptions",
    "client:get",
    "ResourceArgs",
    "Receipt",
    "Resource",
    "ShareOption",
    "workspace.unshare",
    "workspace.share",
    "workspace.get",
    "workspace.RESOURCE_TYPES",
    "workspace.gather",
    "client:start",
    "Call",
    "call:done",
    "call:result",
    "call:cancel",
  },
  {
    title = "Bulk runs",
    text = [[
A bulk run takes any number of items, one by one, and sends many requests at once. Each item ends in
exactly one of the outcomes confirmed, refused, unconfirmed and not_sent. If there is a journal, the
next run of the same items sends only what is not confirmed.]],
    "client:unshare_many",
    "client:share_many",
    "client:get_many",
    "BulkOptions",
    "Report",
    "Reason",
    "StopReason",
    "Progress",
    "client:start_many",
    "Run",
    "run:result",
    "run:cancel",
    "run:done",
  },
  {
    title = "Where items come from",
    module = "elevenlabs.workspace.items",
    "workspace.items",
    "items.from_csv",
    "items.from_jsonl",
    "items.from_file",
    "items.product",
    "Product",
    "Items",
    "Item",
    "Source",
    "source:next",
    "source:place",
    "source:rewind",
    "source:is_ready",
    "source:ignore",
    "source:ignored",
    "source:close",
    "ItemProblem",
  },
  {
    title = "Offboarding",
    module = "elevenlabs.workspace.offboard",
    "offboard.plan",
    "offboard.PlanOptions",
    "offboard.Planning",
    "offboard.people",
    "offboard.plan_many",
    "offboard.open",
    "offboard.Case",
    "case:apply",
    "case:verify",
    "case:undo",
    "case:cancel",
    "offboard.RoundOptions",
    "offboard.VerifyOptions",
    "offboard.verify_many",
    "case:summary",
    "offboard.Summary",
    "case:report",
    "offboard.Totals",
    "offboard.Residual",
    "offboard.Row",
    "offboard.RowSeen",
    "offboard.Gift",
    "offboard.Subject",
    "offboard.By",
    "offboard.access",
    "offboard.AccessOptions",
    "offboard.AccessRow",
    "offboard.is_complete",
    "offboard.Discovery",
    "offboard.Owner",
    "offboard.Member",
    "offboard.Group",
    "offboard.ServiceAccount",
    "offboard.Covered",
  },
  {
    title = "One limit for many clients",
    text = [[
All workers of an nginx, or all machines, share one limit of requests in flight. Give each client
the same `limit`.]],
    module = "elevenlabs.workspace.limits",
    "limits.redis",
    "limits.RedisOptions",
    "limits.resty_redis",
    "limits.redis_lua",
    "limits.ServerOptions",
    "limits.shared_dict",
    "limits.DictOptions",
    "Limit",
    "limits.Connection",
    "LimitStats",
  },
  {
    title = "Errors and outcomes",
    text = [[
A function that fails returns nil and an error. Only a wrong kind of argument raises, such as text
in place of a table. What is not confirmed has one of three outcomes. They say whether the request
may have had an effect.]],
    "Error",
    "Kind",
    "FailedOutcome",
  },
  {
    title = "Drivers and hosts",
    text = [[
The option `driver` says how calls wait, so that the host is never blocked. The calls are the same
in every host.

| host | driver |
|---|---|
| a script | `"blocking"`, the default |
| nginx, OpenResty | `"ngx"`, the default there. One client for each worker |
| Neovim, luv | `"luv"`. Call in a coroutine |
| cqueues | `"cqueues"`. Call in a function that a controller wraps |
| LÖVE, games, C applications | `"manual"`. A call yields; resume its coroutine once a frame |
| another event loop | `"manual"`: resume the coroutine if `client:pollfd()` is readable |

Without coroutines, use `client:start`, `client:pollfd` and `client:step`.]],
    "client:step",
    "client:pollfd",
    "client:timeout_ms",
    "Driver",
  },
  {
    title = "Specs of your own",
    module = "elevenlabs.workspace.sandbox.fake",
    "fake.new",
    "sandbox.FakeOptions",
    "sandbox.Model",
    "sandbox.State",
    "sandbox.User",
    "sandbox.Group",
    "sandbox.Resource",
  },
}

--- What stands before the dot or colon of a function's name: the module or class of the function.
M.OWNERS = {
  workspace = "elevenlabs.workspace",
  items = "elevenlabs.workspace.items",
  offboard = "elevenlabs.workspace.offboard",
  limits = "elevenlabs.workspace.limits",
  fake = "elevenlabs.workspace.sandbox.fake",
  client = "elevenlabs.workspace.Client",
  call = "elevenlabs.workspace.Call",
  run = "elevenlabs.workspace.Run",
  source = "elevenlabs.workspace.Source",
  case = "elevenlabs.workspace.offboard.Case",
}

--- All entries, in order.
---@return string[]
function M.entries()
  local all = {}
  for _, group in ipairs(M.GROUPS) do
    for _, name in ipairs(group) do
      all[#all + 1] = name
    end
  end
  return all
end

return M
