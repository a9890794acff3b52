/*
** ca_file.h - whether a file may hold the authorities to trust.
** libcurl looks at the file with each connection, and says little of what is wrong with it.
*/
#ifndef EW_CA_FILE_H
#define EW_CA_FILE_H

#include "base/error.h"

/* EW_EINVAL, with the field ca_file, if nothing can be read there, if it is no regular file or
** if it holds no certificate in PEM. What is in the certificate is not looked at. */
ew_status ew_check_ca_file(const char *path, ew_error *error);

#endif
