#include "api/operations.h"

#include <string.h>

#define RESOURCE "/v1/workspace/resources/{resource_id}"

const ew_operation_rules ew_operations[EW_OPERATIONS] = {
  [EW_UNSHARE] = {.name = "unshare",
                  .method = EW_HTTP_POST,
                  .path = RESOURCE "/unshare",
                  .takes_resource = true,
                  .takes_target = true,
                  .good = EW_CONFIRMATION,
                  .repeatable = true},
  /* A second grant would give back a role that somebody has removed after the first. */
  [EW_SHARE] = {.name = "share",
                .method = EW_HTTP_POST,
                .path = RESOURCE "/share",
                .takes_resource = true,
                .takes_target = true,
                .takes_role = true,
                .good = EW_CONFIRMATION,
                .repeatable = false},
  [EW_GET] = {.name = "get",
              .method = EW_HTTP_GET,
              .path = RESOURCE "?resource_type={resource_type}",
              .takes_resource = true,
              .good = EW_READ,
              .repeatable = true},
  [EW_LIST] = {.name = "list", .method = EW_HTTP_GET, .good = EW_READ, .repeatable = true},
  /* Makes a connection and touches nothing. */
  [EW_CONNECT] =
    {.name = "connect", .method = EW_HTTP_HEAD, .path = "/", .good = EW_ANY, .repeatable = true},
};

int ew_operation_named(const char *name) {
  int operation = EW_OPERATIONS - 1;
  while (operation >= 0 && strcmp(ew_operations[operation].name, name) != 0) operation--;
  return operation;
}
