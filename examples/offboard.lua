-- Removes a leaver from ten resources, and says what became of each.
--
--   ELEVENLABS_API_KEY=... lua examples/offboard.lua
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE name another server than the service, such as the
-- sandbox: elevenlabs-workspace sandbox --port 0 -- lua examples/offboard.lua

local workspace = require "elevenlabs.workspace"

local LEAVER = "mia@example.com"

-- The resources that the leaver may have a role on. The API has no such list: a real script
-- collects ids from the API's lists of voices, agents and projects.
local RESOURCES = {
  { "voice_narrator", "voice" },
  { "voice_trailer", "voice" },
  { "voices_2026", "voice_collection" },
  { "agent_support", "convai_agents" },
  { "agent_sales", "convai_agents" },
  { "doc_faq", "convai_knowledge_base_documents" },
  { "dict_names", "pronunciation_dictionary" },
  { "project_launch", "project" },
  { "dub_teaser", "dubbing" },
  { "voice_draft", "voice" },
}

--- In some Luas assert takes nothing but text for its message, and the library's errors are tables.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local client = must(workspace.new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})

local function print_roles(title)
  print(title)
  for _, entry in ipairs(RESOURCES) do
    local resource, err = client:get { resource_id = entry[1], resource_type = entry[2] }
    local parts = {}
    for _, role in ipairs { "admin", "editor", "commenter", "viewer" } do
      for _, id in ipairs(resource and resource.role_to_group_ids[role] or {}) do
        parts[#parts + 1] = id .. " " .. role
      end
    end
    print(("  %-16s %s"):format(entry[1], resource and table.concat(parts, ", ") or tostring(err)))
  end
end

local items = {}
for i, entry in ipairs(RESOURCES) do
  items[i] = { resource_id = entry[1], resource_type = entry[2], user_email = LEAVER }
end
-- A person who is unknown in this workspace.
items[#items + 1] = {
  resource_id = "voice_narrator",
  resource_type = "voice",
  user_email = "max@example.com",
}

print_roles "Who has which role:"

print "\nRemoving:"
-- For thousands of items pass a journal too: a run that was killed can then be resumed.
local report = must(client:unshare_many(items, {
  on_result = function(item, receipt, err)
    local line = "  %-16s %-16s %s"
    print(line:format(item.resource_id, item.user_email, tostring(receipt or err)))
  end,
}))

print_roles "\nWhat the server says now:"
print(("\n%s"):format(tostring(report)))
client:close()
