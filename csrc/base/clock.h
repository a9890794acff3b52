/*
** clock.h - time in microseconds, by a clock that nobody can set.
*/
#ifndef EW_CLOCK_H
#define EW_CLOCK_H

#include <stdint.h>

#define EW_NEVER INT64_MAX

int64_t ew_now_us(void);
int64_t ew_earlier(int64_t a_us, int64_t b_us);

/* A duration as poll(2) takes it. Rounded up, so that no waiter spins. An hour at most. */
int ew_wait_ms(int64_t timeout_us);

#endif
