--- Memory for the stack. To call a function may need some, and so may raise. This reserves it before
--- a change that must not stop half-way. What is reserved stays until the next collection of garbage,
--- which leaves half of it.

--- Reserve memory for calls that nest so deep. The parameters, which nobody gives, are room for the
--- variables of such calls.
---@param depth integer
local function reserve(depth, _, _, _, _, _, _, _, _, _, _)
  if depth > 1 then
    reserve(depth - 1)
  end
  return depth -- so that the call above needs a place of its own
end

return reserve
