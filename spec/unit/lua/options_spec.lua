local workspace = require "elevenlabs.workspace"

local function new(options)
  local all = { api_key = "sk_1" }
  for name, value in pairs(options) do
    all[name] = value
  end
  return workspace.new(all)
end

describe("options", function()
  describe("refuse", function()
    local cases = {
      { "api_key", { api_key = "" } },
      { "api_key", { api_key = "a b" } },
      { "api_key", { api_key = "a\r\nx: y" } },
      { "api_key", { api_key = "a\0" } },
      { "api_key", { api_key = "a\127" } },
      { "api_key", { api_key = "\195\164" } },
      { "api_key", { api_key = ("k"):rep(513) } },
      { "api_key", { api_key = true } },
      { "api_key", { api_key = 7 } },
      { "region", { region = "mars" } },
      { "region", { region = false } },
      { "region", { region = "eu", base_url = "https://x.example" } },
      { "base_url", { base_url = "http://example.com" } },
      { "base_url", { base_url = "http://127.0.0.1.example.com" } },
      { "base_url", { base_url = "http://10.0.0.1" } },
      { "base_url", { base_url = "http://[::ffff:127.0.0.1]" } },
      { "base_url", { base_url = "http://[fe80::1%25lo]" } },
      { "base_url", { base_url = "http://0" } },
      { "base_url", { base_url = "http://localhost.example.com" } },
      { "base_url", { base_url = "http://localhost@example.com" } },
      { "base_url", { base_url = "https://user:pass@example.com" } },
      { "base_url", { base_url = "https://user@example.com" } },
      { "base_url", { base_url = "https://:pass@example.com" } },
      { "base_url", { base_url = "https:/example.com" } },
      { "base_url", { base_url = "https:///example.com" } },
      { "base_url", { base_url = "https://example.com/?a=b" } },
      { "base_url", { base_url = "https://example.com/#a" } },
      { "base_url", { base_url = "https://example.com\\@evil.example" } },
      { "base_url", { base_url = "https://exam ple.com" } },
      { "base_url", { base_url = "https://x.example/\127" } },
      { "base_url", { base_url = "ftp://example.com" } },
      { "base_url", { base_url = "example.com" } },
      { "base_url", { base_url = "" } },
      { "base_url", { base_url = "https://a\0b" } },
      { "base_url", { base_url = 7 } },
      { "base_url", { base_url = "https://example.com:99999999" } },
      { "base_url", { base_url = "https://x.example/" .. ("a"):rep(3000) } },
      { "driver", { driver = "nope" } },
      { "driver", { driver = {} } },
      { "connect_timeout_ms", { connect_timeout_ms = 0 } },
      { "connect_timeout_ms", { connect_timeout_ms = -1 } },
      { "connect_timeout_ms", { connect_timeout_ms = 1.5 } },
      { "connect_timeout_ms", { connect_timeout_ms = 2 ^ 63 } },
      { "connect_timeout_ms", { connect_timeout_ms = "100" } },
      { "attempt_timeout_ms", { attempt_timeout_ms = 0 / 0 } },
      { "attempt_timeout_ms", { attempt_timeout_ms = math.huge } },
      { "deadline_ms", { deadline_ms = 0 } },
      { "deadline_ms", { deadline_ms = "1" } },
      { "max_concurrency", { max_concurrency = 0 } },
      { "max_concurrency", { max_concurrency = 5000 } },
      { "ca_file", { ca_file = true } },
      { "ca_file", { ca_file = "a\0b" } },
      { "ca_file", { ca_file = "/nowhere" } },
      { "ca_file", { ca_file = "/nowhere", io = "thread" } },
      { "ca_file", { ca_file = "/nowhere", base_url = "http://localhost" } },
      { "proxy", { proxy = true } },
      { "proxy", { proxy = "" } },
      { "on_event", { on_event = {} } },
      { "limit", { limit = "redis://127.0.0.1" } },
      { "limit", { limit = {} } },
      { "user_agent", { user_agent = "a\r\nxi-api-key: b" } },
      { "allow_unknown_resource_type", { allow_unknown_resource_type = "yes" } },
      { "api_kei", { api_kei = "x" } },
      { "number", { "x" } },
    }
    for i, case in ipairs(cases) do
      it(("%s (case %d)"):format(case[1], i), function()
        local client, err = new(case[2])
        assert.is_nil(client)
        assert.are.equal(case[1], err.field)
        assert.are.equal("invalid_argument", err.kind)
        assert.are.equal("not_sent", err.outcome)
        assert.matches(case[1], err.message)
      end)
    end
  end)

  describe("case 43: look at ca_file", function()
    local path

    before_each(function()
      path = os.tmpname()
    end)

    after_each(function()
      os.remove(path)
    end)

    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end

    local function refused(target, why)
      local client, err = new { ca_file = target }
      assert.is_nil(client)
      assert.are.same({ "invalid_argument", "ca_file" }, { err.kind, err.field })
      assert.matches("^ca_file " .. target:sub(1, 4), err.message)
      assert.matches(why, err.message, 1, true)
    end

    it("which may be missing, a folder, a device or closed to us", function()
      refused("/nope", "cannot be opened: No such file or directory")
      refused("/tmp", "is a folder")
      refused("/dev/null", "is not a regular file")
      refused(path .. "/below", "cannot be opened: Not a directory")
    end)

    it("which may be no PEM", function()
      for _, text in ipairs {
        "",
        "\48\130\1\10",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE REQUEST-----",
        ("x"):rep(100000),
      } do
        write(text)
        refused(path, "holds no certificate in PEM (-----BEGIN CERTIFICATE----- is its first line)")
      end
    end)

    it("and take one that begins anywhere", function()
      for _, before in ipairs { 0, 1, 8100, 8150, 8170, 8191, 8192, 16370, 100000 } do
        for _, kind in ipairs { "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE" } do
          write(("#"):rep(before) .. ("-----BEGIN %s-----\n"):format(kind))
          assert(new { ca_file = path }):close()
        end
      end
    end)
  end)

  it("say why a driver cannot be loaded", function()
    local name = "elevenlabs.workspace.driver.cqueues"
    local loaded = package.loaded[name]
    package.loaded[name] = nil
    package.preload[name] = function()
      error "module 'cqueues' not found:\nno file"
    end
    local client, err = new { driver = "cqueues" }
    package.loaded[name], package.preload[name] = loaded, nil
    assert.is_nil(client)
    assert.are.equal("driver", err.field)
    assert.matches("driver cqueues cannot be loaded: .*module 'cqueues' not found", err.message)
    assert.is_nil(err.message:find "\n")
  end)

  it("hold no key: a journal has the server's URL, and a proxy hears the user agent", function()
    for _, name in ipairs { "base_url", "user_agent" } do
      local client, err = new { api_key = "sk_0123456789", [name] = "https://x/sk_0123456789/" }
      assert.is_nil(client)
      assert.are.same({ name, name .. " holds the secret API key" }, { err.field, err.message })
      assert(new { api_key = "sk", [name] = "https://desk.example" }):close()
    end
  end)

  it("name the nearest option", function()
    assert.matches("did you mean base_url", (select(2, new { base_ulr = "x" })).message)
  end)

  it("take every region, and a base_url with a path", function()
    for _, region in ipairs { "global", "us", "eu", "in", "sg" } do
      assert(new { region = region }):close()
    end
    assert(new { base_url = "https://gateway.example/elevenlabs/" }):close()
    assert(new { base_url = "http://localhost:8080" }):close()
    assert(new { base_url = "http://[::1]:8080" }):close()
    assert(new { base_url = "http://127.9.9.9" }):close()
    for _, host in ipairs { "127.1", "0x7f.1", "2130706433", "%31%32%37.0.0.1", "[::1%25lo]" } do
      assert(new { base_url = "http://" .. host }):close() -- libcurl connects to loopback
    end
  end)
end)
