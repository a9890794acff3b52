local process = require "spec.support.process"
local sha256 = require "elevenlabs.workspace.offboard.sha256"

local function with_file(text, use)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  use(path)
  os.remove(path)
end

describe("sha256", function()
  it("is what sha256sum says, for files of any size", function()
    for _, text in ipairs { "", "abc", ("\0\255\n"):rep(65536) } do
      with_file(text, function(path)
        local _, out = process.run { "sha256sum", path }
        assert.are.equal(out:match "^%x+", sha256.file(path))
      end)
    end
  end)

  it("is nil with a reason for a file that cannot be read", function()
    local hash, why = sha256.file "/nowhere/plan.jsonl"
    assert.is_nil(hash)
    assert.matches("No such file", why)
    assert.is_nil((sha256.file "/tmp"))
  end)

  it("is nil without luaossl", function()
    local loaded = package.loaded["openssl.digest"]
    package.loaded["openssl.digest"] = nil
    package.preload["openssl.digest"] = function()
      error "no such module"
    end
    local hash, why = sha256.file "/dev/null"
    package.preload["openssl.digest"], package.loaded["openssl.digest"] = nil, loaded
    assert.is_nil(hash)
    assert.are.equal("luaossl is not installed", why)
  end)
end)
