local output = require "elevenlabs.workspace.cli.output"
local process = require "spec.support.process"
local tls = require "spec.support.servers.tls"
local uv = require "luv"

local folder

local function path_of(name)
  return folder .. "/" .. name
end

local function write(name, text)
  local file = assert(io.open(path_of(name), "w"))
  file:write(text)
  file:close()
  return path_of(name)
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local function count_files()
  return tonumber(tls.output(("ls %s | wc -l"):format(folder)))
end

describe("cli.output", function()
  before_each(function()
    folder = tls.output "mktemp -d"
  end)

  after_each(function()
    process.run { "rm", "-r", folder }
  end)

  describe("a list", function()
    it("takes its place when it is whole, readable by its owner alone", function()
      local path = write("list", "old")
      local list = assert(output.open_list(path))
      list:write "new"
      assert.are.equal("old", read(path))
      assert.is_true(list:commit())
      assert.are.equal("new", read(path))
      assert.are.equal(384, uv.fs_stat(path).mode % 512)
      assert.are.equal(1, count_files())
    end)

    it("leaves its place as it is if a write fails", function()
      local path = write("list", "old")
      local list = assert(output.open_list(path))
      list.file:close()
      list.file = assert(io.open "/dev/zero") -- which takes no writes
      list:write "new"
      local ok, why = list:commit()
      assert.is_nil(ok)
      assert.are.equal("string", type(why))
      assert.are.same({ "old", 1 }, { read(path), count_files() })
    end)

    it("takes the place of what a link names, or would name", function()
      assert(uv.fs_symlink("real", path_of "link"))
      local list = assert(output.open_list(path_of "link"))
      list:write "new"
      assert.is_true(list:commit())
      assert.are.equal("new", read(path_of "real"))
      assert.are.equal("real", uv.fs_readlink(path_of "link"))
    end)

    it("leaves no trace if it is discarded", function()
      local path = write("list", "old")
      local list = assert(output.open_list(path))
      list:write "new"
      list:discard()
      assert.are.same({ "old", 1 }, { read(path), count_files() })
      list = assert(output.open_list "/dev/null")
      list:discard()
      assert(io.open "/dev/null"):close()
    end)

    it("says why it cannot be opened", function()
      local list, why = output.open_list(path_of "none/list")
      assert.is_nil(list)
      assert.matches("ENOENT", why)
    end)
  end)

  describe("of two options", function()
    local WRITTEN, ALL = { "failed" }, { "from", "api_key_file", "failed" }

    it("finds the same file, by whatever name, there or not", function()
      local from = write("from", "x")
      assert(uv.fs_link(from, path_of "hard"))
      assert(uv.fs_symlink(from, path_of "soft"))
      for _, failed in ipairs { from, path_of "hard", path_of "soft", folder .. "/./from" } do
        assert.are.equal(
          "--failed would overwrite the file of --from",
          output.find_clash({ from = from, failed = failed }, WRITTEN, ALL)
        )
      end
      local none = { api_key_file = path_of "none", failed = folder .. "/./none" }
      assert.are.equal(
        "--failed would overwrite the file of --api-key-file",
        output.find_clash(none, WRITTEN, ALL)
      )
    end)

    it("lets different files, standard input and devices be", function()
      local from = write("from", "x")
      for _, values in ipairs {
        { from = from, failed = path_of "failed" },
        { from = "-", failed = "-" },
        { from = "/dev/null", failed = "/dev/null" },
        { from = from },
      } do
        assert.is_nil(output.find_clash(values, WRITTEN, ALL))
      end
    end)
  end)
end)
