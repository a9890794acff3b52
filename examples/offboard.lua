-- Takes a leaver's roles away, one resource at a time, and says what became of each.
--
--   ELEVENLABS_API_KEY=... lua examples/offboard.lua
--
-- ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE point it at another server, such as the
-- sandbox: elevenlabs-workspace sandbox --port 0 -- lua examples/offboard.lua

local workspace = require "elevenlabs.workspace"

local LEAVER = "mia@example.com"

-- Where the leaver may have a role. There is no "list everything shared with", so
-- a real script would collect these from the voices, agents and projects.
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

local client = assert(workspace.new {
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

local counts = { confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }
local total = 0

local function remove(resource_id, resource_type, user_email)
  local receipt, err = client:unshare {
    resource_id = resource_id,
    resource_type = resource_type,
    user_email = user_email,
  }
  local outcome = receipt and receipt.outcome or err.outcome
  total = total + 1
  counts[outcome] = counts[outcome] + 1
  print(("  %-16s %-16s %s"):format(resource_id, user_email, receipt and outcome or tostring(err)))
end

print_roles "Who has which role:"

print(("\nRemoving %s:"):format(LEAVER))
for _, entry in ipairs(RESOURCES) do
  remove(entry[1], entry[2], LEAVER)
end

print "\nRemoving max@example.com, of whom this workspace knows nothing:"
remove("voice_narrator", "voice", "max@example.com")

print_roles "\nWhat the server says now:"

print(
  ("\ntotal %d confirmed %d refused %d unconfirmed %d not_sent %d"):format(
    total,
    counts.confirmed,
    counts.refused,
    counts.unconfirmed,
    counts.not_sent
  )
)
client:close()
