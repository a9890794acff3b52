-- The page of an offboarding report in Chromium: what it loads, how it fits, and whether a reader
-- with a screen reader, in the dark or on paper can use it.

local axe = require "spec.support.axe"
local chromium = require "spec.support.chromium"
local html = require "elevenlabs.workspace.offboard.report.html"
local process = require "spec.support.process"
local report = require "spec.support.report"
local uv = require "luv"

describe("the page of a report", function()
  local page, folder, server, url, connections

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(uv.fs_mkdir(folder, 448)) -- 0700
    server, connections = uv.new_tcp(), 0
    server:bind("127.0.0.1", 0)
    server:listen(8, function()
      local client = uv.new_tcp()
      server:accept(client)
      client:close()
      connections = connections + 1
    end)
    url = ("http://127.0.0.1:%d/"):format(server:getsockname().port)
    page = chromium.start()
  end)

  teardown(function()
    page:close()
    server:close()
    process.run { "rm", "-r", folder }
  end)

  local function open(text)
    local path = folder .. "/report.html"
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    page:open(path)
  end

  local function page_of(document)
    local parts = {}
    html.write(document, function(text)
      parts[#parts + 1] = text
    end)
    return table.concat(parts)
  end

  --- A case whose names try to load something, and to be wider than the page.
  local function hostile_case()
    local tags = ('<img src="%sa"><script src="%sb"></script><style>@import "%sc";</style>'):format(
      url,
      url,
      url
    )
    local document = report.case(3)
    for _, name in ipairs { tags, ("x"):rep(500), "\226\128\174" .. ("\194\160"):rep(300) } do
      local row = report.row(name, name, name, { outcome = "refused", why = name })
      table.insert(document.rows, 1, row)
      table.insert(document.limits, name)
      table.insert(document.residuals, { kind = "group", text = name, next_step = name })
    end
    document.headline, document.note = tags, ("x"):rep(500)
    document.subject.label = "</style>" .. tags
    return document
  end

  --- Try to load an image, a script and an answer, and wait until each is over.
  local LOADS = [[Promise.all([
    new Promise(over => { let i = new Image; i.onload = i.onerror = over; i.src = URL + "i" }),
    new Promise(over => { let s = document.createElement("script"); s.onload = s.onerror = over;
      s.src = URL + "s"; document.body.append(s) }),
    fetch(URL + "f").catch(() => 0),
  ]).then(() => "over")]]

  local function load_from_page()
    assert.are.equal("over", page:run((LOADS:gsub("URL", ("%q"):format(url)))))
    uv.run "nowait"
  end

  it("asks nobody for anything, whatever the names hold", function()
    open(page_of(hostile_case()))
    local requests = page:seen "Network.requestWillBeSent"
    assert.are.equal(1, #requests)
    assert.matches("^file://", requests[1].request.url)
    assert.are.equal(0, page:run "document.querySelectorAll('img, script, link, iframe').length")
    assert.are.equal(1, page:run "document.styleSheets.length")
    assert.are.equal(0, connections)
  end)

  it("forbids everything that something in the page would load", function()
    local text = page_of(report.case())
    open(text)
    load_from_page()
    assert.are.equal(0, connections)
    open((text:gsub('<meta http%-equiv="Content%-Security%-Policy"[^>]*>', "")))
    load_from_page()
    assert.is_true(connections > 0, "nothing reached the server without the policy either")
  end)

  it("is never wider than the screen", function()
    open(page_of(hostile_case()))
    for _, width in ipairs { 1280, 800, 390, 320 } do
      page:resize(width, "light")
      assert.are.equal(width, page:run "Math.max(innerWidth, document.documentElement.scrollWidth)")
    end
  end)

  --- The colours of the page as three numbers.
  local function colour(of)
    return page:run(("getComputedStyle(document.body).%s"):format(of))
  end

  it("is dark for those who want the dark, and light on their paper", function()
    open(page_of(report.case()))
    page:resize(1280, "light")
    assert.are.same({ "rgb(255, 255, 255)", "rgb(22, 25, 29)" },
      { colour "backgroundColor", colour "color" })
    page:resize(1280, "dark")
    assert.are.same({ "rgb(20, 23, 26)", "rgb(231, 234, 237)" },
      { colour "backgroundColor", colour "color" })
    page:command("Emulation.setEmulatedMedia", {
      media = "print",
      features = { { name = "prefers-color-scheme", value = "dark" } },
    })
    assert.are.same({ "rgb(255, 255, 255)", "rgb(22, 25, 29)" },
      { colour "backgroundColor", colour "color" })
  end)

  it("prints with the heads of its tables on each page, and cuts no row", function()
    open(page_of(report.case(100)))
    page:command("Emulation.setEmulatedMedia", { media = "print" })
    for _, rule in ipairs {
      { "thead", "display", "table-header-group" },
      { "tbody tr", "breakInside", "avoid" },
    } do
      local found = page:run(([[Array.from(document.querySelectorAll(%q),
        found => getComputedStyle(found).%s).filter(value => value != %q).length]]):format(
        rule[1],
        rule[2],
        rule[3]
      ))
      assert.are.equal(0, found, rule[1])
    end
    local pdf = page:command("Page.printToPDF", { preferCSSPageSize = true }).data
    assert.matches("^JVBERi0", pdf) -- %PDF-
    page:command("Emulation.setEmulatedMedia", { media = "" })
  end)

  it("has no fault that axe-core finds, in light and dark, wide and narrow", function()
    local source, why = axe.fetch()
    if not source then
      pending(why)
    end
    open(page_of(report.case(3)))
    assert.are.same(axe.NOTHING, axe.faults(page, source))
  end)
end)
