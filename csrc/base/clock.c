#define _DEFAULT_SOURCE
#include "base/clock.h"

#include <time.h>

int64_t ew_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ew_earlier(int64_t a_us, int64_t b_us) {
  return a_us < b_us ? a_us : b_us;
}

int ew_wait_ms(int64_t timeout_us) {
  int64_t ms = timeout_us <= 0 ? 0 : (timeout_us - 1) / 1000 + 1;
  return ms > 3600000 ? 3600000 : (int)ms;
}
