/*
** operations.h - the operations of the API that this library knows: a row for each.
** lua/elevenlabs/workspace/operations.lua has the same rows for Lua; a spec compares them.
** Source: the API's documentation of get, share and unshare.
*/
#ifndef EW_OPERATIONS_H
#define EW_OPERATIONS_H

#include <stdbool.h>

typedef enum { EW_UNSHARE, EW_SHARE, EW_GET, EW_LIST, EW_CONNECT, EW_OPERATIONS } ew_operation;

typedef enum { EW_HTTP_GET, EW_HTTP_POST, EW_HTTP_HEAD } ew_method;

/* What a good answer is, as far as C judges it (api/proof.h). */
typedef enum {
  EW_CONFIRMATION, /* a 200 that proves a change */
  EW_READ,         /* a 200 with an object or array, perhaps large; Lua judges its content */
  EW_ANY           /* any answer at all */
} ew_good_answer;

typedef struct {
  const char *name;
  ew_method method;    /* EW_HTTP_POST: the fields but for resource_id are the body, as JSON */
  const char *path;    /* {field} stands for a field's text, percent-encoded; NULL: an argument */
  bool takes_resource; /* resource_id and resource_type must be given */
  bool takes_target;   /* exactly one target must be given */
  bool takes_role;     /* role must be given */
  ew_good_answer good;
  bool repeatable; /* sending the request twice undoes nothing that was done in between */
} ew_operation_rules;

/* By ew_operation. */
extern const ew_operation_rules ew_operations[EW_OPERATIONS];

/* The ew_operation of this name; -1: there is none. */
int ew_operation_named(const char *name);

#endif
