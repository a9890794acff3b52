local core = require "elevenlabs.workspace.core"

--- Why an answer is not the good answer of the operation, or nil. What is not named is that of a
--- confirmation.
local function doubt_of(changes, op)
  local answer = {
    sent = true,
    curl_code = 0,
    status = 200,
    head_ended = true,
    whole = true,
    body = "{}",
  }
  for name, value in pairs(changes) do
    answer[name] = value
  end
  local proof = core.judge(op or "unshare", answer)
  return proof ~= true and proof or nil
end

local function doubt(body, is_whole)
  return doubt_of { body = body, whole = is_whole ~= false }
end

--- Objects inside one another, of so many levels.
local function nested(depth)
  return ('{"a":'):rep(depth - 1) .. "{}" .. ("}"):rep(depth - 1)
end

--- An object with so many names.
local function named(count)
  local members = {}
  for i = 1, count do
    members[i] = ('"n%d":%d'):format(i, i)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

describe("proof (case 32)", function()
  describe("confirms with", function()
    for _, body in ipairs {
      "{}", " {} \n", "[]", "null", "true", '""', '"ok"', "[1,2.5,-0,1e9,1E+9,0.1e-2]",
      '{"status":"ok"}', '{"status":"OK"}', '{"status":"Success"}', '{"st\\u0061tus":"\\u006fk"}',
      '{"status":"success","message":"done"}', '{"message":"done","status":"ok"}',
      '{"detail":null}', '{"detail":""}', '{"detail":[ ]}', '{"detail":{ }}', '{"errors":[]}',
      '{"error":null,"errors":{}}', '{"success":true}', '{"ok":true,"status":"ok"}',
      '{"a":{"error":"x","status":"no","ok":false,"message":"m"}}', '[{"error":"x"}]',
      '{"okay":false,"Error":"x","erro":"x","errors2":"x","ok\\u0000":false}',
      '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', '{"a":1,"A":2,"":3}',
      '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\195\164\127"',
      '"\\u00E4\\uD83D\\uDE00\\ud83d\\uDfFf\\ue000\\uFFFF"', "\t\r\n[\r]\r",
      '{ "a" : [ 1 , { "b" : "c" } ] , "d" : null }', nested(64), named(256),
    } do
      it(#body < 80 and body or #body .. " bytes", function()
        assert.is_nil(doubt(body))
        assert.is_nil(doubt(body, false))
      end)
    end

    it("an empty body or a number, but only if the answer is whole", function()
      for _, body in ipairs { "", "4", " -1.5e3 " } do
        assert.is_nil(doubt(body))
        assert.are.equal("nothing proves that the answer arrived whole", doubt(body, false))
      end
    end)

    it("one MiB", function()
      local longest = '"' .. ("x"):rep(1024 * 1024 - 2) .. '"'
      assert.is_nil(doubt(longest))
      assert.are.equal("its body is larger than 1 MiB", doubt(longest .. " "))
    end)
  end)

  describe("does not confirm with", function()
    local reasons = {
      ["its body is false"] = { "false", " false " },
      ["its body is an error"] = {
        '{"detail":"x"}', '{"detail":["x"]}', '{"detail":{"a":1}}', '{"detail":false}',
        '{"detail":0}', '{"error":"no"}', '{"errors":["x"]}', '{"error":{"message":"m"}}',
        '{"a":[1],"error":"no"}', '{"a":{},"err\\u006fr":"no"}', '{"success":false}',
        '{"ok":false}', '{"ok":null}', '{"success":0}', '{"success":"no"}', '{"status":"error"}',
        '{"status":"okay"}', '{"status":"ok\\u0000"}', '{"status":"successful"}',
        '{"status":""}', '{"status":200}', '{"status":true}', '{"status":null}',
        '{"status":{"status":"ok"}}', '{"status":["ok"]}', '{"message":"no"}',
        '{"message":null}', '{"message":"no","status":"failed"}', '{"status":"ok","error":"no"}',
        '{"error":null,"detail":"x"}', '{"a":{"status":"ok"},"message":"no"}',
      },
      ["its body gives a name twice"] = {
        '{"a":1,"a":1}', '{"status":"error","status":"ok"}', '{"error":"x","err\\u006fr":null}',
        '{"\\u00e4":1,"\195\164":2}', '{"\\ud83d\\ude00":1,"\240\159\152\128":2}', '{"":1,"":2}',
        '{"\\u20ac":1,"\226\130\172":2}', '[[{"b":{"a":{}},"c":[],"b":1}]]', '{"a\\/":1,"a/":2}',
      },
      ["its body is nested more than 64 deep"] = {
        ("["):rep(65) .. ("]"):rep(65), nested(65), ("["):rep(100000),
      },
      ["its body has too many names"] = { named(257) },
      ["its body is not valid UTF-8 text"] = {
        '"\255"', '{"a":"\237\160\128"}', "{}\0", "\f{}", '"\0"', '"\27"',
      },
      ["its body is not JSON"] = {
        " ", "{", "}", "[", "]", "{}{}", "{} x", "[1,]", "[,1]", "[1 2]", "[1}", '{"a":1]',
        '{"a":1,}', '{"a"}', '{"a":}', "{a:1}", "{'a':1}", '{"a" 1}', '{,}', '{1:2}', "{[]:1}",
        '"', '"a', '"\\', '"\\"', '"\\x"', '"\\u12"', '"\\u12', '"\\u123g"', '"\\U0041"',
        '"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\n"', '"\\ud800\\ud800"',
        '"\\ud800\\u0041"', '"\\ud800\\ue000"', '"\\ud800\\u12"', '"\\u00G0"', '"\\u00:0"',
        '"\\u/000"', '"\\udc00\\ud800"', '{"\\ud800":1}', '"\9"', '"\n"', '"\r"',
        "\239\187\191{}", "NaN", "Infinity", "-Infinity", "nan", "0x10", "01", "-01",
        "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "--1", "1 2", "truex", "nul",
        "nulll", "TRUE", "True", "tru",
        "<html></html>",
        "// x\n{}", "/**/{}", "{}//",
      },
    }
    for reason, bodies in pairs(reasons) do
      for _, body in ipairs(bodies) do
        it(#body < 80 and body or #body .. " bytes", function()
          assert.are.equal(reason, doubt(body))
          assert.are.equal(reason, doubt(body, false))
        end)
      end
    end
  end)

  describe("needs, beside the body,", function()
    local lacks = {
      ["the request was not sent"] = { sent = false },
      ["the transfer failed"] = { curl_code = 18 },
      ["the answer ended inside its headers"] = { head_ended = false },
      ["its status is not 200"] = { status = 201 },
    }
    for reason, changes in pairs(lacks) do
      it("that is not so: " .. reason, function()
        for _, op in ipairs { "unshare", "share", "get", "list" } do
          assert.are.equal(reason, doubt_of(changes, op))
        end
      end)
    end

    it("exactly 200", function()
      for _, status in ipairs { 0, 100, 199, 201, 204, 206, 299, 300, 404, 500, -200, 2000 } do
        assert.are.equal("its status is not 200", doubt_of { status = status })
      end
    end)
  end)

  describe("of a read", function()
    local function both(body)
      local found = doubt_of({ body = body, whole = false }, "get")
      assert.are.equal(found, (doubt_of({ body = body, whole = false }, "list")))
      return found
    end

    it("is one whole object or array that is no error", function()
      for _, body in ipairs {
        "{}", " [] ", "[false]", '{"a":{"error":"x","status":"failed"}}', '[{"error":"x"}]',
        '{"detail":null,"errors":[]}', '{"status":"ok"}', '{"a":{"b":1},"c":[{"b":1},{"b":1}]}',
        nested(64), named(257),
      } do
        assert.is_nil(both(body))
      end
    end)

    it("is nothing else", function()
      for reason, bodies in pairs {
        ["its body is empty"] = { "" },
        ["its body is neither an object nor an array"] = { "null", "false", "1", '"a"', '""' },
        ["its body is not JSON"] = {
          " ", "{", "[1", '{"a":1', '{"a":1,}', "{}{}", "[01]", '["\\ud800"]', "<html></html>",
        },
        ["its body gives a name twice"] = {
          '{"role_to_group_ids":{"editor":["u_mia"]},"role_to_group_ids":{}}',
          '{"voices":[{"voice_id":"v"}],"has_more":false,"voices":[]}',
          '{"has_more":true,"has_more":false}', '{"a":{"editor":["u"],"\\u0065ditor":[]}}',
          '[[{"b":{"a":{}},"c":[],"b":1}]]', '{"z":1,"a":2,"z":3,"b":4}', '{"a":1,"a":1,"a":1}',
        },
        ["its body is an error"] = {
          '{"voices":[],"has_more":false,"error":"backend timeout"}', '{"a":[],"success":false}',
          '{"a":[],"status":"failed"}', '{"detail":"x"}', '{"errors":["x"]}', '{"ok":false}',
          '{"message":"no"}',
        },
        ["its body is nested more than 64 deep"] = { nested(65), ("["):rep(100000) },
        ["its body is not valid UTF-8 text"] = { '{"a":"\255"}', "{}\0" },
      } do
        for _, body in ipairs(bodies) do
          assert.are.equal(reason, both(body), body:sub(1, 80))
        end
      end
    end)

    it("has 16 MiB at most", function()
      local largest = '["' .. ("x"):rep(16 * 1024 * 1024 - 4) .. '"]'
      assert.is_nil(both(largest))
      assert.are.equal("its body is larger than 16 MiB", both(largest .. " "))
    end)

    it("finds a name that comes twice among many, wherever it stands", function()
      local members = {}
      for i = 1, 3000 do
        members[i] = ('"n%d":%d'):format(i * 7919 % 10007, i)
      end
      for _, at in ipairs { 1, 2, 255, 256, 257, 258, 1500, 2999, 3000 } do
        local name = members[at]:match '^"(.-)"'
        for _, to in ipairs { 1, at, 3000 } do
          local object = table.concat(members, ",", 1, to) .. (',"%s":0'):format(name)
          object = object .. (to < 3000 and "," .. table.concat(members, ",", to + 1) or "")
          assert.are.equal("its body gives a name twice", both('[{"a":{' .. object .. "}}]"))
        end
      end
      local object = "{" .. table.concat(members, ",") .. "}"
      assert.is_nil(both(('{"a":%s,"b":[%s,%s]}'):format(object, object, object)))
    end)

    it("has time for the most names that a server can think of", function()
      local members = {}
      for i = 1, 1200000 do
        members[i] = ('"%x":0'):format(i)
      end
      local body = "{" .. table.concat(members, ",") .. "}"
      local before = os.clock()
      assert.is_nil(doubt_of({ body = body }, "get"))
      assert.are.equal(
        "its body gives a name twice",
        doubt_of({ body = body:gsub('"1":0,', '"2":0,', 1) }, "get")
      )
      assert.is_true(os.clock() - before < 4)
    end)
  end)

  it("tells an empty object from an empty array, which lua-cjson does not", function()
    for _, case in ipairs {
      { '{"a":{}}', "a", "object", false },
      { '{"a":[]}', "a", "array", false },
      { '{"b":[{}],"a":{"c":[],"d":1},"e":{"f":{}}}', "a", "object", false },
      { '{"b":[],"a":{"c":[],"d":{}},"e":[]}', "a", "object", true },
      { '{"a":{"c":[{}]}}', "a", "object", false },
      { '{"a":[[],{}]}', "a", "array", true },
      { '{"b":{"a":[]},"a":{}}', "a", "object", false },
      { '{"\\u0061":[]}', "a", "array", false },
      { '{"a":1}', "a", nil, false },
      { '{"a":{},"a":[]}', "a", nil, false },
      { '[{"a":{}}]', "a", nil, false },
      { " {} ", nil, "object", false },
      { "[]", nil, "array", false },
      { "[{}]", nil, "array", true },
      { "[[{}]]", nil, "array", false },
      { "1", nil, nil, false },
      { "", nil, nil, false },
      { "{", nil, nil, false },
    } do
      local shape, holds_object = core.shape(case[1], case[2])
      assert.are.equal(case[3], shape, case[1])
      assert.are.equal(case[4], holds_object, case[1])
    end
  end)

  it("of a connection is any answer", function()
    for _, changes in ipairs { { status = 404 }, { curl_code = 42 }, { whole = false } } do
      assert.is_nil(doubt_of(changes, "connect"))
    end
    assert.are.equal("there is no answer", doubt_of({ status = 0 }, "connect"))
  end)

  it("says beside it whether the body is text", function()
    local answer = { curl_code = 0, status = 0, body = "a\n" }
    assert.is_true(select(2, core.judge("get", answer)))
    answer.body = "a\27"
    assert.is_false(select(2, core.judge("get", answer)))
  end)

  it("cannot be asked without a kind of answer, or without one of its parts", function()
    for _, wrong in ipairs {
      function() core.judge("delete", { curl_code = 0, status = 200, body = "" }) end,
      function() core.judge("unshare") end,
      function() core.judge("unshare", { curl_code = 0, status = 200 }) end,
      function() core.judge("unshare", { curl_code = 0, body = "" }) end,
      function() core.judge("unshare", { status = 200, body = "" }) end,
    } do
      assert.has_error(wrong)
    end
  end)

  it("has time for the largest body that a server can think of", function()
    local same = '"' .. ("\\u0041"):rep(200) .. '%d":1,'
    local names = {}
    for i = 1, 250 do
      names[i] = same:format(i)
    end
    local object = "{" .. table.concat(names) .. '"z":0},'
    local body = "[" .. object:rep(math.floor(1024 * 1024 / #object) - 1) .. "0]"
    local tiny = "[" .. ('{"":{"":0}},'):rep(80000) .. "0]"
    local before = os.clock()
    assert.is_nil(doubt(body))
    assert.is_nil(doubt(tiny))
    assert.is_not_nil(doubt(("["):rep(1024 * 1024)))
    assert.is_true(os.clock() - before < 2)
  end)
end)
