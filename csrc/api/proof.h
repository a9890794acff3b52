/*
** proof.h - is an answer the good answer of its operation? The only place that says so of a change.
** The JSON reader refuses all that lua-cjson refuses, and more. The reader does not recurse. A body
** of n bytes takes n log n time at most. The body of a change needs no memory. The body of a read
** needs memory for more than EW_FEW_NAMES open names. Without memory the answer is not good.
*/
#ifndef EW_PROOF_H
#define EW_PROOF_H

#include <stddef.h>

#include "api/operations.h"

/* What is known of an attempt's answer. */
typedef struct {
  bool sent;        /* the request may have left this machine */
  bool succeeded;   /* libcurl reported success */
  int status;       /* 0: there is none */
  bool head_ended;  /* the blank line that ends the headers was seen */
  bool whole;       /* see ew_response_whole */
  const char *body; /* borrowed */
  size_t length;
} ew_answer;

/* Why the answer is not a good one; NULL: it is. The reason is static text. Of a complete 200 it
** finishes the sentence "the server answered 200, but ...". */
const char *ew_proof_doubt(ew_good_answer good, const ew_answer *answer);

typedef enum { EW_NEITHER, EW_OBJECT, EW_ARRAY } ew_shape;

/* The shape of a member of a good answer's outermost object. `member` is NULL: the shape of the
** outermost value. lua-cjson cannot tell an empty object from an empty array. `*holds_object`: the
** value directly holds an object. */
ew_shape ew_proof_shape(const char *body, size_t length, const char *member, bool *holds_object);

#endif
