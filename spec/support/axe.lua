--- Looks for faults of accessibility in a page in Chromium, by axe-core.

local process = require "spec.support.process"

local M = {}

-- The newest axe-core each time, fetched with npm. Specs run side by side: one fetches.
local FOLDER = "build/axe"
local AXE = FOLDER .. "/node_modules/axe-core/axe.min.js"
local FETCH = ("mkdir -p %s; flock %s.lock sh -c \"[ -e '%s' ] || npm install --prefix %s --no-save"
  .. " --ignore-scripts --no-audit --no-fund --fetch-retries=0 --loglevel=error axe-core\""):format(
  FOLDER,
  FOLDER,
  AXE,
  FOLDER
)
local WIDTHS, SCHEMES = { 1280, 390 }, { "light", "dark" }

local function read_file(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

--- The source of axe-core; or nil and why npm cannot fetch it.
---@return string|nil
---@return string|nil
function M.fetch()
  local code, _, err = process.run { "sh", "-c", FETCH }
  if code ~= 0 then
    return nil, "axe-core could not be fetched with npm: " .. err
  end
  return read_file(AXE)
end

--- What axe-core finds in the page that is open, in light and dark, wide and narrow.
---@param page table of chromium.start()
---@param source string of axe-core
---@return table<string, string> faults by "1280 light" and so on; "nothing" if there are none
function M.faults(page, source)
  local faults = {}
  page:run(source .. "; 0")
  for _, width in ipairs(WIDTHS) do
    for _, scheme in ipairs(SCHEMES) do
      page:resize(width, scheme)
      faults[("%d %s"):format(width, scheme)] = page:run [[
        axe.run().then(({ violations, passes }) =>
          violations.map(({ id, nodes }) => id + ": " + nodes[0].html).join("\n")
            || (passes.length > 10 ? "nothing" : "too little was looked at"))]]
    end
  end
  return faults
end

M.NOTHING = {
  ["1280 light"] = "nothing",
  ["1280 dark"] = "nothing",
  ["390 light"] = "nothing",
  ["390 dark"] = "nothing",
}

return M
