-- What is installed is what is in the tree, and it works from where it was put.

local process = require "spec.support.process"

local LUA = os.getenv "SPEC_LUA"
-- What the installed files must do without.
local OUTSIDE = { LUA_PATH = false, LUA_CPATH = false }
-- In an unpacked tarball the rockspec has its version.
local ROCKSPEC = io.popen("ls *.rockspec"):read()

-- A call that no server answers, through all layers; prints its outcome.
local USE = [[
  local client = assert(require "elevenlabs.workspace".new { base_url = "http://127.0.0.1:1",
    api_key = "sk_packaging" })
  local _, err = client:unshare { resource_id = "v", resource_type = "voice", group_id = "g" }
  io.write(err.outcome)
]]

--- Run a shell script to its end; "$1" and so on are the further arguments.
local function sh(env, script, ...)
  return process.run({ "sh", "-ec", script, "sh", ... }, { env = env })
end

--- The same where it must succeed. Returns what it printed.
local function must(env, script, ...)
  local code, out, err = sh(env, script, ...)
  assert.are.equal(0, code, out .. err)
  return out
end

local function sorted_lines(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return lines
end

local function files_in(folder)
  return sorted_lines(must({}, [[ cd "$1" && find . -type f -o -type l ]], folder))
end

local function use_lua(lua_version, tree)
  return ("package.path = %q .. package.path\npackage.cpath = %q .. package.cpath\n"):format(
    ("%s/share/lua/%s/?.lua;"):format(tree, lua_version),
    ("%s/lib/lua/%s/?.so;"):format(tree, lua_version)
  ) .. USE
end

describe("packaging", function()
  local folder
  local version = _VERSION:match "[%d.]+"
  local abi = rawget(_G, "jit") and "luajit" or version

  setup(function()
    folder = must({}, "mktemp -d"):gsub("\n", "")
  end)

  teardown(function()
    must({}, [[ rm -r "$1" ]], folder)
  end)

  describe("rockspec", function()
    local function read_rockspec()
      local values = {}
      local chunk = assert(loadfile(ROCKSPEC, "t", values))
      local set_environment = rawget(_G, "setfenv") -- 5.1's loadfile takes none
      if set_environment then
        set_environment(chunk, values)
      end
      chunk()
      return values
    end

    it("names every Lua file of the tree by its module's name, and no other", function()
      local expected, listed = {}, {}
      for _, path in ipairs(sorted_lines(must({}, "find lua -name '*.lua'"))) do
        expected[path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", ".")] = path
      end
      for name, module in pairs(read_rockspec().build.modules) do
        listed[name] = type(module) == "string" and module or nil
      end
      assert.are.same(expected, listed)
    end)

    it("names every C file of the tree, and no other", function()
      local core = read_rockspec().build.modules["elevenlabs.workspace.core"]
      assert.are.same(sorted_lines(must({}, "ls csrc/*/*.c")), core.sources)
    end)

    it("passes luarocks lint", function()
      must({ HOME = folder }, [[ luarocks lint "$1" ]], ROCKSPEC)
    end)
  end)

  describe("make dist", function()
    local NAME = "elevenlabs-workspace-" .. require "elevenlabs.workspace.version"
    local dist, unpacked

    local function make_dist(source, to)
      must(
        { MAKEFLAGS = false, MFLAGS = false, MAKELEVEL = false },
        [[ make -s -C "$1" dist LUA="$2" BUILD="$3" ]],
        source,
        LUA,
        to
      )
      return to .. "/dist"
    end

    setup(function()
      dist, unpacked = make_dist(".", folder .. "/first"), folder .. "/" .. NAME
      must({}, [[ tar -x -f "$1/$2.tar.gz" -C "$3" ]], dist, NAME, folder)
    end)

    it("holds the tree's files, and the versioned rockspec", function()
      local expected = {}
      for path in must({}, "sh .ci/files"):gmatch "%Z+" do
        expected[#expected + 1] = "./" .. (path == ROCKSPEC and NAME .. "-1.rockspec" or path)
      end
      table.sort(expected)
      assert.are.same(expected, files_in(unpacked))
      must({}, [[ cmp "$1/$3-1.rockspec" "$2/$3-1.rockspec" ]], dist, unpacked, NAME)
      must({ HOME = folder }, [[ luarocks lint "$1/$2-1.rockspec" ]], dist, NAME)
    end)

    it("gives the same bytes again, at any time, of any user's files, without git", function()
      must({}, [[ cd "$1" && chmod -R go-rwx . && mkdir build && touch build/old ]], unpacked)
      local again = make_dist(unpacked, folder .. "/second")
      must({}, [[ cmp "$1/$3.tar.gz" "$2/$3.tar.gz" ]], dist, again, NAME)
      local list = must({}, [[ TZ=UTC tar -t -v -f "$1/$2.tar.gz" --numeric-owner ]], dist, NAME)
      for line in list:gmatch "[^\n]+" do
        assert.matches("^[d-]rw[x-]r%-[x-]r%-[x-] 0/0 +%d+ 2000%-01%-01 00:00 ", line)
      end
    end)

    if abi ~= "luajit" then
      it("is what LuaRocks builds from the rockspec beside it", function()
        local tree = folder .. "/built"
        must(
          { HOME = folder },
          [[
            cd "$1"
            luarocks --lua-version "$2" --tree "$3" build --deps-mode=none "$4-1.rockspec" \
              CFLAGS="-O0 -fPIC"
          ]],
          dist,
          version,
          tree,
          NAME
        )
        local out = must(OUTSIDE, [[ cd / && "$1" -e "$2" ]], LUA, use_lua(version, tree))
        assert.are.equal("not_sent", out)
      end)

      it("is built by luarocks make, and used, as the README says", function()
        local lines = must({}, [[ sed -n '/^luarocks .*--tree/,/^```/p' README.md | sed '$d' ]])
        lines = lines:gsub("5%.4", version)
        local make, environment = lines:match "^(.-)\n(.*)$"
        local options = " --deps-mode=none CFLAGS='-O0 -fPIC'" -- the compiler is the slow part
        must({ HOME = folder }, 'cd "$1" && ' .. make .. options, unpacked)
        local outside = { LUA_PATH = false, LUA_CPATH = false, HOME = folder }
        local out = must(outside, environment .. [[ cd / && "$1" -e "$2" ]], LUA, USE)
        assert.are.equal("not_sent", out)
        out = must(outside, environment .. "cd / && elevenlabs-workspace --help")
        assert.matches("^Usage: elevenlabs%-workspace", out)
        assert.are.equal(folder .. "/rocks/bin/elevenlabs-workspace\n",
          must(outside, environment .. "command -v elevenlabs-workspace"))
      end)
    end
  end)

  describe("make install", function()
    local prefix

    -- Built apart from the tree, and with none of the flags that the specs run with.
    local function make(target, destdir, more)
      return must(
        { MAKEFLAGS = false, MFLAGS = false, MAKELEVEL = false },
        [[ make -s "$1" LUA="$2" BUILD="$3/build" CFLAGS=-O0 PREFIX="$4" DESTDIR="$5" $6 ]],
        target,
        LUA,
        folder,
        prefix,
        destdir or "",
        more or ""
      )
    end

    setup(function()
      prefix = folder .. "/a prefix"
      make "install"
    end)

    it("puts each file in its place, and uninstall removes all of them", function()
      local destdir = folder .. "/staged"
      local expected = {
        "./bin/elevenlabs-workspace",
        "./include/elevenlabs-workspace.h",
        ("./lib/libelevenlabs-workspace-%s.a"):format(abi),
        ("./lib/lua/%s/elevenlabs/workspace/core.so"):format(version),
        "./lib/pkgconfig/elevenlabs-workspace.pc",
        "./share/bash-completion/completions/elevenlabs-workspace",
        "./share/doc/elevenlabs-workspace/reference.html",
        "./share/doc/elevenlabs-workspace/reference.md",
        "./share/fish/vendor_completions.d/elevenlabs-workspace.fish",
      }
      for _, path in ipairs(sorted_lines(must({}, "cd lua && find . -name '*.lua'"))) do
        expected[#expected + 1] = path:gsub("^%.", "./share/lua/" .. version)
      end
      expected[#expected + 1] = "./share/man/man1/elevenlabs-workspace.1"
      expected[#expected + 1] = "./share/man/man3/elevenlabs-workspace.3"
      expected[#expected + 1] = "./share/zsh/site-functions/_elevenlabs-workspace"
      assert.are.same(expected, files_in(prefix))

      make("install", destdir)
      assert.are.same(expected, files_in(destdir .. prefix))
      must({}, [[ diff -r "$1" "$2" ]], prefix, destdir .. prefix)

      local foreign = ("%s%s/share/lua/%s/elevenlabs/other.lua"):format(destdir, prefix, version)
      must({}, [[ touch "$1" ]], foreign)
      make("uninstall", destdir)
      assert.are.equal(foreign .. "\n", must({}, [[ find "$1" -type f ]], destdir))
      must({}, [[ rm "$1" ]], foreign)
      make("uninstall", destdir)
      assert.are.equal("", must({}, [[ find "$1" -type f -o -name 'elevenlabs*' ]], destdir))
      assert.are.same(expected, files_in(prefix))
    end)

    it("installs the manual pages of the command and of the Lua interface", function()
      local env = { MANPATH = prefix .. "/share/man", MANPAGER = "cat" }
      local out = must(env, [[ man elevenlabs-workspace ]])
      assert.matches("remove,? grant and read roles on", (out:gsub("%s+", " ")))
      out = must(env, [[ man 3 elevenlabs-workspace ]])
      assert.matches("remove,? grant and read roles from Lua", (out:gsub("%s+", " ")))
    end)

    it("without pandoc installs the pages that were made, and names those that were not", function()
      local made, unmade = folder .. "/made", folder .. "/unmade"
      local function pages_of(destdir)
        return (must({}, [[ cd "$1" && find . -name 'ref*.html' -o -name '*.3' | wc -l ]], destdir))
      end
      assert.are.equal("", make("install", made, "PANDOC="))
      assert.matches("^2", pages_of(made))
      must({}, [[ rm "$1/build/docs/reference.html" "$1"/build/docs/*.3 ]], folder)
      local out = make("install", unmade, "PANDOC=")
      assert.matches("^0", pages_of(unmade))
      local missing = "not installed, because pandoc is missing: share/"
      assert.matches(missing .. "doc/elevenlabs-workspace/reference.html\n", out, 1, true)
      assert.matches(missing .. "man/man3/elevenlabs-workspace.3\n", out, 1, true)
      must({}, [[ test -e "$1/share/doc/elevenlabs-workspace/reference.md" ]], unmade .. prefix)
    end)

    it("installs a command that runs from any folder", function()
      local out = must(OUTSIDE, [[ cd / && "$1/bin/elevenlabs-workspace" --help ]], prefix)
      assert.matches("^Usage: elevenlabs%-workspace", out)
    end)

    it("installs a command that finds its modules, and keeps them to itself", function()
      local out = must(
        OUTSIDE,
        [[ cd / && "$1/bin/elevenlabs-workspace" sandbox --port 0 -- env ]],
        prefix
      )
      assert.matches("ELEVENLABS_BASE_URL=https://127.0.0.1:%d+", out)
      assert.is_nil(out:find "LUA_C?PATH=")
    end)

    it("installs a module that stays in memory when its lua_State closes", function()
      local code, out, log = sh(
        { LUA_PATH = false, LUA_CPATH = false, LD_DEBUG = "files" },
        [[ cd / && exec "$1" -e "$2" ]],
        LUA,
        use_lua(version, prefix)
      )
      assert.are.same({ 0, "not_sent" }, { code, out })
      assert.matches("/cjson.so %[0%];  destroying link map", log)
      assert.is_nil(log:find "/core.so %[0%];  destroying link map")
    end)

    it("installs a header and a static library that an application can link", function()
      must(
        { PKG_CONFIG_PATH = prefix .. "/lib/pkgconfig" },
        [[
          flags=$(pkg-config --cflags --libs elevenlabs-workspace "$2")
          eval cc -std=c99 -Wall -Wextra -Werror -o "'$1/embed'" spec/system/embed.c "$flags"
        ]],
        folder,
        abi == "luajit" and "luajit" or "lua" .. abi
      )
      must({}, [[ mv "$1/lib/lua" "$1/away" ]], prefix) -- only the linked one is left
      local code, out, err =
        sh(OUTSIDE, [[ cd / && "$1" "$2" ]], folder .. "/embed", use_lua(version, prefix))
      must({}, [[ mv "$1/away" "$1/lib/lua" ]], prefix)
      assert.are.same({ 0, "not_sent", "" }, { code, out, err })
    end)
  end)
end)
