-- What must hold of every input, tried with thousands of random ones: a failure names its
-- seed.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local cjson = require "cjson"
local csv = require "elevenlabs.workspace.items.csv"
local evidences = require "elevenlabs.workspace.answer.evidence"
local items = require "elevenlabs.workspace.items"
local lines = require "elevenlabs.workspace.items.lines"
local outcome = require "elevenlabs.workspace.answer.outcome"
local randoms = require "spec.proof.sim.random"
local retry_after = require "elevenlabs.workspace.throttle.retry_after"

local RUNS = os.getenv "SPEC_SLOW_MACHINE" and 200 or 2000

--- An `it` that runs so often, each time with a random source of its own.
local function always(what, property)
  it(what, function()
    for seed = 1, RUNS do
      local ok, why = pcall(property, randoms.new(seed))
      if not ok then
        error(("seed %d: %s"):format(seed, type(why) == "table" and tostring(why.message) or why))
      end
    end
  end)
end

--- A text of so many of these pieces.
local function text_of(random, pieces, most)
  local parts = {}
  for i = 1, random:int(0, most) do
    parts[i] = random:pick(pieces)
  end
  return table.concat(parts)
end

-- ---- Retry-After

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = {
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}

--- As a server writes it; libc knows the calendar.
local function imf(time)
  local t = os.date("!*t", time)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(
    DAYS[t.wday], t.day, MONTHS[t.month], t.year, t.hour, t.min, t.sec
  )
end

describe("always, Retry-After", function()
  local PIECES = {
    "0", "1", "9", "-", "+", ".", "e", "x", " ", ",", ":", "Tue", "24", "Nov", "2026", "12",
    "GMT", "31", "Feb", "29", "\0", "\255", "Tue, 24 Nov 2026 12:00:00 GMT",
  }
  local MOST_MS = 9999 * 366 * 86400 * 1000

  always("is nothing, or a whole number of seconds that is not negative", function(random)
    local value, date = text_of(random, PIECES, 14), text_of(random, PIECES, 14)
    local ms = retry_after.parse(value, random:pick { date, imf(random:int(0, 2 ^ 31)) })
    local digits = value:match "^%d+$"
    if digits then
      assert.are.equal(#digits <= 10 and tonumber(digits) * 1000 or nil, ms)
    elseif ms then
      assert.is_true(#value == 29 and ms >= 0 and ms <= MOST_MS and ms % 1000 == 0)
    end
    local pause = backoff.pause_ms(ms or 0, random:int(0, 60000), random:next())
    assert.is_true(pause >= 0 and pause <= 300000)
  end)

  always("between two dates is what lies between them", function(random)
    local now, at = random:int(0, 2 ^ 31 - 1), random:int(0, 2 ^ 31 - 1)
    local expected = math.max(0, at - now) * 1000
    assert.are.equal(expected, retry_after.parse(imf(at), imf(now)))
    assert.is_nil(retry_after.parse(imf(at), nil))
  end)

  always("in a date with a letter of its weekday or zone changed is nothing", function(random)
    local date = imf(random:int(0, 2 ^ 31 - 1))
    local at = random:chance(0.5) and random:int(1, 5) or random:int(#date - 3, #date)
    local letter = random:pick(PIECES):sub(1, 1)
    local changed = date:sub(1, at - 1) .. letter .. date:sub(at + 1)
    assert.is_true(changed == date or retry_after.parse(changed, date) == nil)
  end)
end)

-- ---- files

--- A file of this text that gives at most so many bytes at a time.
local function file_of(text, most)
  local at = 1
  return {
    read = function(_, size)
      local block = text:sub(at, at + math.min(size, most or size) - 1)
      at = at + #block
      return block ~= "" and block or nil
    end,
    close = function() end,
    seek = function() end,
  }
end

local CELLS = {
  "a", "b c", '"', '""', ",", "\r", "\n", "\r\n", "\239\187\191", " ", "é", "\0", "\255",
}

--- Rows of CSV, and what is broken with its place.
local function read_csv(text, block_size)
  local reader, found = csv.reader(file_of(text, block_size), block_size), {}
  local cells, what, column
  repeat
    cells, what, column = reader:next()
    found[#found + 1] = cells or what and ("%d.%s %s"):format(reader.number, column or "", what)
  until not cells and not what
  return found
end

describe("always, CSV", function()
  always("comes back as it was written", function(random)
    local rows, text = {}, {}
    for i = 1, random:int(1, 6) do
      rows[i] = {}
      for j = 1, random:int(1, 4) do
        rows[i][j] = text_of(random, CELLS, 4)
      end
      text[i] = csv.row(rows[i])
    end
    text = table.concat(text)
    assert.are.same(rows, read_csv(text))
    assert.are.same(rows, read_csv(text, random:int(1, 9)))
    local with_cr = text:gsub("\n$", "\r\n")
    assert.are.same(rows, read_csv(with_cr))
  end)

  always("of any kind reads alike wherever its blocks end", function(random)
    local text = text_of(random, CELLS, 20)
    local whole = read_csv(text)
    for _, size in ipairs { 1, 2, random:int(3, 30) } do
      assert.are.same(whole, read_csv(text, size))
    end
  end)

  always("without quotes has a row for each line that is not empty", function(random)
    local text = text_of(random, { "a", ",", "\n", "\r\n", "b", " " }, 20)
    local count = 0
    for line in (text:gsub("\r\n", "\n") .. "\n"):gmatch "([^\n]*)\n" do
      if line ~= "" then
        count = count + 1
        local found, cells = read_csv(text)[count], {}
        for cell in (line .. ","):gmatch "([^,]*)," do
          cells[#cells + 1] = cell
        end
        assert.are.same(cells, found)
      end
    end
    assert.are.equal(count, #read_csv(text))
  end)
end)

describe("always, a list in CSV", function()
  local PIECES = {
    "a", "+", "-", "=", "@", "'", ",", '"', "\n", "\r\n", " ", "é", "\194\160", "voice", "role",
    "resource_id", "_",
  }

  --- Items and what is wrong, of a file in blocks of this size.
  local function read_items(text, block_size)
    local source, err = items.from_csv(file_of(text, block_size))
    if not source then
      return { err.message, err.details }
    end
    local found = {}
    local item, problem
    repeat
      item, problem = source:next()
      found[#found + 1] = item or problem and problem.message
    until not item and not problem
    return found
  end

  always("comes back as it was written for a spreadsheet", function(random)
    local written, text = {}, { "resource_id,_note,user_email,role\n" }
    for i = 1, random:int(1, 6) do
      written[i] = {
        resource_id = "v" .. i,
        user_email = text_of(random, PIECES, 3) .. ".",
        role = text_of(random, PIECES, 3) .. ".",
      }
      local note = text_of(random, PIECES, 3)
      text[i + 1] =
        csv.safe_row { written[i].resource_id, note, written[i].user_email, written[i].role }
    end
    text = table.concat(text)
    assert.are.same(written, read_items(text))
    assert.are.same(written, read_items(text, random:int(1, 9)))
  end)

  always("of any kind reads alike wherever its blocks end", function(random)
    local header = random:chance(0.7) and "resource_id,role,_note\n" or ""
    local text = header .. text_of(random, PIECES, 20)
    local whole = read_items(text)
    for _, size in ipairs { 1, random:int(2, 30) } do
      assert.are.same(whole, read_items(text, size))
    end
  end)
end)

describe("always, lines", function()
  always("put together again are the file", function(random)
    local text = text_of(random, CELLS, 20)
    local reader, found = lines.new(file_of(text, random:int(1, 9)), random:int(1, 9)), {}
    for line in function() return reader:next() end do
      found[#found + 1] = line
    end
    local expected = text:gsub("^\239\187\191", "")
    if text:sub(-1) ~= "\n" and text ~= "" then
      expected = expected .. "\n"
    end
    assert.are.equal(expected, table.concat(found, "\n") .. (#found > 0 and "\n" or ""))
  end)
end)

describe("always, JSON lines", function()
  local VALUES = { "v1", "é€", "\"\\/", "\b\t\n\r", "\1\127", "a\0b", "" }

  --- Items and what is wrong, of a file in blocks of this size; true: of the file as a whole.
  local function read_jsonl(text, block_size)
    local source, err = items.from_jsonl(file_of(text, block_size))
    if not source then
      return { err.message }, true
    end
    local found = {}
    local item, problem
    repeat
      item, problem = source:next()
      found[#found + 1] = item or problem and problem.message
    until not item and not problem
    return found
  end

  always("come back as they were written", function(random)
    local written, text = {}, {}
    for i = 1, random:int(1, 6) do
      written[i] = {}
      for _, name in ipairs { "resource_id", "resource_type", "user_email", "role" } do
        written[i][name] = random:chance(0.8) and text_of(random, VALUES, 3) or nil
      end
      written[i].resource_id = written[i].resource_id or "v"
      text[i] = cjson.encode(written[i]) .. random:pick { "\n", "\r\n", "\n\n", " \n" }
    end
    text = table.concat(text)
    assert.are.same(written, read_jsonl(text))
    assert.are.same(written, read_jsonl(text, random:int(1, 9)))
  end)

  always("of any kind read alike wherever blocks end, each line once", function(random)
    local text = text_of(random, {
      '{"resource_id":"v1"}', "\n", "\r\n", "{", "}", '"', "[]", "null", "1", "\239\187\191",
      '{"_note":1}', '{"user_mail":"x"}', '{"resource_id":7}', "\0", "\255", " ",
    }, 12)
    local whole, is_refused = read_jsonl(text)
    local count = 0
    for line in (text:gsub("^\239\187\191", "") .. "\n"):gmatch "([^\n]*)\n" do
      count = count + (line:find "%S" and 1 or 0)
    end
    assert.are.equal(is_refused and 1 or count, #whole)
    for _, size in ipairs { 1, random:int(2, 30) } do
      assert.are.same(whole, (read_jsonl(text, size)))
    end
  end)
end)

-- ---- verdicts

local function decode_part(text)
  local ok, list = pcall(cjson.decode, "[" .. text .. "]")
  return (ok and list or {})[1]
end

--- A JSON value, read by its grammar (RFC 8259) and not by a library.
---@param text string
---@return table|nil found { first, members, twice }: the byte that begins it, the outermost
--- object's members, and whether any object gives a name twice; nil: this is not one whole value
local function read_json(text)
  local found = { first = text:match "^[ \t\r\n]*(.)", members = {}, twice = false }
  local value

  local function blank(at)
    return text:match("^[ \t\r\n]*()", at)
  end

  local function escape_end(at)
    local pair = "^\\u[dD][89abAB]%x%x\\u[dD][c-fC-F]%x%x()"
    local lone = "^\\u[dD][89a-fA-F]%x%x"
    return text:match('^\\["\\/bfnrt]()', at)
      or text:match(pair, at)
      or not text:find(lone, at) and text:match("^\\u%x%x%x%x()", at)
  end

  local function string_end(at)
    at = text:match('^"()', at)
    while at do
      local after = text:match('^[^"\\%c]+()', at) or text:match("^\127()", at) or escape_end(at)
      if not after then
        return text:match('^"()', at)
      end
      at = after
    end
  end

  local function number_end(at)
    at = text:match("^%-?0()", at) or text:match("^%-?[1-9]%d*()", at)
    at = at and (text:match("^%.%d+()", at) or at)
    return at and (text:match("^[eE][+-]?%d+()", at) or at)
  end

  --- Up to the value; and the name.
  local function name_end(at, names)
    local after = string_end(at)
    local name = after and decode_part(text:sub(at, after - 1))
    found.twice = found.twice or (name and names[name]) or false
    names[name or ""] = true
    return after and text:match("^[ \t\r\n]*:()", after), name
  end

  --- Members of an object or a list, up to and past its end.
  local function members_end(at, closing, depth, names)
    at = blank(at)
    local after = text:match("^" .. closing .. "()", at)
    while at and not after do
      local name, from
      if names then
        at, name = name_end(at, names)
      end
      from = at
      at = at and value(at, depth + 1)
      if at and name and depth == 0 then
        found.members[name] = decode_part(text:sub(from, at - 1))
      end
      after = at and text:match("^" .. closing .. "()", at)
      at = at and text:match("^,()", at)
      at = at and blank(at)
    end
    return after
  end

  --- Past a value and the blanks around it; nil where there is none.
  function value(at, depth)
    at = blank(at)
    local first = text:sub(at, at)
    local after
    if first == "{" then
      after = depth < 64 and members_end(at + 1, "}", depth, {})
    elseif first == "[" then
      after = depth < 64 and members_end(at + 1, "]", depth, nil)
    elseif first == '"' then
      after = string_end(at)
    else
      after = text:match("^true()", at) or text:match("^false()", at) or text:match("^null()", at)
        or number_end(at)
    end
    return after and blank(after)
  end

  return value(1, 0) == #text + 1 and found or nil
end

local function is_empty(value)
  return value == nil or value == cjson.null or value == ""
    or (type(value) == "table" and next(value) == nil)
end

--- What the members of an object say, word for word as the rule has it.
local function says_no(members)
  local status = members.status
  local word = type(status) == "string" and status:lower()
  local is_good = word == "ok" or word == "success"
  return not (is_empty(members.detail) and is_empty(members.error) and is_empty(members.errors))
    or (members.success ~= nil and members.success ~= true)
    or (members.ok ~= nil and members.ok ~= true)
    or (status ~= nil and not is_good)
    or (members.message ~= nil and not is_good)
end

--- The truth rule, of a body that is not empty.
local function may_prove(op, evidence)
  local found = read_json(evidence.body)
  if not (found and evidence.is_text) then
    return false
  elseif op == "get" or op == "list" then
    local is_container = found.first == "{" or found.first == "["
    return is_container and not found.twice and not says_no(found.members)
  end
  local is_number = found.first:find "[%-%d]"
  return (evidence.whole or not is_number)
    and found.first ~= "f"
    and not found.twice
    and not says_no(found.members)
end

-- The answers to a get that tell who has which role on ITEM.
local ITEM = { resource_id = "v", resource_type = "voice" }
local RESOURCES, READ_BODIES = {}, {}
for roles, is_told in pairs {
  ["{}"] = true,
  ['{"admin":["a"],"role_x":[]}'] = true,
  ['{"admin":"a"}'] = false,
  ['{"admin":[1]}'] = false,
  ["null"] = false,
} do
  for id, is_asked in pairs { v = true, w = false } do
    local form = '{"resource_id":"%s","resource_type":"voice","role_to_group_ids":%s%s}'
    for more, is_good in pairs {
      [""] = true,
      [',"detail":null,"status":"ok"'] = true,
      [',"role_to_group_ids":{}'] = false,
      [',"status":"failed"'] = false,
      [',"a":{"b":1,"\\u0062":1}'] = false,
    } do
      local body = form:format(id, roles, more)
      RESOURCES[body] = is_told and is_asked and is_good or nil
      READ_BODIES[#READ_BODIES + 1] = body
    end
  end
end
table.sort(READ_BODIES)

--- The truth rule, word for word.
local function may_be_confirmed(op, evidence)
  if op == "connect" then
    return evidence.status > 0 -- nothing is asked, so nothing is confirmed
  elseif not evidence.sent or evidence.curl_code ~= 0 or evidence.status ~= 200 then
    return false
  elseif not evidence.head_ended then
    return false
  elseif evidence.body == "" then
    return evidence.whole and op ~= "get" and op ~= "list"
  end
  return may_prove(op, evidence) and (op ~= "get" or RESOURCES[evidence.body])
end

local KINDS = {}
for _, kind in ipairs {
  "authentication", "permission", "payment_required", "invalid_request", "not_found", "conflict",
  "unprocessable", "rate_limited", "server", "network", "timeout", "tls", "untrusted_response",
  "cancelled", "closed", "out_of_memory",
} do
  KINDS[kind] = true
end
local ACTIONS = { done = 1, retry = 1, resend = 1, pause = 1, probe = 1, stop = 1, none = 1 }
local OUTCOMES = { confirmed = 1, refused = 1, unconfirmed = 1, not_sent = 1 }
local LOADS = { crowded = 1, busy = 1 }

local BODIES = {
  "", "{}", '{"status":"ok"}', '{"detail":"x"}', '{"detail":null}', "[]", "[1]", '"ok"', "true",
  "null", "4", "-1.5e3", "NaN", "0x1", "Infinity", "{", "}", "{}{}", "{} ", "\n{}", " ", "<html>",
  '{"detail":{"status":"invalid_api_key","message":"m"}}', '{"a":{"detail":1}}',
  '{"detail":[{"loc":["body","user_email"],"msg":"m"}]}', '{"detail":[1,{"loc":7}]}',
  '{"detail":{"code":"rate_limit_exceeded","type":"conflict"}}', "{} x", "\0", '"\255"', "01",
  ("["):rep(64) .. ("]"):rep(64), ("["):rep(65) .. ("]"):rep(65), '{"a":1,}', "[1 2]",
  "false", '{"error":"no"}', '{"errors":[]}', '{"errors":["x"]}', '{"success":false}',
  '{"ok":true}',
  '{"ok":false}', '{"status":"error"}', '{"status":"OK","message":"m"}', '{"message":"m"}',
  '{"status":7}', '{"a":1,"a":2}', '{"status":"ok","\\u0073tatus":"ok"}', '"\\ud800"', '"\\udc00"',
  '"\\ud83d\\ude00"', '{"a":"\t"}',
}
-- Of these are bodies that nobody thought of.
local PIECES = {
  "{", "}", "[", "]", ",", ":", '"', " ", "1", "-1.5e3", "null", "true", "false", '"ok"', '"a"',
  '"error":', '"status":', '"message":"m"', '"success":', '"\\u006fk":', "{}", "[]", "\\ud800",
  '""', '"status":"ok"', '"detail":null', '"a":1', '{"a":1}', "\\", "\\n", "\\udc00", "\t", "e1",
  "0", ".",
}
local STATUSES = {
  0, 99, 100, 101, 103, 200, 200, 200, 200, 201, 202, 204, 206, 299, 301, 302, 303, 304, 307, 308,
  400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 425, 429, 499, 500, 502, 503, 504,
  599, 600, 999,
}
local CODES = {
  0, 0, 0, 0, 1, 5, 6, 7, 8, 16, 18, 23, 27, 28, 35, 42, 52, 55, 56, 58, 60, 77, 92, 97,
}

local function draw_evidence(random, op)
  local body = random:pick(op == "get" and random:chance(0.5) and READ_BODIES or BODIES)
  if random:chance(0.2) then
    body = body:sub(1, random:int(0, #body)) .. random:pick { "", "}", "]", '"', "1", " ", "," }
  end
  return evidences.new(op, {
    sent = random:chance(0.8),
    curl_code = random:pick(CODES),
    status = random:pick(STATUSES),
    head_ended = random:chance(0.8),
    whole = random:chance(0.6),
    body = body,
    headers = random:pick { {}, { ["request-id"] = "r1" }, { ["retry-after"] = "5" } },
    message = "m",
    resent = random:chance(0.2),
    proxy_status = random:pick { 0, 0, 200, 407 },
    stopped = random:pick { false, false, "cancelled", "timeout", "closed" } or nil,
  }, "key")
end

local function same(value)
  return value
end

--- Members of an object or a list, and often one that should not be there.
local function draw_body(random)
  local parts, is_object = {}, random:chance(0.7)
  for i = 1, random:int(0, 4) do
    local name = is_object and random:pick { "error", "status", "ok", "message", "a", "b" }
    parts[i] = (name and '"' .. name .. '":' or "") .. random:pick(BODIES)
  end
  local body = table.concat(parts, random:chance(0.9) and "," or " ")
  body = is_object and "{" .. body .. "}" or "[" .. body .. "]"
  if random:chance(0.3) then
    local at = random:int(0, #body)
    body = body:sub(1, at) .. random:pick(PIECES) .. body:sub(at + 1 + random:int(0, 1))
  end
  return random:chance(0.3) and text_of(random, PIECES, 9) or body
end

describe("always, the proof of a body", function()
  local strict = require("cjson.safe").new()
  strict.decode_invalid_numbers(false)
  strict.decode_max_depth(64)

  --- The rule, of what lua-cjson makes of a body that is text.
  local function cjson_confirms(op, body, whole)
    local value = strict.decode(body)
    if op == "get" or op == "list" then
      local is_array = body:find "^[ \t\r\n]*%["
      return type(value) == "table" and (is_array or not says_no(value)) and true
    elseif body == "" or type(value) == "number" then
      return whole
    elseif type(value) == "table" and body:find "^[ \t\r\n]*{" then
      return not says_no(value)
    end
    return value ~= nil and value ~= false
  end

  always("is what the rule says, and what lua-cjson reads confirms it", function(random)
    local body, whole = draw_body(random), random:chance(0.5)
    local is_text = not body:find "[%z\255]"
    local op = random:pick { "unshare", "share", "get", "list" }
    local is_change = op == "unshare" or op == "share"
    local evidence = evidences.new(op, { body = body, whole = whole })
    local is_proved = evidence.proof == true
    local rule = body == "" and whole and is_change
      or body ~= "" and may_prove(op, { body = body, whole = whole, is_text = is_text })
    assert.are.equal(rule and true or false, is_proved, body .. " " .. tostring(evidence.proof))
    local found = body == "" and { twice = false } or is_text and read_json(body)
    if found and not found.twice then -- lua-cjson takes the last of two, and lone surrogates
      assert.are.equal(cjson_confirms(op, body, whole), is_proved, body)
    end
    assert.is_true(not is_proved or cjson_confirms(op, body, whole), body)
    assert.are.equal(is_text, evidence.is_text)
  end)
end)

describe("always, what a step returns", function()
  always("has each attempt once, and a plain one only if nothing is lost by it", function(random)
    local list, divide, before = {}, evidences.divider(), nil
    for slot = 1, random:int(0, 8) do
      local op = random:pick { "unshare", "share", "get", "connect" }
      list[slot] = draw_evidence(random, op)
      list[slot].slot, list[slot].op = slot, op
      list[slot].headers = {
        ["request-id"] = random:pick { "r1", false } or nil,
        ["maximum-concurrent-requests"] = random:pick { "4", "8", false, false } or nil,
      }
    end
    local plain, count, others = divide(list)
    local is_plain = {}
    for i = 1, 4 * count, 4 do
      local evidence = list[plain[i]]
      is_plain[plain[i]] = evidence
      local verdict = outcome.judge(evidence.op, evidence, same, ITEM)
      assert.are.same({ "confirmed", evidence.headers["request-id"] or false, evidence.elapsed_ms },
        { verdict.outcome, plain[i + 1], plain[i + 3] })
      assert.are.same(verdict.body, evidences.body_of(plain[i + 2]))
      assert.is_false(evidence.resent or evidence.shows_key)
    end
    assert.are.equal(#list, count + #others)
    for _, evidence in ipairs(others) do
      assert.is_nil(is_plain[evidence.slot])
    end
    for slot, evidence in ipairs(list) do
      local said = evidence.headers["maximum-concurrent-requests"]
      assert.is_true(not is_plain[slot] or said == nil or said == before)
      before = said or before
    end
  end)
end)

describe("always, a verdict", function()
  for _, op in ipairs { "unshare", "share", "get", "list", "connect" } do
    always(("of %s confirms what the rule allows, and nothing else"):format(op), function(random)
      local evidence = draw_evidence(random, op)
      local verdict = outcome.judge(op, evidence, same, ITEM)
      assert.are.equal(
        may_be_confirmed(op, evidence) and true or false,
        verdict.outcome == "confirmed",
        cjson.encode(evidence)
      )
    end)

    always(("of %s is whole"):format(op), function(random)
      local evidence = draw_evidence(random, op)
      local verdict = outcome.judge(op, evidence, same, ITEM)
      assert.is_truthy(OUTCOMES[verdict.outcome], verdict.outcome)
      assert.is_truthy(ACTIONS[verdict.action], verdict.action)
      assert.is_true(verdict.load == nil or LOADS[verdict.load] ~= nil)
      if verdict.outcome == "confirmed" then
        assert.is_true(verdict.kind == nil and verdict.action == "done")
      else
        assert.is_true(type(verdict.message) == "string" and verdict.message ~= "")
        assert.is_true(KINDS[verdict.kind], tostring(verdict.kind))
        assert.are_not.equal("done", verdict.action)
      end
      -- What may have been applied is never called unsent, and only an answer refuses.
      assert.is_true(verdict.outcome ~= "not_sent" or not evidence.sent)
      if verdict.outcome == "refused" then
        assert.is_true(evidence.sent and evidence.curl_code == 0)
        assert.is_true(evidence.status >= 400 and evidence.status < 500 or verdict.code ~= nil)
      end
    end)
  end
end)
