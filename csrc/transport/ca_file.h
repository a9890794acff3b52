/*
** ca_file.h - may this file hold the authorities to trust?
** libcurl reads the file with each connection, and says little about a file that is wrong.
*/
#ifndef EW_CA_FILE_H
#define EW_CA_FILE_H

#include "base/error.h"

/* EW_EINVAL, with the field ca_file, if the file cannot be read, is no regular file or holds no
** certificate in PEM. The content of the certificate is not checked. */
ew_status ew_check_ca_file(const char *path, ew_error *error);

#endif
