#include "api/list.h"

#include <string.h>

#include "base/utf8.h"

static ew_status invalid(ew_error *error, const char *field, const char *what) {
  return ew_fail(error, EW_EINVAL, field, "%s %s", field, what);
}

static ew_status check_text(const ew_text *text, const char *field, size_t longest,
                            ew_error *error) {
  if (text->length == 0) return invalid(error, field, "must not hold an empty text");
  if (text->length > longest) return invalid(error, field, "holds a text that is too long");
  if (!ew_utf8_is_text(text->data, text->length))
    return invalid(error, field, "holds a text that is not valid UTF-8");
  return EW_OK;
}

static bool is_dots(const ew_text *segment) {
  return segment->length <= 2 && memcmp(segment->data, "..", segment->length) == 0;
}

/* '/' and '%' could address another path: servers decode %2F. */
static ew_status check_segment(const ew_text *segment, ew_error *error) {
  if (check_text(segment, "path", EW_LONGEST_FIELD, error) != EW_OK) return error->status;
  if (is_dots(segment) || memchr(segment->data, '/', segment->length) ||
      memchr(segment->data, '%', segment->length))
    return invalid(error, "path", "must not hold \".\", \"..\", '/' or '%'");
  return EW_OK;
}

ew_status ew_list_check(const ew_list_args *args, ew_error *error) {
  size_t i;
  if (args->segment_count == 0) return invalid(error, "path", "must not be empty");
  for (i = 0; i < args->segment_count; i++)
    if (check_segment(&args->segments[i], error) != EW_OK) return error->status;
  for (i = 0; i < args->parameter_count; i++)
    if (check_text(&args->parameters[i], "query", EW_LONGEST_PARAMETER, error) != EW_OK)
      return error->status;
  return EW_OK;
}

size_t ew_list_build(ew_request *request, const ew_list_args *args) {
  ew_writer w = ew_request_begin(request, EW_LIST);
  size_t i;
  for (i = 0; i < args->segment_count; i++) {
    ew_write_text(&w, "/");
    ew_write_percent(&w, args->segments[i].data, args->segments[i].length);
  }
  for (i = 0; i < args->parameter_count; i++) {
    ew_write_text(&w, i == 0 ? "?" : i % 2 ? "=" : "&");
    ew_write_percent(&w, args->parameters[i].data, args->parameters[i].length);
  }
  ew_request_end_target(request, &w);
  return ew_request_end(request, &w);
}
