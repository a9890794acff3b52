#include "base/fd.h"

#include <unistd.h>

void ew_fd_close(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}
