#include "api/proof.h"

#include <stdint.h>
#include <string.h>

#include "api/names.h"
#include "api/response.h"
#include "base/utf8.h"

static const char not_text[] = "its body is not valid UTF-8 text";

enum { DEEPEST = 64, LONGEST_KNOWN = 8 };

/* As much of a value as the rule looks at. */
typedef enum { IS_NULL, IS_FALSE, IS_TRUE, IS_NUMBER, IS_EMPTY, IS_OK, IS_OTHER } nature;

/* What a member of the outermost object means. */
typedef enum { MEANS_NOTHING, MEANS_ERROR, MEANS_SUCCESS, MEANS_STATUS, MEANS_MESSAGE } meaning;

static const struct {
  const char *name;
  meaning meaning;
} members[] = {{"detail", MEANS_ERROR},    {"error", MEANS_ERROR}, {"errors", MEANS_ERROR},
               {"success", MEANS_SUCCESS}, {"ok", MEANS_SUCCESS},  {"status", MEANS_STATUS},
               {"message", MEANS_MESSAGE}};

/* As much of a decoded string as the rule looks at. */
typedef struct {
  uint64_t hash;
  size_t length;
  char text[LONGEST_KNOWN]; /* the first bytes */
} word;

/* One object or array that is open. */
typedef struct {
  bool is_object;
  size_t first_name; /* of the object's own, in `names` */
} level;

typedef struct {
  const char *at, *end; /* borrowed */
  const char *wrong;    /* the reason for a failure; NULL: the body is not JSON */
  nature outermost;
  const char *wanted; /* the member of the outermost object whose shape is noted; NULL: its own */
  bool in_wanted;     /* what comes next is the wanted value, or in it */
  ew_shape shape;     /* of the wanted value */
  bool holds_object;  /* the wanted value directly holds an object */
  meaning member;     /* of the outermost object's member whose value comes next */
  bool is_error, has_message, is_ok;
  int depth;
  level levels[DEEPEST];
  ew_names names; /* in all objects that are open */
} reader;

static bool fail(reader *r, const char *why) {
  r->wrong = why;
  return false;
}

/* ---- characters ---- */

static bool take_here(reader *r, char wanted) {
  if (r->at == r->end || *r->at != wanted) return false;
  r->at++;
  return true;
}

static void skip_blanks(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
    r->at++;
}

static bool take(reader *r, char wanted) {
  skip_blanks(r);
  return take_here(r, wanted);
}

static bool take_digits(reader *r) {
  const char *from = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > from;
}

/* ---- strings ---- */

#define FIRST_HASH UINT64_C(14695981039346656037)

/* FNV-1a. */
static void put(word *w, unsigned char byte) {
  w->hash = (w->hash ^ byte) * UINT64_C(1099511628211);
  if (w->length < sizeof w->text) w->text[w->length] = (char)byte;
  w->length++;
}

/* As UTF-8, so that an escaped character equals the character itself. */
static void put_code_point(word *w, uint32_t code) {
  if (code < 0x80) {
    put(w, (unsigned char)code);
    return;
  }
  if (code < 0x800) {
    put(w, (unsigned char)(0xc0 | code >> 6));
  } else {
    if (code < 0x10000) {
      put(w, (unsigned char)(0xe0 | code >> 12));
    } else {
      put(w, (unsigned char)(0xf0 | code >> 18));
      put(w, (unsigned char)(0x80 | (code >> 12 & 0x3f)));
    }
    put(w, (unsigned char)(0x80 | (code >> 6 & 0x3f)));
  }
  put(w, (unsigned char)(0x80 | (code & 0x3f)));
}

static int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

static bool read_unit(reader *r, uint32_t *unit) {
  int i;
  for (*unit = 0, i = 0; i < 4; i++, r->at++) {
    int digit = r->at < r->end ? hexadecimal(*r->at) : -1;
    if (digit < 0) return false;
    *unit = *unit << 4 | (uint32_t)digit;
  }
  return true;
}

/* What follows "\u". A surrogate must be one of a pair. */
static bool read_code_point(reader *r, uint32_t *code) {
  uint32_t low;
  if (!read_unit(r, code)) return false;
  if (*code < 0xd800 || *code > 0xdfff) return true;
  if (*code > 0xdbff || !take_here(r, '\\') || !take_here(r, 'u')) return false;
  if (!read_unit(r, &low) || low < 0xdc00 || low > 0xdfff) return false;
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

/* What follows a backslash. */
static bool read_escape(reader *r, word *w) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *letter;
  if (take_here(r, 'u')) {
    uint32_t code;
    if (!read_code_point(r, &code)) return false;
    put_code_point(w, code);
    return true;
  }
  letter = r->at < r->end ? memchr(letters, *r->at, sizeof letters - 1) : NULL;
  if (!letter) return false;
  put(w, (unsigned char)meant[letter - letters]);
  r->at++;
  return true;
}

/* What follows the opening quote, up to and with the closing one. */
static bool read_string(reader *r, word *w) {
  w->hash = FIRST_HASH;
  w->length = 0;
  while (!take_here(r, '"')) {
    if (take_here(r, '\\')) {
      if (!read_escape(r, w)) return false;
    } else if (r->at == r->end || (unsigned char)*r->at < 0x20) {
      return false;
    } else {
      put(w, (unsigned char)*r->at++);
    }
  }
  return true;
}

static bool equals(const word *w, const char *text) {
  return w->length == strlen(text) && memcmp(w->text, text, w->length) == 0;
}

/* "ok" or "success", in any letter case. */
static bool is_good(const word *w) {
  word lower = *w;
  size_t i;
  for (i = 0; i < sizeof lower.text && i < lower.length; i++)
    if (lower.text[i] >= 'A' && lower.text[i] <= 'Z') lower.text[i] += 'a' - 'A';
  return equals(&lower, "ok") || equals(&lower, "success");
}

/* ---- members of objects ---- */

static meaning meaning_of(const word *name) {
  size_t i;
  for (i = 0; i < sizeof members / sizeof *members; i++)
    if (equals(name, members[i].name)) return members[i].meaning;
  return MEANS_NOTHING;
}

static bool add_name(reader *r, const word *name) {
  const char *why = ew_names_add(&r->names, name->hash);
  return !why || fail(r, why);
}

static uint64_t hash_of(const char *text) {
  word w = {.hash = FIRST_HASH};
  while (*text) put(&w, (unsigned char)*text++);
  return w.hash;
}

static bool read_name(reader *r) {
  word name;
  if (!take(r, '"') || !read_string(r, &name) || !add_name(r, &name)) return false;
  if (r->depth == 1) {
    r->member = meaning_of(&name);
    r->in_wanted = !r->wanted || name.hash == hash_of(r->wanted);
  }
  return take(r, ':');
}

/* The rule, for one member of the outermost object. If the rule does not name a value, such as
** a `status` that is no string or an `ok` that is 1, the value confirms nothing. */
static void judge_member(reader *r, nature value) {
  switch (r->member) {
    case MEANS_ERROR:
      if (value != IS_NULL && value != IS_EMPTY) r->is_error = true;
      break;
    case MEANS_SUCCESS:
      if (value != IS_TRUE) r->is_error = true;
      break;
    case MEANS_STATUS:
      r->is_ok = value == IS_OK;
      if (!r->is_ok) r->is_error = true;
      break;
    case MEANS_MESSAGE:
      r->has_message = true;
      break;
    case MEANS_NOTHING:
    default:
      break;
  }
}

/* Each value comes here once, before the depth counts it. */
static void judge_value(reader *r, nature value) {
  if (r->depth == 0)
    r->outermost = value;
  else if (r->depth == 1 && r->levels[0].is_object)
    judge_member(r, value);
}

/* ---- values ---- */

/* "01" is refused: the number ends after the zero, and a comma is missing there. */
static bool read_number(reader *r) {
  take_here(r, '-');
  if (!take_here(r, '0') && !take_digits(r)) return false;
  if (take_here(r, '.') && !take_digits(r)) return false;
  if (take_here(r, 'e') || take_here(r, 'E')) {
    if (!take_here(r, '+')) take_here(r, '-');
    return take_digits(r);
  }
  return true;
}

static bool take_literal(reader *r, const char *literal) {
  size_t length = strlen(literal);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, literal, length) != 0) return false;
  r->at += length;
  return true;
}

static bool read_scalar(reader *r) {
  word text;
  nature value = IS_NUMBER;
  if (take(r, '"')) {
    if (!read_string(r, &text)) return false;
    value = text.length == 0 ? IS_EMPTY : is_good(&text) ? IS_OK : IS_OTHER;
  } else if (take_literal(r, "null")) {
    value = IS_NULL;
  } else if (take_literal(r, "true")) {
    value = IS_TRUE;
  } else if (take_literal(r, "false")) {
    value = IS_FALSE;
  } else if (!read_number(r)) {
    return false;
  }
  judge_value(r, value);
  return true;
}

/* An object or array begins. */
static void note_shape(reader *r, bool is_object) {
  int depth = r->wanted ? 1 : 0; /* of the wanted value */
  if (r->in_wanted && r->depth == depth) r->shape = is_object ? EW_OBJECT : EW_ARRAY;
  if (r->in_wanted && r->depth == depth + 1 && is_object) r->holds_object = true;
}

/* What follows the opening bracket: the closing one, or all up to the first value. */
static bool open_level(reader *r, bool is_object, bool *complete) {
  level *opened = &r->levels[r->depth];
  if (r->depth == DEEPEST) return fail(r, "its body is nested more than 64 deep");
  opened->is_object = is_object;
  opened->first_name = r->names.count;
  note_shape(r, is_object);
  *complete = take(r, is_object ? '}' : ']');
  judge_value(r, *complete ? IS_EMPTY : IS_OTHER);
  if (*complete) return true;
  r->depth++;
  return !is_object || read_name(r);
}

static bool read_value(reader *r, bool *complete) {
  *complete = true;
  if (take(r, '{')) return open_level(r, true, complete);
  if (take(r, '[')) return open_level(r, false, complete);
  return read_scalar(r);
}

/* What follows a complete value, up to the next value or the end. */
static bool read_on(reader *r) {
  bool in_object = false;
  while (r->depth > 0) {
    const level *innermost = &r->levels[r->depth - 1];
    in_object = innermost->is_object;
    if (!take(r, in_object ? '}' : ']')) break;
    if (!ew_names_close(&r->names, innermost->first_name))
      return fail(r, "its body gives a name twice");
    r->depth--;
  }
  if (r->depth == 0) return true;
  return take(r, ',') && (!in_object || read_name(r));
}

static bool read_all(reader *r) {
  do {
    bool complete;
    if (!read_value(r, &complete)) return false;
    if (complete && !read_on(r)) return false;
  } while (r->depth > 0);
  skip_blanks(r);
  return r->at == r->end;
}

/* Reads the whole body, which is not empty. -> NULL, or why it is no JSON text or an error */
static const char *read_body(reader *r, const ew_answer *answer, size_t most_names,
                             const char *wanted) {
  bool is_read;
  if (!ew_utf8_is_text(answer->body, answer->length)) return not_text;
  r->at = answer->body;
  r->end = answer->body + answer->length;
  r->wrong = NULL;
  r->is_error = r->has_message = r->is_ok = r->holds_object = false;
  r->wanted = wanted;
  r->in_wanted = !wanted;
  r->shape = EW_NEITHER;
  r->depth = 0;
  ew_names_init(&r->names, most_names);
  is_read = read_all(r);
  ew_names_free(&r->names);
  if (!is_read) return r->wrong ? r->wrong : "its body is not JSON";
  return r->is_error || (r->has_message && !r->is_ok) ? "its body is an error" : NULL;
}

static const char *doubt_of_change(const ew_answer *answer) {
  static const char unproved[] = "nothing proves that the answer arrived whole";
  reader r;
  const char *doubt;
  if (answer->length == 0) return answer->whole ? NULL : unproved;
  if (answer->length > EW_LARGEST_BODY) return "its body is larger than 1 MiB";
  doubt = read_body(&r, answer, EW_FEW_NAMES, NULL);
  if (doubt) return doubt;
  if (r.outermost == IS_NUMBER && !answer->whole) return unproved; /* digits may be missing */
  return r.outermost == IS_FALSE ? "its body is false" : NULL;
}

/* An object or array proves itself whole. A map of roles or of groups may have thousands of names.
** The rule of an error holds for the outermost object alone. No resource, owner or list of the API
** has a member of the rule's names (OpenAPI document of September 2026). The names in the map of
** groups are the workspace's own: if one is "error" or the like, the map is not read. */
static const char *doubt_of_read(const ew_answer *answer) {
  reader r;
  const char *doubt;
  if (answer->length == 0) return "its body is empty";
  if (answer->length > EW_LARGEST_READ) return "its body is larger than 16 MiB";
  doubt = read_body(&r, answer, answer->length, NULL);
  if (doubt) return doubt;
  return r.shape == EW_NEITHER ? "its body is neither an object nor an array" : NULL;
}

ew_shape ew_proof_shape(const char *body, size_t length, const char *member, bool *holds_object) {
  ew_answer answer = {.body = body, .length = length};
  reader r;
  *holds_object = false;
  if (length == 0 || read_body(&r, &answer, length, member)) return EW_NEITHER;
  *holds_object = r.holds_object;
  return r.shape;
}

const char *ew_proof_doubt(ew_good_answer good, const ew_answer *answer) {
  if (good == EW_ANY) return answer->status > 0 ? NULL : "there is no answer";
  if (!answer->sent) return "the request was not sent";
  if (!answer->succeeded) return "the transfer failed";
  if (!answer->head_ended) return "the answer ended inside its headers";
  if (answer->status != 200) return "its status is not 200";
  return good == EW_CONFIRMATION ? doubt_of_change(answer) : doubt_of_read(answer);
}
