/*
** fd.h - closing a file descriptor that may be closed already.
*/
#ifndef EW_FD_H
#define EW_FD_H

/* Closes *fd unless it is -1. *fd is -1 afterwards. */
void ew_fd_close(int *fd);

#endif
