--- The operations: how each is sent, whether it may be repeated, and what a good answer is. The C
--- core has the same rows (csrc/api/operations.c), which a spec compares with these.

---@class elevenlabs.workspace.Operation
---@field method "POST"|"GET"|"HEAD"
---@field path string|false "{resource_id}" stands for the percent-encoded id; false: an argument
---@field query string[] the fields that are sent in the query
---@field body string[]|false the fields that are sent as a JSON object; false: no body
---@field takes_resource boolean the arguments name a resource
---@field sends_key boolean
---@field is_change boolean it gives or takes a role
--- True if a second request cannot undo what somebody did after the first.
---@field is_repeatable boolean
---@field answer "confirmation"|"resource"|"page"|"any" what a good answer is: a 200 whose body the
--- core has proved; a 200 with one JSON object; a 200 with a JSON object or array; any answer at all

local RESOURCE = "/v1/workspace/resources/{resource_id}"

---@type table<string, elevenlabs.workspace.Operation>
return {
  unshare = {
    method = "POST",
    path = RESOURCE .. "/unshare",
    query = {},
    body = { "resource_type", "user_email", "group_id", "workspace_api_key_id" },
    takes_resource = true,
    sends_key = true,
    is_change = true,
    is_repeatable = true,
    answer = "confirmation",
  },
  share = {
    method = "POST",
    path = RESOURCE .. "/share",
    query = {},
    body = { "resource_type", "user_email", "group_id", "workspace_api_key_id", "role" },
    takes_resource = true,
    sends_key = true,
    is_change = true,
    is_repeatable = false,
    answer = "confirmation",
  },
  get = {
    method = "GET",
    path = RESOURCE,
    query = { "resource_type" },
    body = false,
    takes_resource = true,
    sends_key = true,
    is_change = false,
    is_repeatable = true,
    answer = "resource",
  },
  --- One page of a list. The arguments are { path = segments, query = names and values in turns }.
  --- `shape` and `member` say which member of the page is to be an "array" or an "object".
  list = {
    method = "GET",
    path = false,
    query = {},
    body = false,
    takes_resource = false,
    sends_key = true,
    is_change = false,
    is_repeatable = true,
    answer = "page",
  },
  connect = {
    method = "HEAD",
    path = "/",
    query = {},
    body = false,
    takes_resource = false,
    sends_key = false,
    is_change = false,
    is_repeatable = true,
    answer = "any",
  },
}
