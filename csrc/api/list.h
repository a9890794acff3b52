/*
** list.h - the request for one page of a list: from the parts of a path and a query to a target.
** Which lists there are is known to the layers above.
*/
#ifndef EW_LIST_H
#define EW_LIST_H

#include "api/request.h"

enum {
  EW_MOST_SEGMENTS = 8,
  EW_MOST_PARAMETERS = 8,
  EW_LONGEST_PARAMETER = 4096 /* bytes; cursors are opaque and may be long */
};

/* Texts are borrowed. */
typedef struct {
  ew_text segments[EW_MOST_SEGMENTS]; /* of the path, such as "v1" and an id */
  size_t segment_count;
  ew_text parameters[2 * EW_MOST_PARAMETERS]; /* of the query: a name, its value, a name... */
  size_t parameter_count;                     /* of both */
} ew_list_args;

/* EW_EINVAL with the field `path` or `query`: a segment that could change the path, or a text that
** is empty, too long or no UTF-8 text. */
ew_status ew_list_check(const ew_list_args *args, ew_error *error);

/* As ew_request_build. */
size_t ew_list_build(ew_request *request, const ew_list_args *args);

#endif
