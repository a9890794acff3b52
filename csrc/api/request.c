#include "api/request.h"

#include <string.h>

#include "api/resource_types.h"
#include "base/characters.h"
#include "base/json.h"
#include "base/nearest.h"

const char *const ew_field_names[] = {
  "resource_id", "resource_type", "user_email", "group_id", "workspace_api_key_id", "role", NULL};

static const char *const roles[] = {"admin", "editor", "commenter", "viewer", NULL};

int ew_field_named(const char *name, size_t length) {
  int field;
  for (field = 0; field < EW_FIELDS; field++)
    if (strlen(ew_field_names[field]) == length && memcmp(ew_field_names[field], name, length) == 0)
      return field;
  return -1;
}

static bool equals(const ew_text *text, const char *name) {
  return text->length == strlen(name) && memcmp(text->data, name, text->length) == 0;
}

/* ---- validation ---- */

static ew_status invalid(ew_error *error, int field, const char *what) {
  return ew_fail(error, EW_EINVAL, ew_field_names[field], "%s %s", ew_field_names[field], what);
}

/* ASCII letters in any case. */
static bool begins_with(const ew_text *text, const char *lower) {
  size_t i, length = strlen(lower);
  if (text->length < length) return false;
  for (i = 0; i < length; i++)
    if ((text->data[i] | 0x20) != (lower[i] | 0x20)) return false;
  return true;
}

static ew_status check_characters(int field, const ew_text *text, ew_error *error) {
  bool is_identifier = field != EW_RESOURCE_TYPE && field != EW_ROLE;
  const char *name = ew_field_names[field];
  ew_character found;
  if (ew_characters_are_plain(text->data, text->length)) return EW_OK;
  if (!ew_characters_refused(text->data, text->length, is_identifier ? EW_IDENTIFIER : EW_TEXT,
                             &found))
    return EW_OK;
  if (!*found.name)
    return ew_fail(error, EW_EINVAL, name,
                   "%s is not valid UTF-8 (character %zu): save the text as UTF-8", name,
                   found.number);
  return ew_fail(error, EW_EINVAL, name, "%s holds %s (character %zu)", name, found.name,
                 found.number);
}

/* A spreadsheet's mark for text, a formula, a handle. */
static ew_status check_first_character(int field, const ew_text *text, ew_error *error) {
  switch (text->data[0]) {
    case '\'':
      return invalid(error, field, "begins with a single quote ('): leave the quote out");
    case '=':
      return invalid(error, field, "begins with =: pass the value and no formula");
    case '@':
      return invalid(error, field,
                     field == EW_USER_EMAIL ? "begins with @: pass the whole address"
                                            : "begins with @: pass the id alone");
    default:
      return EW_OK;
  }
}

static size_t skip_digits(const ew_text *text, size_t i) {
  while (i < text->length && text->data[i] >= '0' && text->data[i] <= '9') i++;
  return i;
}

/* 1.23457E+17: digits, perhaps a point or comma and digits, E, a sign, digits. Because a sign is
** needed, an id of letters and digits alone is never such a number. */
static bool is_scientific(const ew_text *text) {
  size_t i = skip_digits(text, 0), exponent;
  if (i == 0) return false;
  if (i < text->length && (text->data[i] == '.' || text->data[i] == ','))
    i = skip_digits(text, i + 1);
  if (i + 2 >= text->length || (text->data[i] | 0x20) != 'e') return false;
  if (text->data[i + 1] != '+' && text->data[i + 1] != '-') return false;
  exponent = skip_digits(text, i + 2);
  return exponent > i + 2 && exponent == text->length;
}

static bool holds_any(const ew_text *text, const char *bytes) {
  for (; *bytes; bytes++)
    if (memchr(text->data, *bytes, text->length)) return true;
  return false;
}

/* Forms in which people copy addresses. Here the message can say what to pass instead, which helps
** more than the first character that no address holds. */
static ew_status check_address_form(const ew_text *email, const char *second_at, ew_error *error) {
  if (begins_with(email, "mailto:"))
    return invalid(error, EW_USER_EMAIL,
                   "begins with mailto: (pass the address alone, such as mia@example.com)");
  if (second_at && holds_any(email, ";, "))
    return invalid(error, EW_USER_EMAIL,
                   "holds several addresses: pass one, and each other one in a call or row of "
                   "its own");
  if (memchr(email->data, '<', email->length) && memchr(email->data, '@', email->length))
    return invalid(error, EW_USER_EMAIL,
                   "holds a name and an address in <>: pass the address alone, such as "
                   "mia@example.com");
  return EW_OK;
}

static ew_status check_address(const ew_text *email, ew_error *error) {
  const char *end = email->data + email->length;
  const char *at = memchr(email->data, '@', email->length);
  const char *second = at ? memchr(at + 1, '@', (size_t)(end - at) - 1) : NULL;
  if (check_address_form(email, second, error) != EW_OK ||
      check_characters(EW_USER_EMAIL, email, error) != EW_OK ||
      check_first_character(EW_USER_EMAIL, email, error) != EW_OK)
    return error->status;
  if (!at)
    return invalid(error, EW_USER_EMAIL, "holds no @: pass an address such as mia@example.com");
  if (at + 1 == end) return invalid(error, EW_USER_EMAIL, "ends with @: pass the whole address");
  if (second)
    return ew_fail(error, EW_EINVAL, ew_field_names[EW_USER_EMAIL],
                   "user_email holds a second @ (character %zu): pass one address such as "
                   "mia@example.com",
                   ew_characters_count(email->data, (size_t)(second - email->data) + 1));
  return EW_OK;
}

static ew_status check_identifier(int field, const ew_text *id, ew_error *error) {
  if (is_scientific(id))
    return invalid(error, field,
                   "is a number in scientific notation: a spreadsheet shortened the id; format "
                   "its column as text and enter the id again");
  if (check_characters(field, id, error) != EW_OK) return error->status;
  return check_first_character(field, id, error);
}

static ew_status check_text(int field, const ew_text *text, ew_error *error) {
  if (text->length == 0) return invalid(error, field, "must not be empty");
  if (text->length > EW_LONGEST_FIELD)
    return ew_fail(error, EW_EINVAL, ew_field_names[field], "%s is longer than %d bytes",
                   ew_field_names[field], (int)EW_LONGEST_FIELD);
  switch (field) {
    case EW_USER_EMAIL:
      return check_address(text, error);
    case EW_RESOURCE_TYPE:
    case EW_ROLE:
      return check_characters(field, text, error);
    default:
      return check_identifier(field, text, error);
  }
}

/* '/' and '%' could address another path: servers decode %2F. */
static ew_status check_resource_id(const ew_text *id, ew_error *error) {
  if (equals(id, ".") || equals(id, ".."))
    return invalid(error, EW_RESOURCE_ID, "must not be \".\" or \"..\"");
  if (memchr(id->data, '/', id->length) || memchr(id->data, '%', id->length))
    return invalid(error, EW_RESOURCE_ID, "must not hold '/' or '%'");
  return EW_OK;
}

static ew_status check_choice(int field, const ew_text *text, const char *const *choices,
                              const char *otherwise, ew_error *error) {
  char quoted[40];
  const char *name = ew_nearest(choices, text->data, text->length);
  ew_quotable(quoted, sizeof quoted, text->data, text->length);
  if (name)
    return ew_fail(error, EW_EINVAL, ew_field_names[field],
                   "unknown %s \"%s\": did you mean \"%s\"? %s", ew_field_names[field], quoted,
                   name, otherwise);
  return ew_fail(error, EW_EINVAL, ew_field_names[field], "unknown %s \"%s\". %s",
                 ew_field_names[field], quoted, otherwise);
}

static ew_status check_resource_type(const ew_args *args, ew_error *error) {
  const ew_text *type = &args->field[EW_RESOURCE_TYPE];
  if (args->allow_unknown_resource_type || ew_resource_type_known(type->data, type->length))
    return EW_OK;
  return check_choice(EW_RESOURCE_TYPE, type, ew_resource_types,
                      "(A type newer than this library: allow_unknown_resource_type = true.)",
                      error);
}

static ew_status check_role(const ew_operation_rules *rules, const ew_text *role, ew_error *error) {
  const char *const *name;
  if (!rules->takes_role)
    return role->data ? invalid(error, EW_ROLE, "belongs to share alone: unshare removes any role")
                      : EW_OK;
  if (!role->data)
    return invalid(error, EW_ROLE, "is missing: pass admin, editor, commenter or viewer");
  for (name = roles; *name; name++)
    if (equals(role, *name)) return EW_OK;
  return check_choice(EW_ROLE, role, roles, "Pass admin, editor, commenter or viewer.", error);
}

static ew_status check_targets(const ew_operation_rules *rules, const ew_args *args,
                               ew_error *error) {
  int field, first = -1;
  for (field = EW_USER_EMAIL; field <= EW_WORKSPACE_API_KEY_ID; field++) {
    if (!args->field[field].data) continue;
    if (!rules->takes_target)
      return ew_fail(error, EW_EINVAL, ew_field_names[field], "%s does not belong to %s",
                     ew_field_names[field], rules->name);
    if (first >= 0)
      return ew_fail(error, EW_EINVAL, ew_field_names[field], "%s and %s: pass exactly one target",
                     ew_field_names[first], ew_field_names[field]);
    first = field;
  }
  if (rules->takes_target && first < 0)
    return invalid(error, EW_USER_EMAIL,
                   "is missing: pass exactly one of user_email, group_id, workspace_api_key_id");
  return EW_OK;
}

ew_status ew_args_check(ew_operation operation, const ew_args *args, ew_error *error) {
  const ew_operation_rules *rules = &ew_operations[operation];
  int field;
  for (field = 0; field < EW_FIELDS; field++) {
    const ew_text *text = &args->field[field];
    if (text->data && check_text(field, text, error) != EW_OK) return error->status;
    if (!text->data && field <= EW_RESOURCE_TYPE) return invalid(error, field, "is missing");
  }
  if (check_resource_id(&args->field[EW_RESOURCE_ID], error) != EW_OK) return error->status;
  if (check_resource_type(args, error) != EW_OK) return error->status;
  if (check_targets(rules, args, error) != EW_OK) return error->status;
  return check_role(rules, &args->field[EW_ROLE], error);
}

ew_status ew_key_check(const ew_text *key, ew_error *error) {
  size_t i;
  if (!key->data) return EW_OK;
  if (key->length == 0)
    return ew_fail(error, EW_EINVAL, "api_key", "api_key must not be empty (false sends none)");
  if (key->length > EW_LONGEST_FIELD)
    return ew_fail(error, EW_EINVAL, "api_key", "api_key is longer than %d bytes",
                   (int)EW_LONGEST_FIELD);
  for (i = 0; i < key->length; i++)
    if (key->data[i] < 0x21 || key->data[i] > 0x7e)
      return ew_fail(error, EW_EINVAL, "api_key",
                     "api_key holds a byte that is not printable ASCII (a space or line end?)");
  return EW_OK;
}

static bool holds_key(const ew_text *text, const ew_text *key) {
  size_t at;
  if (key->length < EW_SHORTEST_SECRET && text->length != key->length) return false;
  for (at = 0; at + key->length <= text->length; at++)
    if (memcmp(text->data + at, key->data, key->length) == 0) return true;
  return false;
}

ew_status ew_args_check_key(const ew_args *args, const ew_text *key, ew_error *error) {
  int field;
  for (field = 0; key->data && field < EW_FIELDS; field++)
    if (args->field[field].data && holds_key(&args->field[field], key))
      return invalid(error, field, "holds the secret API key: pass an id or an address");
  return EW_OK;
}

ew_status ew_request_check_key(const ew_request *request, const ew_text *key, ew_error *error) {
  const char *at = ew_request_body(request) + request->body_length;
  ew_args args;
  int field;
  for (field = 0; field < EW_FIELDS; field++) {
    args.field[field].length = request->field_length[field];
    args.field[field].data = request->field_length[field] ? at : NULL;
    at += request->field_length[field];
  }
  if (ew_key_check(key, error) != EW_OK) return error->status;
  return ew_args_check_key(&args, key, error);
}

const char *ew_args_warning(const ew_args *args) {
  const ew_text *id = &args->field[EW_WORKSPACE_API_KEY_ID];
  if (id->data && id->length > 3 && memcmp(id->data, "sk_", 3) == 0)
    return "workspace_api_key_id looks like a secret key: pass the key's id";
  return NULL;
}

/* ---- building ---- */

static void write_json_string(ew_writer *w, const char *bytes, size_t length) {
  char escape[EW_LONGEST_ESCAPE];
  ew_write(w, "\"", 1);
  for (;;) {
    size_t plain = ew_json_plain(bytes, length);
    ew_write(w, bytes, plain);
    if (plain == length) break;
    ew_write(w, escape, ew_json_escape((unsigned char)bytes[plain], escape));
    bytes += plain + 1;
    length -= plain + 1;
  }
  ew_write(w, "\"", 1);
}

static void write_body(ew_writer *w, const ew_args *args) {
  const char *before = "{";
  int field;
  for (field = EW_RESOURCE_TYPE; field < EW_FIELDS; field++) {
    const ew_text *text = &args->field[field];
    if (!text->data) continue;
    ew_write_text(w, before);
    write_json_string(w, ew_field_names[field], strlen(ew_field_names[field]));
    ew_write_text(w, ":");
    write_json_string(w, text->data, text->length);
    before = ",";
  }
  ew_write_text(w, "}");
}

/* "{resource_id}..." -> the rest after it. The rows of ew_operations name known fields alone. */
static const char *write_field(ew_writer *w, const char *path, const ew_args *args) {
  const char *end = strchr(path, '}');
  int field = ew_field_named(path + 1, (size_t)(end - path) - 1);
  ew_write_percent(w, args->field[field].data, args->field[field].length);
  return end + 1;
}

static void write_target(ew_writer *w, const char *path, const ew_args *args) {
  while (*path) {
    size_t literal = strcspn(path, "{");
    ew_write(w, path, literal);
    path += literal;
    if (*path) path = write_field(w, path, args);
  }
}

/* The arguments as they were given: the key is compared with them. */
static void write_fields(ew_writer *w, ew_request *request, const ew_args *args) {
  int field;
  for (field = 0; field < EW_FIELDS; field++) {
    const ew_text *text = &args->field[field];
    if (text->data) ew_write(w, text->data, text->length);
    if (request) request->field_length[field] = (uint16_t)(text->data ? text->length : 0);
  }
}

ew_writer ew_request_begin(ew_request *request, ew_operation operation) {
  ew_writer w = {NULL, 0};
  if (request) {
    memset(request, 0, sizeof *request);
    request->operation = operation;
    w.to = request->text;
  }
  return w;
}

void ew_request_end_target(ew_request *request, ew_writer *w) {
  if (request) request->target_length = w->length;
  ew_write(w, "", 1);
}

size_t ew_request_end(ew_request *request, const ew_writer *w) {
  size_t size = sizeof *request + w->length;
  if (request) request->size = size;
  return size;
}

size_t ew_request_build(ew_request *request, ew_operation operation, const ew_args *args) {
  const ew_operation_rules *rules = &ew_operations[operation];
  ew_writer w = ew_request_begin(request, operation);
  size_t body;
  write_target(&w, rules->path, args);
  ew_request_end_target(request, &w);
  body = w.length;
  if (rules->method == EW_HTTP_POST) write_body(&w, args);
  if (request) request->body_length = w.length - body;
  if (rules->takes_resource) write_fields(&w, request, args);
  return ew_request_end(request, &w);
}

const char *ew_request_body(const ew_request *request) {
  return request->text + request->target_length + 1;
}
