--- The lists from which every resource is found. Source of the paths, the paging and the fields: the
--- API's OpenAPI document of September 2026; rows with `sdk`: the official JavaScript SDK 2.73.0.

---@class elevenlabs.workspace.offboard.Source
---@field name string how people and files name the list
---@field types string[] the resource types of its ids; several: nobody has published which
---@field path string[] `{id}` stands for the id of a resource of the list `of`
---@field list string|nil the field that holds the rows; nil: the answer is an array
---@field id string the field of a row that holds the resource's id; dots lead into objects
---@field title string|nil the field with the name
---@field creator string|nil the field that says who created the resource: an id or an address
---@field size string|nil the parameter for the number of rows, if the list has pages
---@field most integer|nil the largest number of rows
---@field paging elevenlabs.workspace.offboard.Paging|nil nil: one page
---@field queries string[][]|nil parameters of each reading; nil: one reading without any
---@field of string|nil the list whose resources each have a list of this kind
---@field never_complete string|nil why the list does not name every resource
---@field sdk boolean|nil

--- How a list's next page is asked for.
---@class elevenlabs.workspace.offboard.Paging
---@field send string the parameter that gets the cursor or the page's number
---@field receive string|nil the field with the next cursor; nil: pages are numbered from 1
---@field total boolean|nil pages are numbered, and say the number of all rows

local CURSOR = { send = "cursor", receive = "next_cursor" }

local CONVAI_CREATOR = "access_info.creator_email"

--- A list below /v1/convai/ that is paged by a cursor.
local function convai(name, path, list, id, title, further)
  local source = {
    name = name,
    types = { name },
    path = { "v1", "convai" },
    list = list,
    id = id,
    title = title,
    size = "page_size",
    most = 100,
    paging = CURSOR,
  }
  for segment in path:gmatch "[^/]+" do
    source.path[#source.path + 1] = segment
  end
  for field, value in pairs(further or {}) do
    source[field] = value
  end
  return source
end

---@type elevenlabs.workspace.offboard.Source[]
local sources = {
  {
    name = "voice",
    types = { "voice" },
    path = { "v2", "voices" },
    list = "voices",
    id = "voice_id",
    title = "name",
    size = "page_size",
    most = 100,
    paging = { send = "next_page_token", receive = "next_page_token" },
  },
  {
    name = "voice_collection",
    types = { "voice_collection" },
    path = { "v1", "voices", "collections" },
    list = "collections",
    id = "collection_id",
    title = "title",
    sdk = true,
  },
  {
    name = "pronunciation_dictionary",
    types = { "pronunciation_dictionary" },
    path = { "v1", "pronunciation-dictionaries" },
    list = "pronunciation_dictionaries",
    id = "id",
    title = "name",
    creator = "created_by",
    size = "page_size",
    most = 100,
    paging = CURSOR,
    queries = { { "include_archived", "true" } },
  },
  {
    name = "dubbing",
    types = { "dubbing" },
    path = { "v1", "dubbing" },
    list = "dubs",
    id = "dubbing_id",
    title = "name",
    size = "page_size",
    most = 200,
    paging = CURSOR,
  },
  {
    name = "dubbing_project",
    types = { "dubbing_project" },
    path = { "v1", "dubbing", "project" },
    list = "projects",
    id = "project_id",
    title = "reference",
    size = "page_size",
    most = 100,
    paging = CURSOR,
  },
  {
    name = "studio_projects",
    types = { "project", "studio_projects" },
    path = { "v1", "studio", "projects" },
    list = "projects",
    id = "project_id",
    title = "name",
    creator = "created_by_user_id",
  },
  convai("convai_agents", "agents", "agents", "agent_id", "name", {
    creator = CONVAI_CREATOR,
    queries = { { "archived", "false" }, { "archived", "true" } },
  }),
  convai("convai_knowledge_base_documents", "knowledge-base", "documents", "id", "name", {
    creator = CONVAI_CREATOR,
  }),
  convai("convai_tools", "tools", "tools", "id", "tool_config.name", { creator = CONVAI_CREATOR }),
  convai("convai_secrets", "secrets", "secrets", "secret_id", "name"),
  {
    name = "convai_phone_numbers",
    types = { "convai_phone_numbers" },
    path = { "v1", "convai", "phone-numbers" },
    id = "phone_number_id",
    title = "label",
  },
  {
    name = "convai_mcp_servers",
    types = { "convai_mcp_servers" },
    path = { "v1", "convai", "mcp-servers" },
    list = "mcp_servers",
    id = "id",
    title = "config.name",
    creator = CONVAI_CREATOR,
  },
  {
    name = "convai_batch_calls",
    types = { "convai_batch_calls" },
    path = { "v1", "convai", "batch-calling", "workspace" },
    list = "batch_calls",
    id = "id",
    title = "name",
    size = "limit",
    most = 100,
    paging = { send = "last_doc", receive = "next_doc" },
  },
  convai("convai_agent_response_tests", "agent-testing", "tests", "id", "name", {
    creator = CONVAI_CREATOR,
  }),
  convai("convai_test_suite_invocations", "test-invocations", "results", "id", "title", {
    creator = CONVAI_CREATOR,
  }),
  convai("convai_crawl_jobs", "knowledge-base/crawl", "crawl_jobs", "id", "seed_url", {
    never_complete = "it names the key owner's ongoing and recent jobs alone",
  }),
  {
    name = "convai_whatsapp_accounts",
    types = { "convai_whatsapp_accounts" },
    path = { "v1", "convai", "whatsapp-accounts" },
    list = "items",
    id = "phone_number_id",
    title = "phone_number_name",
  },
  {
    name = "convai_agent_branches",
    types = { "convai_agent_branches" },
    path = { "v1", "convai", "agents", "{id}", "branches" },
    list = "results",
    id = "id",
    title = "name",
    creator = CONVAI_CREATOR,
    size = "limit",
    most = 100,
    queries = { { "include_archived", "true" } },
    of = "convai_agents",
  },
  {
    name = "convai_agent_versions_deployments",
    types = { "convai_agent_versions_deployments" },
    path = { "v1", "convai", "agents", "{id}", "deployments" },
    list = "results",
    id = "id",
    size = "page_size",
    most = 100,
    paging = { send = "page", total = true },
    of = "convai_agents",
    sdk = true,
  },
  {
    name = "assets",
    types = { "assets" },
    path = { "v1", "assets" },
    list = "assets",
    id = "asset_id",
    title = "name",
    size = "page_size",
    most = 100,
    paging = CURSOR,
  },
  {
    name = "workspace_auth_connections",
    types = { "workspace_auth_connections" },
    path = { "v1", "workspace", "auth-connections" },
    list = "auth_connections",
    id = "id",
    title = "name",
  },
}

return sources
