--- The operations: how each is sent, whether it may be repeated, and what a good answer is. The C
--- core has the same rows (csrc/api/operations.c), which a spec compares with these.

---@class elevenlabs.workspace.Operation
---@field method "POST"|"GET"|"HEAD"
---@field path string "{resource_id}" stands for the percent-encoded id
---@field query string[] the fields that are sent in the query
---@field body string[]|false the fields that are sent as a JSON object; false: no body
---@field takes_args boolean false: the request has neither arguments nor a key
---@field is_change boolean it gives or takes a role
--- True if a second request cannot undo what somebody did after the first.
---@field is_repeatable boolean
---@field answer "confirmation"|"resource"|"any" what a good answer is: a 200 whose body the core
--- has proved; a 200 with one JSON object; any answer at all

local RESOURCE = "/v1/workspace/resources/{resource_id}"

---@type table<string, elevenlabs.workspace.Operation>
return {
  unshare = {
    method = "POST",
    path = RESOURCE .. "/unshare",
    query = {},
    body = { "resource_type", "user_email", "group_id", "workspace_api_key_id" },
    takes_args = true,
    is_change = true,
    is_repeatable = true,
    answer = "confirmation",
  },
  share = {
    method = "POST",
    path = RESOURCE .. "/share",
    query = {},
    body = { "resource_type", "user_email", "group_id", "workspace_api_key_id", "role" },
    takes_args = true,
    is_change = true,
    is_repeatable = false,
    answer = "confirmation",
  },
  get = {
    method = "GET",
    path = RESOURCE,
    query = { "resource_type" },
    body = false,
    takes_args = true,
    is_change = false,
    is_repeatable = true,
    answer = "resource",
  },
  connect = {
    method = "HEAD",
    path = "/",
    query = {},
    body = false,
    takes_args = false,
    is_change = false,
    is_repeatable = true,
    answer = "any",
  },
}
