/*
** request.h - from arguments to a request: checks, path, query and JSON body.
** Source of the rules: the API's documentation of get, share and unshare.
*/
#ifndef EW_REQUEST_H
#define EW_REQUEST_H

#include "api/operations.h"
#include "base/buffer.h"
#include "base/error.h"

/* In this order the targets are EW_USER_EMAIL to EW_WORKSPACE_API_KEY_ID. */
typedef enum {
  EW_RESOURCE_ID,
  EW_RESOURCE_TYPE,
  EW_USER_EMAIL,
  EW_GROUP_ID,
  EW_WORKSPACE_API_KEY_ID,
  EW_ROLE,
  EW_FIELDS
} ew_field;

/* By ew_field, NULL-terminated. */
extern const char *const ew_field_names[];

/* The ew_field of this name; -1: there is none. */
int ew_field_named(const char *name, size_t length);

enum {
  EW_LONGEST_FIELD = 512,        /* bytes, each field and the key */
  EW_LONGEST_TARGET = 128 * 1024 /* bytes; 8 parameters of a list, percent-encoded */
};

typedef struct {
  const char *data; /* borrowed; NULL means absent */
  size_t length;
} ew_text;

typedef struct {
  ew_text field[EW_FIELDS];
  bool allow_unknown_resource_type;
} ew_args;

typedef struct {
  ew_method method;
  ew_buffer target;         /* path and query, begins with '/' */
  ew_buffer body;           /* JSON; empty but for EW_HTTP_POST */
  bool is_read, repeatable; /* see ew_operation_rules */
} ew_request;

/* Of an operation that takes a resource. EW_OK, or EW_EINVAL with the field at fault named in
** `error`. */
ew_status ew_args_check(ew_operation operation, const ew_args *args, ew_error *error);

/* The key has 1 to 512 bytes, each 0x21 to 0x7e. NULL data: there is no key. A field that is the
** key itself is refused: it is the secret, not an id. */
ew_status ew_key_check(const ew_text *key, const ew_args *args, ew_error *error);

/* What is allowed but probably a slip; NULL: nothing. Static. */
const char *ew_args_warning(const ew_args *args);

/* An empty request of this operation. */
void ew_request_init(ew_request *request, ew_operation operation);

/* Check, then build. `args` may be NULL if the operation takes no resource. On failure nothing
** is owned. */
ew_status ew_request_build(ew_request *request, ew_operation operation, const ew_args *args,
                           ew_error *error);

void ew_request_free(ew_request *request);

#endif
