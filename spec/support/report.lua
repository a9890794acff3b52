--- Documents of offboarding reports, as offboard/document.lua makes them.

local M = {}

local AT = "2026-11-29T17:00:0%dZ"

local function row(id, kind, name, changes)
  local made = {
    resource_id = id,
    resource_type = kind,
    name = name,
    creator = "user_ada",
    roles_before = { "editor" },
    action = "remove",
    outcome = "confirmed",
    read_back = "gone",
    status = 200,
    request_id = "req_" .. id,
    at = AT:format(#id % 10),
    attempts = 1,
  }
  for field, value in pairs(changes or {}) do
    made[field] = value ~= "none" and value or nil
  end
  return made
end

local NOTHING_SENT = {
  outcome = "none",
  read_back = "none",
  status = "none",
  request_id = "none",
  at = "none",
  attempts = "none",
}

--- Changes for a row that was not sent.
function M.unsent(changes)
  local all = {}
  for _, given in ipairs { NOTHING_SENT, changes } do
    for field, value in pairs(given) do
      all[field] = value
    end
  end
  return all
end

M.row = row

--- A document of these rows, whose totals are counted from the rows.
---@param rows table[]
---@param changes table|nil other values of fields; "none" leaves a field out
function M.document(rows, changes)
  local totals = { total = 0, confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }
  local read_back = { gone = 0, still_there = 0, unreadable = 0 }
  for _, each in ipairs(rows) do
    if each.action == "remove" then
      local outcome = each.outcome or "not_sent"
      totals.total, totals[outcome] = totals.total + 1, totals[outcome] + 1
      if each.read_back then
        read_back[each.read_back] = read_back[each.read_back] + 1
      end
    end
  end
  local made = {
    format = "elevenlabs-workspace report 1",
    headline = "No role of their own is left on the 1,204 resources that this key can list "
      .. "and read",
    made_at = AT:format(9),
    subject = { kind = "user", id = "user_mia", label = "mia@example.com" },
    server = "https://api.elevenlabs.io",
    owner = { user_id = "user_ada", seat_type = "workspace_admin" },
    tool = "elevenlabs-workspace 1.0.0",
    commands = {},
    read_at = AT:format(8),
    read_by = "verify",
    coverage = {},
    unread = {},
    without_list = {},
    rows = rows,
    totals = totals,
    read_back = read_back,
    residuals = {},
    only_creator = {},
    files = {},
    limits = {},
  }
  for field, value in pairs(changes or {}) do
    made[field] = value ~= "none" and value or nil
  end
  return made
end

-- ---- a whole case

local function covered(name, listed, changes)
  local made = {
    name = name,
    listed = listed,
    read = listed,
    forbidden = 0,
    not_found = 0,
    failed = 0,
    complete = true,
  }
  for field, value in pairs(changes or {}) do
    made[field] = value
  end
  return made
end

local function command(name, round, began, ended, arguments)
  return {
    command = name,
    round = round,
    began_at = began,
    ended_at = ended,
    operator = "root",
    host = "admin-1",
    arguments = arguments,
  }
end

local COVERAGE = {
  covered("voice", 212),
  covered("pronunciation_dictionary", 18),
  covered("studio_projects", 96, { read = 94, failed = 1, not_found = 1 }),
  covered("convai_agents", 431),
  covered("convai_knowledge_base_documents", 388),
  covered("convai_agent_versions_deployments", 40),
  covered("convai_secrets", 0, {
    complete = false,
    why = "HTTP 401: the API key is missing the permission convai_read",
  }),
  covered("convai_crawl_jobs", 3, {
    complete = false,
    why = "The list names ongoing and recent jobs of the key's owner alone.",
  }),
  covered("assets", 24),
}

local RESIDUALS = {
  {
    kind = "admin_seat",
    text = "A workspace admin's seat opens every resource.",
    next_step = "Change the seat of mia@example.com to a member's, or remove the member.",
  },
  {
    kind = "group",
    text = "The group Studio gives them the editor role on 12 resources.",
    next_step = "Take them out of the group Studio.",
    count = 12,
  },
  {
    kind = "creator",
    text = "They created 2 resources. No request removes a creator's role.",
    next_step = "Have the resources copied by another person, and delete the originals.",
    count = 2,
  },
  {
    kind = "api_keys",
    text = "Their own API keys cannot be listed.",
    next_step = "Ask them, or remove the member: then the keys end.",
  },
}

local TELLING_ROWS = {
  row("voice_8c1fNarrator", "voice", "Narrator, British, warm", { roles_before = { "admin" } }),
  row("dict_4711", "pronunciation_dictionary", "Names of places", {
    outcome = "refused",
    read_back = "still_there",
    why = "You need admin access to the resource.",
    status = 403,
  }),
  row("proj_20kLaunch", "studio_projects", "Launch film", {
    roles_before = { "editor", "role_night_shift" },
    outcome = "unconfirmed",
    read_back = "gone",
    why = "The connection ended before the answer did.",
    status = "none",
    attempts = 3,
  }),
  row("agent_7301", "convai_agents", "Support, first line", {
    granted = { role = "editor", outcome = "confirmed", at = AT:format(4) },
  }),
  row("agent_7302", "convai_agents", "Sales", M.unsent {
    outcome = "not_sent",
    read_back = "still_there",
    why = "The successor's grant was refused, so the removal was withheld.",
    granted = { role = "admin", outcome = "refused", at = AT:format(5) },
  }),
  row("doc_tariffs", "convai_knowledge_base_documents", "Tariffs 2026"),
  row("doc_handbook", "convai_knowledge_base_documents", nil, { roles_before = { "viewer" } }),
  row("voice_own", "voice", "Mia's own voice", M.unsent {
    creator = "user_mia",
    roles_before = { "admin" },
    action = "keep",
    reason = "creator",
    read_back = "still_there",
  }),
  row("agent_emergency", "convai_agents", "Emergency line", M.unsent {
    roles_before = { "viewer" },
    action = "keep",
    reason = "protected",
    read_back = "still_there",
  }),
}

--- A case with a row of each kind. `further` rows come on top.
---@param further integer|nil
function M.case(further)
  local rows = {}
  for i, each in ipairs(TELLING_ROWS) do
    rows[i] = each
  end
  for i = 1, further or 0 do
    rows[#rows + 1] = row(("asset_%05d"):format(i), "assets", ("Recording %d"):format(i))
  end
  return M.document(rows, {
    headline = "Access remains: workspace admin; group Studio (12 resources); 2 roles of their own",
    replace_by = { id = "user_tom", label = "tom@example.com" },
    note = "Ticket 4711, asked for by the head of Studio",
    commands = {
      command("plan", nil, "2026-11-29T15:58:11Z", "2026-11-29T16:02:40Z",
        "offboard plan mia --user-email mia@example.com --replace-by tom@example.com"),
      command("apply", 1, "2026-11-29T16:40:02Z", nil, "offboard apply mia"),
      command("apply", 1, "2026-11-29T16:44:30Z", "2026-11-29T17:00:08Z", "offboard apply mia"),
    },
    coverage = COVERAGE,
    unread = { service_accounts = "HTTP 401: the API key is missing the permission" },
    without_list = { "avatars", "avatar_video_generations", "content_generations", "songs" },
    residuals = RESIDUALS,
    only_creator = {
      { resource_id = "tool_tariffs", resource_type = "convai_tools", name = "Tariffs" },
    },
    files = {
      { name = "plan.jsonl", sha256 = ("8d3f61c0"):rep(8) },
      { name = "round-1.unshare.jsonl" },
    },
    limits = {
      "As seen on 29 November 2026 at 17:00 UTC, as far as this API key can list and read.",
      "Later grants are possible: by an admin, by default sharing of new resources, or by a group.",
    },
  })
end

return M
