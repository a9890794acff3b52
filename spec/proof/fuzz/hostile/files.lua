--- Journals' files of any kind, and what must come of them: a run that begins or is refused,
--- no confirmation that was never written, and no change of a file that is not a journal.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local uv = require "luv"
local values = require "spec.proof.fuzz.hostile.values"

local M = {}

local PATH = "journal"
local HEADER = '{"format":"elevenlabs-workspace journal 1","operation":"unshare","base_url":%s%s}'

local function read_file()
  local file = io.open(PATH, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

local function write_file(text)
  local file = assert(io.open(PATH, "wb"))
  file:write(text)
  file:close()
end

local function remove()
  local _ = os.remove(PATH) or uv.fs_rmdir(PATH)
end

-- ---- what stands in them

local function random_bytes(random, most)
  local bytes = {}
  for i = 1, random:int(0, most) do
    bytes[i] = string.char(random:int(0, 255))
  end
  return table.concat(bytes)
end

-- Values of JSON, right and wrong.
local JSON = {
  '"id1"', '"voice"', '"a@example.com"', '"confirmed"', '"unconfirmed"', "true", "false", "null",
  "7", "-0", "1e400", "NaN", "[]", "{}", '"\\u0000"', '"\\u001b[2J"', '"\\ud800"', '"\255"', "[[[",
  '""', '"admin"', ("["):rep(2000), '"' .. ("x"):rep(5000) .. '"', "01", '"a":1', "}", "{",
}
local NAMES = {
  "resource_id", "resource_type", "user_email", "group_id", "workspace_api_key_id", "role",
  "outcome", "intent", "ambiguous", "end", "resume", "at", "format", "operation", "base_url",
  "created", "n",
}

local function draw_record(random)
  if random:chance(0.5) then
    return ('{"resource_id":"id%d","resource_type":"voice","user_email":"a@example.com",'):format(
      random:int(1, 3)
    ) .. ('"outcome":"%s"}'):format(random:pick { "confirmed", "unconfirmed", "refused" })
  end
  local pairs_ = {}
  for i = 1, random:int(1, 5) do
    pairs_[i] = ('"%s":'):format(random:pick(NAMES)) .. random:pick(JSON)
  end
  return "{" .. table.concat(pairs_, ",") .. "}"
end

--- Lines whose checksums are right, whatever else they are.
local function write_records(random, base_url)
  remove()
  local url = random:chance(0.9) and cjson.encode(base_url) or random:pick(JSON)
  local more = random:chance(0.3) and ',"created":' .. random:pick(JSON) or ""
  local journal = assert(core.open_journal(PATH, true))
  journal:next()
  assert(journal:append(HEADER:format(url, more)))
  for _ = 1, random:int(0, 6) do
    journal:append(draw_record(random)) -- or it says that this cannot be one
  end
  assert(journal:sync())
  journal:close()
end

local function edit(random)
  local text = read_file()
  for _ = 1, random:int(1, 3) do
    local at = random:int(1, #text + 1)
    local gone = random:pick { 0, 1, 1, 5, 100 }
    text = text:sub(1, at - 1) .. random:pick { "", "", "\n", "x", '"', "}", "\0", "\255" }
      .. text:sub(at + gone)
  end
  write_file(random:chance(0.3) and text:sub(1, random:int(0, #text)) or text)
end

local KINDS = {
  function(random)
    write_file(random_bytes(random, 200))
  end,
  function(random)
    write_file(random:pick { "", "\n", "{}\n", "\0", "{", HEADER:sub(1, random:int(1, #HEADER)) })
  end,
  function(random, base_url)
    write_records(random, base_url)
    local file = assert(io.open(PATH, "ab"))
    file:write((random:pick { "x", "{", "\0" }):rep(random:pick { 1, 65536, 200000 }),
      random:pick { "", "\n" })
    file:close()
  end,
  function()
    uv.fs_mkdir(PATH, 448)
  end,
  function(random)
    uv.fs_symlink(random:pick { "elsewhere", PATH, "/dev/null", "/" }, PATH)
  end,
}

local function make(random, base_url)
  remove()
  local kind = random:int(1, 20)
  if kind <= #KINDS then
    return KINDS[kind](random, base_url)
  end
  write_records(random, base_url)
  if random:chance(0.6) then
    edit(random)
  end
end

-- ---- what comes of them

local function item(id)
  return { resource_id = id, resource_type = "voice", user_email = "a@example.com" }
end

--- Is there a line that says so, whatever its checksum?
local function says_confirmed(text, id)
  for line in text:gmatch "[^\n]+" do
    if line:find(('"%s"'):format(id), 1, true) and line:find('"confirmed"', 1, true) then
      return true
    end
  end
  return false
end

--- A dry run over items that some journals know: it sends nothing and changes nothing.
local function try_dry(client, before)
  local wrong
  local ok, report, err = pcall(client.unshare_many, client, {
    item "id1", item "id2", item "never",
  }, {
    journal = PATH,
    dry_run = true,
    on_result = function(told, receipt)
      if receipt and not says_confirmed(before or "", told.resource_id) then
        wrong = told.resource_id .. " is confirmed"
      end
    end,
  })
  if not ok then
    return "raised " .. tostring(report)
  elseif read_file() ~= before then
    return "a dry run changed the file"
  elseif report and report.total ~= 3 then
    return ("%d of 3 items ended"):format(report.total)
  end
  local warning = report and report.journal.warning
  if warning and warning:find "[%c\127]" then
    return ("a warning that is no line of text: %q"):format(warning:sub(1, 200))
  end
  return wrong or (err and values.wrong_text(err))
end

--- A run whose item cannot be sent: what was there stays, but for a torn tail.
local function try_run(client, before)
  local ok, report, err = pcall(client.unshare_many, client, { {} }, { journal = PATH })
  if not ok then
    return "raised " .. tostring(report)
  elseif not report then
    local same = read_file() == before
    return not same and "a journal that was refused was changed" or values.wrong_text(err)
  end
  local kept = (before or ""):match "^.*\n" or ""
  if read_file():sub(1, #kept) ~= kept then
    return "what was there is gone"
  end
  local again = client:unshare_many({ {} }, { journal = PATH })
  return not again and "no run after this one" or nil
end

--- -> nil, or what is wrong
function M.try(random, client)
  make(random, client.base_url)
  local before = read_file()
  local what = try_dry(client, before)
  what = what or try_run(client, before)
  remove()
  return what
end

return M
