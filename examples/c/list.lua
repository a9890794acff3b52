-- A plugin of host.c: removes a leaver's roles on the resources of a file, with a journal.
--
-- Arguments: the file, the leaver's address, the journal.

local workspace = require "elevenlabs.workspace"
local list, leaver, journal = ...

--- The host prints text alone, and the library's errors are tables.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local client = must(workspace.new {
  driver = "manual", -- calls yield
  base_url = os.getenv "ELEVENLABS_BASE_URL", -- of a sandbox; nil: the service
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})
local run, is_stopped

--- The roles are removed in a coroutine, so that the host has its turns also while a long file is read.
local function remove()
  local items = must(workspace.items.from_file(list, { user_email = leaver }))
  run = must(client:start_many("unshare", items, {
    journal = journal, -- a run that is cut short goes on from there
    on_result = function(item, receipt, err)
      print(("%-20s %s"):format(item.resource_id, tostring(receipt or err)))
    end,
    on_progress = function(progress) -- total: what has ended; count: how many there are
      print(("%d of %s"):format(progress.total, progress.count or "?"))
    end,
  }))
  if is_stopped then
    run:cancel()
  end
  local report = must(run:result())
  client:close()
  if not report.all_confirmed then
    error(("%s\n%s are left"):format(tostring(report), report.left or "some"), 0)
  end
  return tostring(report)
end

return {
  pollfd = function()
    return client:pollfd()
  end,
  step = coroutine.wrap(remove),
  stop = function()
    is_stopped = true
    if run then
      run:cancel() -- a second time ends what is in flight at once
    end
  end,
}
