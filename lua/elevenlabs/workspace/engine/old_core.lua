-- TEMPORARY
return function(old)
  local new = setmetatable({}, { __index = function(_, name)
    local f = old[name]
    return type(f) == "function" and function(_, ...) return f(old, ...) end or f
  end })
  local id_of, slot_of = {}, {}
  function new:prepare(op, args)
    if op ~= "list" and op ~= "connect" then
      local ok, failure = old:validate(op, args)
      if not ok then return nil, failure end
      return { op = op, args = args }, failure
    end
    return { op = op, args = args }
  end
  function new:send(request, key, slot)
    local id, failure
    if request.op == "connect" then id, failure = old:connect()
    else id, failure = old[request.op](old, request.args, key) end
    if not id then return nil, failure end
    id_of[slot], slot_of[id] = id, slot
    return true
  end
  local function convert(list)
    for _, e in ipairs(list) do e.slot = slot_of[e.id]; slot_of[e.id] = nil end
    return {}, 0, list
  end
  function new:step(ms) return convert(old:step(ms)) end
  function new:close() return convert(old:close()) end
  function new:cancel(slot) old:cancel(id_of[slot]) end
  return new
end
