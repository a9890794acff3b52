#include "api/resource_types.h"

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
