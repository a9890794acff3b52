-- The examples for many machines: GNU parallel's runs; the others are checked.

local process = require "spec.support.process"
local support = require "spec.support.command"

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

  for _, name in ipairs { "shared_dict.conf", "redis.conf" } do
    it(name .. " is a valid configuration of nginx", function()
      local command = 'PATH=$PATH:/usr/sbin; exec nginx -t -e stderr -c "$PWD/$0"'
      local code, _, err = process.run { "sh", "-c", command, FOLDER .. name }
      assert.are.equal(0, code, err)
    end)
  end

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
