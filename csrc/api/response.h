/*
** response.h - from header lines and body bytes to evidence: the status, the
** few headers we use, and whether the answer is proved whole. libcurl's own
** verdict proves none of this: it reports success for an answer cut inside its
** headers and for one with two different lengths.
*/
#ifndef EW_RESPONSE_H
#define EW_RESPONSE_H

#include "base/buffer.h"

enum { EW_LARGEST_BODY = 1024 * 1024, EW_LONGEST_HEADER = 128 };

/* Headers that are kept, by index into ew_header_names (lower case). */
enum { EW_HEADERS = 5 };
extern const char *const ew_header_names[EW_HEADERS];

typedef struct {
  bool interim_ended; /* the newest head was informational and is over */
  int status;         /* of the newest head, informational ones included; 0: none */
  bool head_ended;    /* the blank line of the final head was seen */
  bool chunked;       /* transfer-encoding: exactly "chunked" */
  bool has_length;    /* content-length, in `length` */
  unsigned long long length;
  ew_buffer body;
  char headers[EW_HEADERS][EW_LONGEST_HEADER]; /* "" when absent or not printable ASCII */
} ew_response;

void ew_response_init(ew_response *response);

/* Forget the answer, keep the memory. */
void ew_response_clear(ew_response *response);
void ew_response_free(ew_response *response);

/* One header line with its line end. NULL, or why the answer's framing cannot
** be trusted: the transfer must then end and its connection close. */
const char *ew_response_header(ew_response *response, const char *line, size_t length);

/* Body bytes. NULL, or why the transfer must end. */
const char *ew_response_body(ew_response *response, const char *bytes, size_t length);

/* Is the body proved whole by its length or by the terminal chunk? Asked only
** where libcurl reported success, which for chunked means that it saw that
** chunk (it reports error 18 otherwise). A `false` is not yet a "no": a complete
** JSON value is its own proof. */
bool ew_response_whole(const ew_response *response);

#endif
