/*
** response.h - from header lines and body bytes to evidence: the status, the headers that are
** used, and whether the answer arrived whole. libcurl's own verdict does not tell: libcurl reports
** success for an answer that is cut inside its headers, and for an answer with two lengths.
*/
#ifndef EW_RESPONSE_H
#define EW_RESPONSE_H

#include "base/buffer.h"

enum {
  EW_LARGEST_BODY = 1024 * 1024,      /* of the answer to a change */
  EW_LARGEST_READ = 16 * 1024 * 1024, /* of the answer to a read */
  EW_LONGEST_HEADER = 128
};

/* Headers that are kept, by index into ew_header_names (lower case). */
enum { EW_REQUEST_ID = 0, EW_MAXIMUM = 4, EW_HEADERS };
extern const char *const ew_header_names[EW_HEADERS];

typedef struct {
  bool interim_ended; /* the newest head was informational (1xx) and has ended */
  int status;         /* of the newest head, informational ones included; 0: none */
  bool head_ended;    /* the blank line of the final head was seen */
  bool chunked;       /* transfer-encoding: exactly "chunked" */
  bool has_length;    /* content-length, in `length` */
  unsigned long long length;
  size_t largest_body; /* EW_LARGEST_BODY or EW_LARGEST_READ */
  ew_buffer body;
  char headers[EW_HEADERS][EW_LONGEST_HEADER]; /* "" when absent or not printable ASCII */
} ew_response;

/* Takes answers to changes, until `largest_body` says otherwise. */
void ew_response_init(ew_response *response);

/* Forgets the answer, keeps the memory and `largest_body`. */
void ew_response_clear(ew_response *response);
void ew_response_free(ew_response *response);

/* One header line with its line end. NULL, or why the answer's framing cannot be trusted: the
** transfer must then end, and its connection must be closed. */
const char *ew_response_header(ew_response *response, const char *line, size_t length);

/* Body bytes. NULL, or why the transfer must end. */
const char *ew_response_body(ew_response *response, const char *bytes, size_t length);

/* True if the body is proved whole by its length or by the terminal chunk. To be asked only if
** libcurl reported success: libcurl reports error 18 if it did not see the terminal chunk. After
** `false` a body may still prove itself, as a complete JSON value. */
bool ew_response_whole(const ew_response *response);

#endif
