#define _DEFAULT_SOURCE
#include "binding/process.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

/* Opens the descriptors 0 to 2 that are closed. Otherwise a socket or a file would get one of these
** numbers, and text for a person would go there. open takes the lowest free number. Descriptor 1 is
** opened for reading, so that writing a result to it is an error. */
int lew_open_descriptors(lua_State *L) {
  int fd;
  (void)L;
  for (fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
      (void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
  return 0;
}

/* Discards what was typed on the terminal and not read yet. */
int lew_discard_input(lua_State *L) {
  (void)L;
  tcflush(STDIN_FILENO, TCIFLUSH);
  return 0;
}
