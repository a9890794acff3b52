local process = require "spec.support.process"

local function run(...)
  return process.run { "elevenlabs-workspace", ... }
end

describe("cli", function()
  it("helps", function()
    for _, arguments in ipairs {
      { "--help" },
      { "-h" },
      { "help" },
      { "sandbox", "--help" },
      { "sandbox", "-h" },
      { "help", "unshare" },
      { "unshare", "--from", "x", "--help" },
    } do
      local code, out, err = run((unpack or table.unpack)(arguments))
      assert.are.same({ 0, "" }, { code, err })
      assert.matches("^Usage: elevenlabs%-workspace", out)
    end
  end)

  local misuses = {
    { {}, "which command? offboard, unshare, share, get, access, journal, sandbox, completion" },
    { { "offboard" }, "which command? plan, show, apply, verify, undo, report" },
    { { "offboard", "--yes" }, "which command? plan, show, apply, verify, undo, report" },
    { { "offboard", "aply", "mia" }, "unknown command aply. Did you mean apply?" },
    { { "offboard", "apply" }, "folder is missing" },
    { { "help", "offbord" }, "unknown command offbord. Did you mean offboard?" },
    { { "sandbax" }, "unknown command sandbax. Did you mean sandbox?" },
    { { "unshar", "--yes" }, "unknown command unshar. Did you mean unshare?" },
    { { "help", "gett" }, "unknown command gett. Did you mean get?" },
    { { "--json", "get" }, "--json: options come after the command" },
    { { "sandbox", "--prot", "1" }, "unknown option --prot. Did you mean --port?" },
    { { "sandbox", "--port", "x" }, "--port takes a whole number from 0 to 65535" },
    { { "sandbox", "--port", "65536" }, "--port takes a whole number from 0 to 65535" },
    { { "sandbox", "--state" }, "--state needs a value" },
    { { "sandbox", "--" }, "-- needs a command" },
    { { "sandbox", "--fail-rate", "5%" }, "--fail-rate takes a number from 0 to 1" },
    { { "sandbox", "--rate-limit", "0" }, "--rate-limit takes a whole number from 1 to 1000000" },
    { { "sandbox", "--resources", "5", "--state", "f" }, "--resources and --state are two ways" },
    { { "completion", "tcsh" }, "shell must be one of bash, zsh, fish" },
    { { "completion" }, "shell is missing" },
  }
  for _, misuse in ipairs(misuses) do
    it("cases 16 to 18: says in one line, with status 2: " .. misuse[2], function()
      local code, out, err = run((unpack or table.unpack)(misuse[1]))
      assert.are.same({ 2, "" }, { code, out })
      assert.matches(misuse[2], err, 1, true)
      assert.matches("^elevenlabs%-workspace: [^\n]* %(try [^\n]*%-%-help%)\n$", err)
    end)
  end

  it("case 17: tells its version", function()
    local forms = { { "--version" }, { "-V" }, { "unshare", "--version" }, { "get", "-V" } }
    for _, arguments in ipairs(forms) do
      assert.are.same(
        { 0, "elevenlabs-workspace 0.1.0\n", "" },
        { run((unpack or table.unpack)(arguments)) }
      )
    end
  end)

  it("case 22: prints wrong usage as JSON too if JSON is asked for", function()
    local code, out, err = run("unshare", "--json", "--user-mail", "x@y.z")
    local value = require("cjson").decode(out)
    assert.are.same({ 2, "invalid_argument", "not_sent" }, { code, value.kind, value.outcome })
    assert.matches("Did you mean --user-email?", value.message, 1, true)
    assert.matches("unknown option --user-mail", err, 1, true)
  end)

  it("case 29: says why a sandbox's state cannot be used", function()
    for path, words in pairs {
      ["/tmp"] = "cannot read the state /tmp: Is a directory",
      ["/nonexistent/state.json"] = "cannot write the state: ",
      ["README.md"] = "README.md is not JSON",
    } do
      local code, out, err = run("sandbox", "--port", "0", "--state", path, "--", "true")
      assert.are.same({ 1, "" }, { code, out })
      assert.matches("^elevenlabs%-workspace: [^\n]*\n$", err)
      assert.matches(words, err, 1, true)
    end
  end)

  it("case 27: runs the code of its own tree after the tree was moved", function()
    local folder = os.tmpname()
    os.remove(folder)
    local built = os.getenv("SPEC_PRELOAD"):gsub("/spec$", "") -- such as TREE/build/5.4
    local within = built:sub(#require("luv").cwd() + 2)
    local copy = [[
      mkdir -p "$1/$2" && cp -r lua "$1/" && cp -r "$2/bin" "$2/elevenlabs" "$1/$2/"
      echo 'return "moved"' >"$1/lua/elevenlabs/workspace/version.lua"
      ln -s "$1/$2/bin/elevenlabs-workspace" "$1/link"
      cd / && "$1/$2/bin/elevenlabs-workspace" -V && "$1/link" -V
    ]]
    local code, out, err = process.run { "sh", "-ec", copy, "sh", folder, within }
    process.run { "rm", "-r", folder }
    assert.are.same({ 0, ("elevenlabs-workspace moved\n"):rep(2), "" }, { code, out, err })
  end)

  describe("sandbox -- command", function()
    local function in_sandbox(...)
      return run("sandbox", "--port", "0", "--", ...)
    end

    it("runs it with the environment set, and ends with its status", function()
      local code, out = in_sandbox(
        "sh",
        "-c",
        'echo "$ELEVENLABS_API_KEY $ELEVENLABS_BASE_URL"; test -f "$ELEVENLABS_CA_FILE"; exit 7'
      )
      assert.are.equal(7, code)
      assert.matches("^sk_sandbox_ada https://127%.0%.0%.1:%d+\n$", out)
    end)

    it("says when it cannot be run", function()
      local code, _, err = in_sandbox "/nonexistent/program"
      assert.are.equal(127, code)
      assert.matches("cannot run /nonexistent/program", err, 1, true)
    end)

    for signal, status in pairs { sigint = 130, sigterm = 143, sighup = 129 } do
      it("passes " .. signal .. " on to it", function()
        local around = process.start {
          "elevenlabs-workspace",
          "sandbox",
          "--port",
          "0",
          "--",
          "sh",
          "-c",
          "echo up; exec sleep 60",
        }
        assert.are.equal("up", around:read_line())
        assert.are.same({ status, "", "" }, { around:stop(signal) })
      end)
    end
  end)
end)
