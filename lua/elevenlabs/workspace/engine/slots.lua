--- The places in flight. A slot belongs to an attempt until its completion was dealt with; core and
--- engine name the attempt by the slot's number. All slots are made with the engine, so that nothing
--- needs memory while an attempt begins or ends. `transition` takes and releases them.

local M = {}

---@class elevenlabs.workspace.Slot
---@field number integer from 1
---@field call elevenlabs.workspace.Call|false the call whose attempt is in flight
---@field mark integer the throttle's mark of the attempt
---@field probe boolean the attempt is a probe
---@field attempts integer of the call, with this one
---@field mask fun(value: any): any masks the attempt's key

---@class elevenlabs.workspace.Slots
---@field count integer how many are taken
---@field free elevenlabs.workspace.Slot|false the next to be taken

---@param size integer
---@return elevenlabs.workspace.Slots
function M.new(size)
  local self = { count = 0, free = false }
  for number = size, 1, -1 do
    self[number] = {
      number = number,
      call = false,
      mark = 0,
      probe = false,
      attempts = 0,
      mask = false,
      next_free = self.free or false,
    }
    self.free = self[number]
  end
  return self
end

return M
