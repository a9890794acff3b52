-- What `make demo` and `make test` ask for where there is no apt-get.

local process = require "spec.support.process"

-- What the script itself uses. Nothing of what it looks for is among them.
local TOOLS = { "sh", "awk", "cat", "dirname", "grep", "id", "ls", "sort", "sed", "test", "tr" }

local SYSTEMS = {
  {
    name = "Fedora",
    release = "ID=fedora\n",
    "sudo dnf install gcc",
    "libcurl-devel",
    "luarocks --lua-version 5.4 install lua-cjson\n",
    "luarocks --lua-version 5.4 install luv\n",
  },
  { name = "a Fedora's relative", release = 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf" },
  { name = "Alpine", release = "ID=alpine\n", "doas apk add build-base curl-dev", "lua5.4-dev" },
  { name = "Arch", release = "ID=arch\n", "sudo pacman -S curl gcc", "lua54" },
  { name = "macOS", uname = "Darwin", "brew install curl", "needs Linux" },
  { name = "a system of no known kind", release = "ID=other\n", "Debian's names: gcc" },
}

-- The release's name stands in a file that only root can put another in the place of.
local MAY_MOUNT = process.run { "unshare", "-m", "true" } == 0

describe("the installer", function()
  local folder

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert.are.equal(0, (process.run { "mkdir", folder }))
    for _, tool in ipairs(TOOLS) do
      local link = 'ln -s "$(command -v "$1")" "$2"'
      assert.are.equal(0, (process.run { "sh", "-c", link, "sh", tool, folder .. "/" .. tool }))
    end
  end)

  teardown(function()
    process.run { "rm", "-r", folder }
  end)

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end

  for _, system in ipairs(SYSTEMS) do
    if system.uname or MAY_MOUNT then
      it("names what is missing in the words of " .. system.name, function()
        write("uname", "#!/bin/sh\necho " .. (system.uname or "Linux") .. "\n")
        write("os-release", system.release or "")
        local command = [[
          chmod +x "$1/uname"
          [ -z "$2" ] || mount --bind "$1/os-release" "$(readlink -f /etc/os-release)"
          PATH=$1 exec sh .ci/install demo lua5.4
        ]]
        local wrap = system.release and { "unshare", "-m" } or {}
        local shell = { "sh", "-ec", command, "sh", folder, system.release or "" }
        local code, out, err = process.run(process.join(wrap, shell))
        assert.are.same({ 1, "" }, { code, out })
        for _, words in ipairs(system) do
          assert.matches(words, err, 1, true)
        end
        assert.is_nil(err:find("not found", 1, true), err)
      end)
    end
  end
end)
