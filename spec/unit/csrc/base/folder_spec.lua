local core = require "elevenlabs.workspace.core"
local uv = require "luv"

describe("base/folder", function()
  local root

  before_each(function()
    root = assert(uv.fs_mkdtemp "/tmp/folder_XXXXXX")
  end)

  after_each(function()
    os.execute(("rm -rf '%s'"):format(root))
  end)

  local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
  end

  local function read(path)
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    return text
  end

  it("makes a folder that its owner alone may enter, and takes it again", function()
    local path = root .. "/case"
    assert.is_true(core.make_folder(path))
    assert.equal(448, uv.fs_stat(path).mode % 512) -- 0700
    assert.is_true(core.make_folder(path))
  end)

  it("refuses a file, a folder that others can write, and one that cannot be made", function()
    write(root .. "/file", "")
    assert(uv.fs_mkdir(root .. "/open", 448))
    assert(uv.fs_chmod(root .. "/open", 511))
    for name, why in pairs {
      file = "is a file",
      open = "can be written by others: chmod 700 it",
      ["none/below"] = "cannot be made: its parent folder is missing",
    } do
      local ok, failure = core.make_folder(root .. "/" .. name)
      assert.is_nil(ok)
      assert.equal("folder", failure.field)
      assert.equal("invalid_argument", failure.kind)
      assert.truthy(failure.message:find(why, 1, true), failure.message)
    end
  end)

  it("refuses a folder of another user", function()
    if uv.getuid() ~= 0 then
      return pending "only root can give a folder away"
    end
    assert(uv.fs_mkdir(root .. "/theirs", 448))
    assert(uv.fs_chown(root .. "/theirs", 65534, 65534))
    local ok, failure = core.make_folder(root .. "/theirs")
    assert.is_nil(ok)
    assert.truthy(failure.message:find("belongs to another user", 1, true))
  end)

  it("refuses a path with a NUL", function()
    for _, call in ipairs { "make_folder", "check_folder", "make_file" } do
      local ok, failure = core[call](root .. "/a\0b")
      assert.is_nil(ok)
      assert.equal("the folder's path must not hold NUL", failure.message)
    end
    assert.is_nil(core.rename(root .. "/a\0b", root .. "/c"))
  end)

  it("makes an empty file for its owner alone, and none in the place of another", function()
    local path = root .. "/report.html.new"
    assert.is_true(core.make_file(path))
    local status = uv.fs_stat(path)
    assert.same({ 384, 0 }, { status.mode % 512, status.size }) -- 0600
    local ok, failure = core.make_file(path)
    assert.is_nil(ok)
    assert.truthy(failure.message:find("cannot be made: File exists", 1, true))
  end)

  it("puts a file in the place of another", function()
    write(root .. "/new", "new")
    write(root .. "/old", "old")
    assert.is_true(core.rename(root .. "/new", root .. "/old"))
    assert.equal("new", read(root .. "/old"))
    assert.is_nil(uv.fs_stat(root .. "/new"))
  end)

  it("says why a file is not in its place", function()
    local ok, failure = core.rename(root .. "/none", root .. "/old")
    assert.is_nil(ok)
    assert.truthy(failure.message:find("old cannot be put in its place: No such file", 1, true))
  end)
end)
