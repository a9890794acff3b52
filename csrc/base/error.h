/*
** error.h - one error value for every C layer. Its size is fixed, so that reporting a failure
** cannot fail.
*/
#ifndef EW_ERROR_H
#define EW_ERROR_H

#include <stddef.h>

typedef enum {
  EW_OK = 0,
  EW_EINVAL, /* the caller's argument: `field` names it */
  EW_ENOMEM,
  EW_ESYSTEM, /* the operating system or libcurl refused */
  EW_ECLOSED,
  EW_EJOURNAL, /* the journal's file is damaged, not writable... */
  EW_ELOCKED   /* another run has the journal */
} ew_status;

typedef struct {
  ew_status status;
  char field[48];    /* "" when no one field is to blame */
  char message[320]; /* printable ASCII */
} ew_error;

/* Fills `error` and returns `status`, so that a caller can `return ew_fail(...)`. `field` may be
** NULL. */
ew_status ew_fail(ew_error *error, ew_status status, const char *field, const char *format, ...)
#if defined(__GNUC__)
  __attribute__((format(printf, 4, 5)))
#endif
  ;

/* The one message for EW_ENOMEM. */
ew_status ew_fail_memory(ew_error *error);

/* Copies a user's text so that a message can quote it. A byte that is not printable ASCII becomes
** '?'. A text that does not fit, or that begins like a secret key ("sk_"), becomes "...": part of a
** misplaced key is a leak too. */
void ew_quotable(char *out, size_t out_size, const char *text, size_t length);

#endif
