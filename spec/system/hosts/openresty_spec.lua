-- The page of nginx and OpenResty: its commands serve the examples in a real nginx.

local cjson = require "cjson"
local hosts = require "spec.support.servers.nginx_host"
local pages = require "spec.support.pages"
local process = require "spec.support.process"
local uv = require "luv"

local KEY = "sk_nginx_0123456789abcdef"

describe("the page of nginx", function()
  local page, folder, port, example = pages.open "openresty", nil, nil, nil

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert.are.equal(0, (process.run { "mkdir", "-m", "700", folder }))
    port = hosts.free_port()
  end)

  after_each(function()
    if example then
      example:stop()
    end
    example = nil
    process.run { "rm", "-rf", folder }
  end)

  --- The first terminal: serve by a block's commands, with a port of the spec's and a quick timer.
  local function serve(code, config)
    local changes = "sed -i 's/:8080/:%s/; s/timer.every(5/timer.every(0.05/' ~/%s; exec "
    changes = changes:format(port, config)
    code = code:gsub("^make [^\n]*\n", "") -- built already
    code = pages.with(code, {
      ["\nelevenlabs-workspace"] = "\n" .. changes .. "elevenlabs-workspace",
      ["nginx -p"] = uv.getuid() == 0 and 'nginx -g "user root;" -p' or "nginx -p",
    })
    local path = uv.cwd() .. "/build/luajit/bin:" .. os.getenv "PATH" .. ":/usr/sbin"
    example = pages.start(code, { HOME = folder, PATH = path })
    hosts.wait_until(function()
      return example:ended() or example.err.text:find("start worker process ", 1, true)
    end)
    assert.is_nil(example.code, example.err.text)
  end

  --- The second terminal: what a block's commands print, a part for each.
  local function run(code)
    code = pages.with(code, { ["127.0.0.1:8080"] = "127.0.0.1:" .. port })
    local status, out, err = pages.start((code:gsub("curl ", "echo; curl -sS "))):wait()
    assert.are.same({ 0, "" }, { status, err })
    return out
  end

  local function request(target, body, header)
    local sent = hosts.request(tonumber(port), target, body, header)
    hosts.wait(sent)
    return sent.status, sent.body
  end

  local function serve_revoke()
    serve(page:take("sh", "nginx -p ~/revoke"), "revoke/nginx.conf")
  end

  --- The sum of the samples of a name, with these labels among others.
  local function counted(name, labels)
    local _, text = request "/metrics"
    local sum = 0
    for line in text:gmatch "[^\n]+" do
      if line:find(name .. "{", 1, true) == 1 and line:find(labels, 1, true) then
        sum = sum + tonumber(line:match " ([%d.]+)$")
      end
    end
    return sum
  end

  it("serves the example, by the commands in it", function()
    serve_revoke()
    local out = run(page:take("sh", "/revoke-many"))
    assert.matches('\n{[^\n]*"outcome":"confirmed"[^\n]*}\n', out)
    assert.matches('\n{[^\n]*"total":1[^\n]*}\n', out)
    assert.matches('\n{[^\n]*"ok":true[^\n]*}\n', out)
    local counter = 'elevenlabs_workspace_calls_total{op="unshare",outcome="confirmed",kind=""} 2'
    assert.matches("\n" .. counter .. "\n", out, 1, true)
    assert(io.open(folder .. "/revoke/journals/leaver-7.journal")):close()
  end)

  it("has an example that tells each outcome, and resumes a job", function()
    serve_revoke()
    local mia = [["resource_type":"voice","user_email":"mia@example.com"}]]
    local status, body = request("/revoke?resource_id=x&resource_type=voice&user_mail=mia", "")
    assert.are.same({ 400, "user_mail" }, { status, cjson.decode(body).field })
    local draft = "/revoke?resource_id=voice_draft&resource_type=voice&group_id=default"
    status, body = request(draft, "")
    assert.are.same({ 403, "refused" }, { status, cjson.decode(body).outcome })
    local items = ([[[{"resource_id":"voice_narrator",%s,{"resource_id":"voice_draft",%s]
]]):format(mia, mia)
    for already = 0, 1 do
      status, body = request("/revoke-many?job=a-1", items)
      assert.are.equal(200, status)
      assert.matches('"resource_id":"voice_draft"', body, 1, true)
      local last = cjson.decode(body:match "([^\n]+)\n$")
      assert.are.same({ 2, 1, already }, { last.total, last.confirmed, last.already_confirmed })
    end
    for target, bad in pairs {
      ["/revoke-many?job=../x"] = items,
      ["/revoke-many?job=empty"] = "[]",
      ["/revoke-many?job=object"] = "{}",
      ["/revoke-many?job=mixed"] = items:gsub('"voice_draft","resource_type"', '"x","type"'),
    } do
      assert.are.equal(400, (request(target, bad)), target)
    end
    assert.is_nil(uv.fs_stat(folder .. "/revoke/journals/mixed.journal"))
    assert.are.equal(405, (request "/revoke"))
    local stat = uv.fs_stat(folder .. "/revoke/journals/a-1.journal") -- case 33
    assert.are.equal(tonumber("600", 8), stat.mode % 512)
    example:stop()
    assert.is_nil(example.err.text:find("[error]", 1, true))
  end)

  it("case 47: counts for Prometheus over all workers and a reload, and shows no target", function()
    serve_revoke()
    local function revoke(id)
      local target = "/revoke?resource_type=voice&user_email=mia@example.com&resource_id="
      return (request(target .. id, ""))
    end
    for i = 1, 20 do
      assert.are.equal(i % 2 == 0 and 200 or 404, revoke(i % 2 == 0 and "voice_trailer" or "none"))
    end
    assert.are.equal(10, counted("elevenlabs_workspace_calls_total", 'outcome="confirmed"'))
    assert.are.equal(10, counted("elevenlabs_workspace_calls_total", 'kind="not_found"'))
    local pid = pages.read(folder .. "/revoke/nginx.pid")
    local _, before = example.err.text:gsub("start worker process ", "")
    uv.kill(tonumber(pid), "sighup")
    hosts.wait_until(function()
      local _, now = example.err.text:gsub("start worker process ", "")
      return now == before + 2
    end)
    assert.are.equal(200, revoke "voice_trailer")
    assert.are.equal(21, counted("elevenlabs_workspace_response_seconds_count", 'op="unshare"'))
    local _, text = request "/metrics"
    for _, secret in ipairs { "mia", "trailer", "resource", "sk_" } do
      assert.is_nil(text:find(secret, 1, true))
    end
    for _, worker in ipairs { "0", "1" } do
      for name, value in pairs { window = "[1-9]", limit_held_back = "0\n", limit_places = "%d" } do
        local sample = '\nelevenlabs_workspace_%s{worker="%s"} %s'
        assert.matches(sample:format(name, worker, value), text)
      end
    end
  end)

  it("says in /health and to the caller that journals cannot be written", function()
    serve_revoke()
    assert.are.equal(200, (request "/health"))
    process.run { "rm", "-r", folder .. "/revoke/journals" }
    local status, body = request "/health"
    assert.are.equal(503, status)
    local why = "journals/.health: No such file or directory"
    assert.matches(why, cjson.decode(body).problem, 1, true)
    local item = '[{"resource_id":"x","resource_type":"voice","user_email":"mia@example.com"}]'
    status, body = request("/revoke-many?job=a", item)
    assert.are.same({ 503, "journal" }, { status, cjson.decode(body).kind })
    assert.matches("cannot be opened: ", body, 1, true)
  end)

  it("case 34: has examples that say in the log why they cannot start", function()
    process.run { "ln", "-s", "/usr/share/nginx/modules", folder .. "/modules" }
    local here = uv.cwd()
    local env = { LUA_PATH = here .. "/lua/?.lua;;", LUA_CPATH = here .. "/build/luajit/?.so;;" }
    for _, row in ipairs {
      { "nginx.conf", false, "api_key is missing: pass it or set ELEVENLABS_API_KEY" },
      { "offboard.conf", KEY, "LEAVER_SECRET is missing" },
    } do
      env.ELEVENLABS_API_KEY, env.LEAVER_SECRET = row[2], false
      local code = [[
        cp examples/openresty/*.* "$FOLDER"; mkdir -p "$FOLDER/temp"; PATH=$PATH:/usr/sbin
        exec nginx -p "$FOLDER" -e stderr -c ]]
      env.FOLDER = folder
      local status, _, log = pages.start(code .. row[1], env):wait()
      assert.are.equal(1, status)
      assert.matches("init_by_lua error: [^\n]*" .. row[3], log)
    end
  end)

  it("serves the example that offboards whoever a hook names, once", function()
    serve(page:take("sh", "nginx -p ~/offboard"), "offboard/offboard.conf")
    local mia = '{"user_email":"Mia@Example.com","note":"HR 4711"}'
    assert.are.equal(403, (request("/leavers", mia)))
    assert.are.equal(403, (request("/leavers", mia, "X-Secret: guessed")))
    local secret = "X-Secret: s3cret"
    for _, body in ipairs { "", "[1]", '{"user_email":"../x@example.com"}' } do
      assert.are.equal(400, (request("/leavers", body, secret)))
    end
    assert.are.equal("\nqueued\n", run(page:take("sh", "X-Secret")))
    assert.are.equal(202, (request("/leavers", '{"user_email":"nobody@example.com"}', secret)))
    local cases = folder .. "/offboard/leavers"
    local function read(name)
      return uv.fs_stat(cases .. name) and pages.read(cases .. name) or ""
    end
    hosts.wait_until(function()
      return example:ended() or select(2, read("/done.jsonl"):gsub("\n", "")) == 2
    end)
    example:stop()
    local done = {}
    for line in read("/done.jsonl"):gmatch "[^\n]+" do
      done[#done + 1] = cjson.decode(line).became
    end
    assert.matches("^Access remains: .*\ntotal 9 confirmed 8 refused 1 unconfirmed 0 ", done[1])
    assert.matches("no member has the address nobody@example.com", done[2])
    assert.are.equal(2, #done)
    local report = read "/mia@example.com/report.json"
    assert.matches("HR system", report, 1, true)
    assert.matches("HR 4711", report, 1, true)
  end)

  it("has the examples' code, and none that nobody runs", function()
    page:take_excerpt("lua", "workspace.new", "examples/openresty/nginx.conf")
    page:take("nginx", "location = /revoke") -- nginx_spec runs it
    assert.are.same({}, page:left())
  end)
end)
