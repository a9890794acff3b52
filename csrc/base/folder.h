/*
** folder.h - folders whose files say what was done: private ones, and a file that takes its place
** for good. Hides modes and owners, and that a new name needs a sync of its folder.
*/
#ifndef EW_FOLDER_H
#define EW_FOLDER_H

#include "base/error.h"

/* Makes a folder with mode 0700. A folder that is there is checked. EW_EINVAL says why not, with
** the field "folder". */
ew_status ew_folder_make(const char *path, ew_error *error);

/* A folder must belong to this user, and nobody else may be able to write in it. EW_EINVAL says why
** not, with the field "folder". */
ew_status ew_folder_check(const char *path, ew_error *error);

/* Makes an empty file with mode 0600. There must be no file of this name. */
ew_status ew_folder_make_file(const char *path, ew_error *error);

/* Renames a file within its folder, in place of a file that has the new name. The new name is on
** the disk afterwards. */
ew_status ew_folder_rename(const char *from, const char *to, ew_error *error);

#endif
