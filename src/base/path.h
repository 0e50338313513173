/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as text.  Nothing here asks the file system, except kvs_path_absolute() for the working
 * directory.  Results are fresh memory (kvsi_free), or NULL when there is none.
 */
#ifndef KVS_BASE_PATH_H
#define KVS_BASE_PATH_H

#include <kvsync/kvsync.h>

/*
 * The shortest equal path by text alone, as Go's filepath.Clean has it: repeated and trailing
 * slashes go, "." goes, "x/.." goes, ".." at the root goes; the empty path is ".".  Symbolic links
 * are not looked at.
 */
char *kvs_path_clean(const char *path);

/* The cleaned path, behind the working directory when it is relative.  ARG (empty), SYS, NOMEM. */
int kvs_path_absolute(const char *path, char **ret_path, struct kvs_err *err);

/* The directory part ("." or "/" when there is none), and what follows the last slash. */
char *kvs_path_dir(const char *path);
const char *kvs_path_base(const char *path);

#endif
