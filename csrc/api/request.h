/*
** request.h - from arguments to a request: checks, path, query and JSON body.
** Source of the rules: the API's documentation of get, share and unshare.
*/
#ifndef EW_REQUEST_H
#define EW_REQUEST_H

#include "api/operations.h"
#include "base/error.h"
#include "base/writer.h"

#include <stdint.h>

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
  EW_SHORTEST_SECRET = 12,       /* bytes; a shorter key may be a part of an id by chance */
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

/* A request in one piece of memory. A request owns nothing, so its bytes may be copied. */
typedef struct {
  ew_operation operation;
  size_t size; /* of all */
  size_t target_length, body_length;
  uint16_t field_length[EW_FIELDS]; /* of the arguments; 0: absent */
  char text[]; /* path and query, which begin with '/'; NUL; a JSON body, which is empty but for
                  EW_HTTP_POST; the arguments, one after another */
} ew_request;

/* Of an operation that takes a resource. EW_OK, or EW_EINVAL with the field at fault named in
** `error`. */
ew_status ew_args_check(ew_operation operation, const ew_args *args, ew_error *error);

/* What is allowed but probably a slip; NULL: nothing. Static. */
const char *ew_args_warning(const ew_args *args);

/* Builds from arguments that were checked (NULL if the operation takes no resource). Returns the
** size of the request. NULL request: only returns the size. */
size_t ew_request_build(ew_request *request, ew_operation operation, const ew_args *args);

/* The same for a request whose target is written by its caller. */
ew_writer ew_request_begin(ew_request *request, ew_operation operation);
void ew_request_end_target(ew_request *request, ew_writer *writer);
size_t ew_request_end(ew_request *request, const ew_writer *writer);

const char *ew_request_body(const ew_request *request); /* without a NUL */

/* The key has 1 to 512 bytes, each 0x21 to 0x7e. NULL data: there is no key. */
ew_status ew_key_check(const ew_text *key, ew_error *error);

/* Refuses arguments that hold the key: the user gave the secret in place of an id, or within an id.
** Nobody need have checked the arguments. A key of less than EW_SHORTEST_SECRET bytes must be the
** whole argument. NULL data: the key is not known. */
ew_status ew_args_check_key(const ew_args *args, const ew_text *key, ew_error *error);

/* As ew_key_check, then as ew_args_check_key. */
ew_status ew_request_check_key(const ew_request *request, const ew_text *key, ew_error *error);

#endif
