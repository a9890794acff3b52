-- The examples for many machines: GNU parallel and nginx run; the others are checked.

local hosts = require "spec.support.servers.nginx_host"
local pages = require "spec.support.pages"
local process = require "spec.support.process"
local redises = require "spec.support.servers.redis"
local support = require "spec.support.command"
local uv = require "luv"

local FOLDER = "examples/fleet/"

local function read(name)
  local file = assert(io.open(FOLDER .. name))
  local text = file:read "*a"
  file:close()
  return text
end

describe("the examples for many machines", function()
  describe("with GNU parallel", function()
    before_each(support.begin)
    after_each(support.finish)

    local function run(list, folder)
      local env = support.env().env
      env.ELEVENLABS_BASE_URL, env.ELEVENLABS_CA_FILE =
        support.sandbox.base_url, support.sandbox.ca_file
      local command = { "sh", FOLDER .. "parallel.sh", list, folder, "5" }
      return process.run(command, { env = env })
    end

    local function list_of(count)
      local rows = support.resources(count):gsub("\n", ",mia@example.com\n")
      return support.write("the list.csv", (rows:gsub("mia@example.com", "user_email", 1)))
    end

    it("do all parts, and say what is left", function()
      local list, folder = list_of(), support.path_of "the journals"
      for _ = 1, 2 do
        local code, out, err = run(list, folder)
        assert.are.equal(1, code, err)
        assert.matches("\n4\ttotal %d+ confirmed .*; part 4/5: %d+ of 100 items\n", out)
        assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
      end
      assert.are.equal(5, support.lines_of(support.read_file(folder .. "/left.csv")))
    end)

    it("end with 0 if all is confirmed", function()
      local list, folder = list_of(20), support.path_of "journals"
      local code, out = run(list, folder)
      assert.are.equal(0, code)
      assert.matches("Nothing is left: all 20 items of " .. list, out, 1, true)
    end)
  end)

  it("for Kubernetes are valid YAML, with parts counted from 0", function()
    local code, out = process.run { "yamllint", "--strict", FOLDER .. "kubernetes.yaml" }
    assert.are.equal(0, code, out)
    local text = read "kubernetes.yaml"
    local count = text:match "\n  completions: (%d+)\n"
    assert.matches('--part "$JOB_COMPLETION_INDEX/' .. count .. '"', text, 1, true)
  end)

  it("for Slurm are a valid script, with parts counted from 0", function()
    assert.are.equal(0, (process.run { "sh", "-n", FOLDER .. "slurm.sh" }))
    local text = read "slurm.sh"
    local last = tonumber(text:match "\n#SBATCH %-%-array=0%-(%d+)%%")
    local part = ('--part "$SLURM_ARRAY_TASK_ID/%d"'):format(last + 1)
    assert.matches(part, text, 1, true)
  end)

  describe("with nginx and Redis", function()
    local redis, nginx, folder

    before_each(function()
      redis, nginx = redises.start { is_plain = true }, nil
      folder = redis.folder
    end)

    after_each(function()
      if nginx then
        nginx:stop()
      end
      redis:stop()
    end)

    it("share one limit with scripts", function()
      redis:prepare_limit "prod"
      local port = hosts.free_port()
      local env = { FOLDER = folder, PORT = port, REDIS = redis.path, ROOT = uv.cwd() }
      env.PATH = env.ROOT .. "/build/luajit/bin:" .. os.getenv "PATH" .. ":/usr/sbin"
      env.USER_OF_WORKERS = uv.getuid() == 0 and "user root;" or " "
      nginx = pages.start(
        [[
          sed "s#/tmp/#$FOLDER/#; s/:8082/:$PORT/; s#port = 6379#path = \"$REDIS\"#; /host = /d" \
            examples/fleet/redis.conf >"$FOLDER/redis.conf"
          redis_lua="$ROOT/build/unpacked/usr/share/lua/5.1/?.lua"
          exec elevenlabs-workspace sandbox --port 0 --max-concurrent 5 -- \
            env "LUA_PATH=$ROOT/lua/?.lua;$redis_lua;;" \
            nginx -e stderr -g "$USER_OF_WORKERS" -c "$FOLDER/redis.conf"
        ]],
        env
      )
      hosts.wait_until(function()
        return nginx:ended() or nginx.err.text:find("start worker process ", 1, true)
      end)
      assert.is_nil(nginx.code, nginx.err.text)
      local target = "/revoke?resource_type=voice&user_email=mia@example.com&resource_id=%s"
      for id, status in pairs { voice_trailer = 200, voice_draft = 502 } do
        local sent = hosts.request(tonumber(port), target:format(id), "")
        hosts.wait(sent)
        assert.are.equal(status, sent.status, sent.body)
      end
      nginx:stop()
      assert.is_nil(nginx.err.text:find("[error]", 1, true), nginx.err.text)
    end)
  end)

  it("name options that the command has", function()
    local _, unshare = process.run { "elevenlabs-workspace", "unshare", "--help" }
    local _, report = process.run { "elevenlabs-workspace", "journal", "report", "--help" }
    for _, name in ipairs { "parallel.sh", "kubernetes.yaml", "slurm.sh" } do
      local text = read(name):gsub("parallel %-%-jobs 4 %-%-tag %-%-quote", "")
      text = text:gsub("#SBATCH [^\n]*", "")
      for option in text:gmatch "%s(%-%-%l[%l-]+)%s" do
        assert.is_truthy((unshare .. report):find(option, 1, true), name .. " " .. option)
      end
    end
  end)
end)
