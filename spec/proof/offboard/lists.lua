--- The lists of the worlds' server, as the API publishes them. They stand here once more, apart from
--- the library's and the sandbox's: an error in one of these must show.

local M = {}

---@class spec.proof.offboard.List
---@field name string the last of its types
---@field types string[]
---@field path string
---@field rows string|nil the field of the rows; nil: the answer is an array
---@field id string
---@field size string|nil the parameter with the number of rows
---@field default integer|nil
---@field most integer|nil
---@field send string|nil the parameter that asks for a further page
---@field receive string|nil the field with the next cursor; nil: pages have numbers
---@field has_more boolean|nil
---@field of_agent boolean|nil each agent has a list of its own
---@field archived boolean|nil the parameter `archived` chooses (default false)
---@field never_complete boolean|nil

--- { types, path, rows, id, size parameter, default, most, send, receive, has_more }
local ROWS = {
  { "voice", "/v2/voices", "voices", "voice_id", "page_size", 10, 100,
    "next_page_token", "next_page_token", true },
  { "voice_collection", "/v1/voices/collections", "collections", "collection_id" },
  { "pronunciation_dictionary", "/v1/pronunciation-dictionaries", "pronunciation_dictionaries",
    "id", "page_size", 30, 100, "cursor", "next_cursor", true },
  { "dubbing", "/v1/dubbing", "dubs", "dubbing_id", "page_size", 100, 200, "cursor",
    "next_cursor", true },
  { "dubbing_project", "/v1/dubbing/project", "projects", "project_id", "page_size", 20, 100,
    "cursor", "next_cursor" },
  { "project studio_projects", "/v1/studio/projects", "projects", "project_id" },
  { "convai_agents", "/v1/convai/agents", "agents", "agent_id", "page_size", 30, 100, "cursor",
    "next_cursor", true },
  { "convai_knowledge_base_documents", "/v1/convai/knowledge-base", "documents", "id",
    "page_size", 30, 100, "cursor", "next_cursor", true },
  { "convai_tools", "/v1/convai/tools", "tools", "id", "page_size", 30, 100, "cursor",
    "next_cursor", true },
  { "convai_secrets", "/v1/convai/secrets", "secrets", "secret_id", "page_size", 100, 100,
    "cursor", "next_cursor" },
  { "convai_phone_numbers", "/v1/convai/phone-numbers", false, "phone_number_id" },
  { "convai_mcp_servers", "/v1/convai/mcp-servers", "mcp_servers", "id" },
  { "convai_batch_calls", "/v1/convai/batch-calling/workspace", "batch_calls", "id", "limit", 100,
    100, "last_doc", "next_doc", true },
  { "convai_agent_response_tests", "/v1/convai/agent-testing", "tests", "id", "page_size", 30, 100,
    "cursor", "next_cursor", true },
  { "convai_test_suite_invocations", "/v1/convai/test-invocations", "results", "id", "page_size",
    30, 100, "cursor", "next_cursor", true },
  { "convai_crawl_jobs", "/v1/convai/knowledge-base/crawl", "crawl_jobs", "id", "page_size", 30,
    100, "cursor", "next_cursor" },
  { "convai_whatsapp_accounts", "/v1/convai/whatsapp-accounts", "items", "phone_number_id" },
  { "convai_agent_branches", "/v1/convai/agents/{agent}/branches", "results", "id", "limit", 100,
    100 },
  { "convai_agent_versions_deployments", "/v1/convai/agents/{agent}/deployments", "results", "id",
    "page_size", 30, 100, "page" },
  { "assets", "/v1/assets", "assets", "asset_id", "page_size", 30, 100, "cursor", "next_cursor",
    true },
  { "workspace_auth_connections", "/v1/workspace/auth-connections", "auth_connections", "id" },
}

---@type table<string, spec.proof.offboard.List> by path; an agent's id stands as {agent}
M.by_path = {}

---@type table<string, spec.proof.offboard.List> by resource type
M.by_type = {}

--- Kinds that no list names.
M.WITHOUT_LIST = { "songs", "avatars", "dashboard" }

for _, row in ipairs(ROWS) do
  local list = {
    types = {},
    path = row[2],
    rows = row[3] or nil,
    id = row[4],
    size = row[5],
    default = row[6],
    most = row[7],
    send = row[8],
    receive = row[9],
    has_more = row[10],
  }
  for name in row[1]:gmatch "%S+" do
    table.insert(list.types, name)
    list.name, M.by_type[name] = name, list
  end
  list.of_agent = list.path:find("{agent}", 1, true) ~= nil
  list.archived = list.name == "convai_agents"
  list.never_complete = list.name == "convai_crawl_jobs"
  M.by_path[list.path] = list
end

--- The list of a request's path, and the agent whose list it is.
---@return spec.proof.offboard.List|nil
---@return string|nil agent
function M.find(path)
  local agent = path:match "^/v1/convai/agents/([^/]+)/"
  return M.by_path[agent and path:gsub("^(/v1/convai/agents/)[^/]+", "%1{agent}") or path], agent
end

return M
