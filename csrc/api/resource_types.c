#include "api/resource_types.h"

#include <ctype.h>
#include <string.h>

const char *const ew_resource_types[] = {"assets",
                                         "avatar_video_generations",
                                         "avatars",
                                         "content_generations",
                                         "content_skills",
                                         "content_templates",
                                         "convai_agent_branches",
                                         "convai_agent_drafts",
                                         "convai_agent_experiments",
                                         "convai_agent_response_tests",
                                         "convai_agent_versions",
                                         "convai_agent_versions_deployments",
                                         "convai_agents",
                                         "convai_analysis_items",
                                         "convai_api_integration_connections",
                                         "convai_api_integration_trigger_connections",
                                         "convai_batch_calls",
                                         "convai_coaching_proposals",
                                         "convai_crawl_jobs",
                                         "convai_crawl_tasks",
                                         "convai_kb_external_sync_jobs",
                                         "convai_knowledge_base_documents",
                                         "convai_mcp_servers",
                                         "convai_memory_entries",
                                         "convai_phone_numbers",
                                         "convai_secrets",
                                         "convai_settings",
                                         "convai_templates",
                                         "convai_test_suite_invocations",
                                         "convai_tools",
                                         "convai_whatsapp_accounts",
                                         "dashboard",
                                         "dashboard_configuration",
                                         "dubbing",
                                         "dubbing_project",
                                         "project",
                                         "pronunciation_dictionary",
                                         "resource_collection",
                                         "resource_locators",
                                         "songs",
                                         "studio_projects",
                                         "transcription_tasks",
                                         "voice",
                                         "voice_collection",
                                         "workspace_auth_connections",
                                         NULL};

bool ew_resource_type_known(const char *text, size_t length) {
  const char *const *name;
  for (name = ew_resource_types; *name; name++)
    if (length && **name == *text && strlen(*name) == length && !memcmp(*name, text, length))
      return true;
  return false;
}

enum { LONGEST = 64 }; /* longer text is no typo of any name we have */

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static bool contains(const char *name, const char *text, size_t length) {
  size_t i, start, name_length = strlen(name);
  for (start = 0; start + length <= name_length; start++) {
    for (i = 0; i < length && same_letter(name[start + i], text[i]); i++) {}
    if (i == length) return true;
  }
  return false;
}

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein distance, ignoring case. */
static size_t distance(const char *name, const char *text, size_t length) {
  size_t row[LONGEST + 1], i, j, name_length = strlen(name);
  for (j = 0; j <= length; j++) row[j] = j;
  for (i = 1; i <= name_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (j = 1; j <= length; j++) {
      size_t above = row[j], change = same_letter(name[i - 1], text[j - 1]) ? 0 : 1;
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + change);
      diagonal = above;
    }
  }
  return row[length];
}

/* What a name costs as a reading of `text`; lower is nearer. A name that holds
** the whole text ("agents" in "convai_agents") counts as one slip of the pen. */
static size_t cost(const char *name, const char *text, size_t length) {
  size_t slips = distance(name, text, length);
  return slips > 1 && length >= 4 && contains(name, text, length) ? 1 : slips;
}

const char *ew_nearest(const char *const *names, const char *text, size_t length) {
  const char *best = NULL;
  size_t best_cost = length / 3 > 2 ? length / 3 : 2;
  if (length == 0 || length > LONGEST) return NULL;
  for (; *names; names++) {
    size_t c = cost(*names, text, length);
    bool shorter = best && c == best_cost && strlen(*names) < strlen(best);
    if (c < best_cost || (!best && c == best_cost) || shorter) {
      best = *names;
      best_cost = c;
    }
  }
  return best;
}
