/*
** arguments.c - fuzz target: from arguments to a request.
** Parts separated by '|': operation and flag ("unshare", "share!", "get"...), the key, and
** the fields in their order; an empty part is absent, "~" an empty string.
*/
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/request.h"
#include "api/resource_types.h"
#include "fuzz.h"

typedef struct {
  ew_operation operation;
  ew_args args;
  ew_text key;
  char *parts[EW_FIELDS + 2]; /* owned */
} question;

static bool is(const ew_text *text, const char *what) {
  return text->data && text->length == strlen(what) && memcmp(text->data, what, text->length) == 0;
}

static void read_part(char **part, fuzz_input *input, ew_text *text) {
  size_t length;
  *part = fuzz_take(input, '|', &length);
  text->data = length ? *part : NULL;
  text->length = length == 1 && **part == '~' ? 0 : length;
}

static void read_question(question *q, fuzz_input *input) {
  ew_text operation;
  int field;
  memset(q, 0, sizeof *q);
  read_part(&q->parts[0], input, &operation);
  if (operation.length && operation.data[operation.length - 1] == '!') {
    q->args.allow_unknown_resource_type = true;
    operation.length--;
  }
  q->operation = is(&operation, "share") ? EW_SHARE : is(&operation, "get") ? EW_GET : EW_UNSHARE;
  read_part(&q->parts[1], input, &q->key);
  for (field = 0; field < EW_FIELDS; field++)
    read_part(&q->parts[field + 2], input, &q->args.field[field]);
}

static void free_question(question *q) {
  size_t i;
  for (i = 0; i < sizeof q->parts / sizeof *q->parts; i++) free(q->parts[i]);
}

/* ---- what the API's documentation and ours allow ---- */

static bool is_sound(const ew_text *text) {
  return text->length >= 1 && text->length <= 512 && !memchr(text->data, 0x7f, text->length) &&
         fuzz_is_text(text->data, text->length, "");
}

static bool is_within(uint32_t code, uint32_t first, uint32_t last) {
  return code >= first && code <= last;
}

/* Spaces, quotes, separators, and what nobody can see. */
static bool is_misplaced(uint32_t code) {
  return (code < 0x80 && strchr(" \"<>,;`", (int)code)) || is_within(code, 0x80, 0xa0) ||
         code == 0xad || code == 0x34f || code == 0x61c || is_within(code, 0x115f, 0x1160) ||
         code == 0x1680 || code == 0x180e || is_within(code, 0x2000, 0x200f) ||
         is_within(code, 0x2018, 0x201f) || is_within(code, 0x2028, 0x202f) ||
         is_within(code, 0x205f, 0x206f) || code == 0x2800 || code == 0x3000 || code == 0x3164 ||
         is_within(code, 0xfe00, 0xfe0f) || code == 0xfeff || code == 0xffa0 ||
         is_within(code, 0xfff9, 0xfffd) || is_within(code, 0xe0000, 0xe0fff);
}

/* U+0080 to U+009F are control characters too. */
static bool holds_c1(const ew_text *text) {
  size_t i;
  for (i = 1; i < text->length; i++)
    if ((unsigned char)text->data[i - 1] == 0xc2 && (unsigned char)text->data[i] < 0xa0)
      return true;
  return false;
}

static bool is_identifier(const ew_text *text) {
  size_t i, n;
  for (i = 0; i < text->length; i += n) {
    uint32_t code;
    n = fuzz_code_point(text->data + i, text->length - i, &code);
    if (n == 0 || is_misplaced(code)) return false;
  }
  return text->length && !strchr("'=@", *text->data);
}

/* 1.23457E+17 */
static bool is_shortened(const ew_text *text) {
  char copy[520], *at = copy;
  if (text->length >= sizeof copy) return false;
  memcpy(copy, text->data, text->length);
  copy[text->length] = '\0';
  at += strspn(at, "0123456789");
  if (at == copy) return false;
  if (*at == '.' || *at == ',') at += 1 + strspn(at + 1, "0123456789");
  return strlen(at) > 2 && strspn(at, "eE") == 1 && strspn(at + 1, "+-") == 1 &&
         at[2 + strspn(at + 2, "0123456789")] == '\0';
}

static bool is_address(const ew_text *text) {
  const char *at = memchr(text->data, '@', text->length);
  const char *end = text->data + text->length;
  return at && at > text->data && at + 1 < end && !memchr(at + 1, '@', (size_t)(end - at) - 1) &&
         (text->length < 7 || strncasecmp(text->data, "mailto:", 7) != 0);
}

static bool is_value(const ew_text *text, int field) {
  if (!is_sound(text) || holds_c1(text)) return false;
  if (field == EW_USER_EMAIL) return is_identifier(text) && is_address(text);
  if (field == EW_RESOURCE_TYPE || field == EW_ROLE) return true;
  return is_identifier(text) && !is_shortened(text);
}

static bool is_role(const ew_text *text) {
  return is(text, "admin") || is(text, "editor") || is(text, "commenter") || is(text, "viewer");
}

static bool is_allowed(const question *q) {
  const ew_text *id = &q->args.field[EW_RESOURCE_ID], *type = &q->args.field[EW_RESOURCE_TYPE];
  const ew_text *role = &q->args.field[EW_ROLE];
  int field, targets = 0;
  for (field = 0; field < EW_FIELDS; field++) {
    const ew_text *text = &q->args.field[field];
    if (text->data && !is_value(text, field)) return false;
    if (text->data && field >= EW_USER_EMAIL && field <= EW_WORKSPACE_API_KEY_ID) targets++;
  }
  return id->data && type->data && !is(id, ".") && !is(id, "..") &&
         !memchr(id->data, '/', id->length) && !memchr(id->data, '%', id->length) &&
         (q->args.allow_unknown_resource_type ||
          ew_resource_type_known(type->data, type->length)) &&
         targets == (q->operation == EW_GET ? 0 : 1) &&
         (q->operation == EW_SHARE ? is_role(role) : !role->data);
}

static bool is_key_allowed(const question *q) {
  size_t i;
  int field;
  if (!q->key.data) return true;
  for (i = 0; i < q->key.length; i++)
    if ((unsigned char)q->key.data[i] <= ' ' || (unsigned char)q->key.data[i] > '~') return false;
  for (field = 0; field < EW_FIELDS; field++) {
    const ew_text *text = &q->args.field[field];
    bool is_long = q->key.length >= 12;
    if (text->data && (is_long || text->length == q->key.length) &&
        memmem(text->data, text->length, q->key.data, q->key.length))
      return false;
  }
  return q->key.length >= 1 && q->key.length <= 512;
}

/* ---- what a server makes of the path ---- */

static int hex(char digit) {
  const char *digits = "0123456789ABCDEF";
  const char *found = digit ? strchr(digits, digit) : NULL;
  return found ? (int)(found - digits) : -1;
}

/* Go past `fixed`, which must be there. */
static void pass(fuzz_input *text, const char *fixed) {
  HOLDS(text->left >= strlen(fixed) && memcmp(text->at, fixed, strlen(fixed)) == 0);
  text->at += strlen(fixed);
  text->left -= strlen(fixed);
}

/* Go past the percent-encoded form of `what`: nothing but unreserved characters and
** escapes, which are written for those alone that need one. */
static void pass_encoded(fuzz_input *text, const ew_text *what) {
  static const char unreserved[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  size_t i;
  for (i = 0; i < what->length; i++) {
    char byte;
    HOLDS(text->left >= 1);
    byte = *text->at++, text->left--;
    if (byte == '%') {
      HOLDS(text->left >= 2 && hex(text->at[0]) >= 0 && hex(text->at[1]) >= 0);
      byte = (char)(hex(text->at[0]) << 4 | hex(text->at[1]));
      text->at += 2, text->left -= 2;
      HOLDS(!byte || !strchr(unreserved, byte));
    } else
      HOLDS(byte && strchr(unreserved, byte));
    HOLDS(byte == what->data[i]);
  }
}

static void check_target(const question *q, const ew_request *request) {
  fuzz_input text = {request->text, request->target_length};
  const char *start = text.at;
  size_t i;
  HOLDS(strlen(start) == text.left);
  for (i = 0; i + 1 < text.left; i++) HOLDS(memcmp(start + i, "//", 2) != 0);
  HOLDS(!strstr(start, "/./") && !strstr(start, "/../") && !strstr(start, "/.?") &&
        !strstr(start, "/..?"));
  pass(&text, "/v1/workspace/resources/");
  pass_encoded(&text, &q->args.field[EW_RESOURCE_ID]);
  if (q->operation == EW_GET) {
    pass(&text, "?resource_type=");
    pass_encoded(&text, &q->args.field[EW_RESOURCE_TYPE]);
  } else
    pass(&text, q->operation == EW_SHARE ? "/share" : "/unshare");
  HOLDS(text.left == 0);
}

/* ---- what a server makes of the body ---- */

static char unescape(fuzz_input *text) {
  const char *known = "\"\\/", *found;
  HOLDS(text->left >= 1);
  found = *text->at ? strchr(known, *text->at) : NULL;
  HOLDS(found); /* nothing that needs another escape is allowed */
  text->at++, text->left--;
  return *found;
}

/* Go past the JSON string that means `what`. */
static void pass_string(fuzz_input *text, const char *what, size_t length) {
  size_t i;
  pass(text, "\"");
  for (i = 0; i < length; i++) {
    char byte;
    HOLDS(text->left >= 1 && *text->at != '"' && (unsigned char)*text->at >= 0x20);
    byte = *text->at++, text->left--;
    HOLDS((byte == '\\' ? unescape(text) : byte) == what[i]);
  }
  pass(text, "\"");
}

static void check_body(const question *q, const ew_request *request) {
  fuzz_input text = {ew_request_body(request), request->body_length};
  const char *before = "{";
  int field;
  if (q->operation == EW_GET) {
    HOLDS(text.left == 0);
    return;
  }
  for (field = EW_RESOURCE_TYPE; field < EW_FIELDS; field++) {
    const ew_text *value = &q->args.field[field];
    if (!value->data) continue;
    pass(&text, before);
    pass_string(&text, ew_field_names[field], strlen(ew_field_names[field]));
    pass(&text, ":");
    pass_string(&text, value->data, value->length);
    before = ",";
  }
  pass(&text, "}");
  HOLDS(text.left == 0);
}

/* ---- all of it ---- */

static void check_error(const ew_error *error) {
  const char *const *name = ew_field_names;
  while (*name && strcmp(*name, error->field) != 0) name++;
  HOLDS(error->status == EW_EINVAL && fuzz_is_printable(error->message) && *error->message);
  HOLDS(*name || strcmp(error->field, "api_key") == 0);
}

/* In memory of the size that was measured, so that writing past it is seen. */
static ew_request *build(const question *q) {
  size_t size = ew_request_build(NULL, q->operation, &q->args);
  ew_request *request = malloc(size);
  HOLDS(request && ew_request_build(request, q->operation, &q->args) == size);
  HOLDS(request->size == size && request->operation == q->operation);
  return request;
}

static void check_request(const question *q) {
  ew_request *request = build(q);
  ew_error error;
  bool is_allowed = ew_request_check_key(request, &q->key, &error) == EW_OK;
  HOLDS(is_allowed == is_key_allowed(q));
  if (is_allowed) HOLDS(ew_args_check_key(&q->args, &q->key, &error) == EW_OK);
  if (!is_allowed) check_error(&error);
  check_target(q, request);
  check_body(q, request);
  free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {(const char *)data, size};
  question q;
  ew_error error;
  bool allowed;
  read_question(&q, &input);
  allowed = is_allowed(&q);
  HOLDS((ew_args_check(q.operation, &q.args, &error) == EW_OK) == allowed);
  if (allowed)
    check_request(&q);
  else
    check_error(&error);
  ew_args_warning(&q.args);
  free_question(&q);
  return 0;
}
