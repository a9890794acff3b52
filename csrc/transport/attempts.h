/*
** attempts.h - how attempts end, as evidence for the layers above.
** An attempt of which nothing was sent may be begun anew here. Whether a call is sent again is
** decided above.
*/
#ifndef EW_ATTEMPTS_H
#define EW_ATTEMPTS_H

#include "transport/internal.h"

/* End what libcurl says is over. An attempt whose kept connection was not trusted begins anew on
** a fresh connection: nothing of it was sent. */
void ew_attempts_collect(ew_transport *transport);

/* End one attempt, or all of them, for a reason of ours (static). An answer that came first
** stands. */
void ew_attempts_cancel(ew_transport *transport, ew_transfer *transfer, const char *reason);
void ew_attempts_abort(ew_transport *transport, const char *reason, int curl_code);

/* When the oldest attempt times out (EW_NEVER: no attempt). The second function ends attempts
** that timed out. libcurl checks no time-out while a transfer waits for another transfer's
** connection. */
int64_t ew_attempts_overdue_us(const ew_transport *transport);
void ew_attempts_end_overdue(ew_transport *transport);

/* Restart attempts that wait for an HTTP/2 connection. Call this if the connection turns out
** to speak HTTP/1.1. libcurl 7.88 restarts them itself. 8.14 waits until the connection has an
** answer, which may never come. */
void ew_attempts_release_waiting(ew_transport *transport);

#endif
