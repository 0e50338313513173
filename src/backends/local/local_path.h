/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the store's file is, and whether it may be there.  Knows paths, owners and file systems;
 * must not know SQLite.  Never opens the store's file: closing any descriptor of it would drop the
 * POSIX locks that SQLite holds on it in this process (fcntl(2), "Record locking").
 */
#ifndef KVS_LOCAL_PATH_H
#define KVS_LOCAL_PATH_H

#include <kvsync/kvsync.h>

/*
 * The absolute path: of `given` (relative: to the working directory), or, when it is NULL or
 * empty, /var/lib/kvsync/store.db for root and $XDG_STATE_HOME/kvsync/store.db otherwise.  The
 * caller frees *ret_path with kvsi_free().  CONFIG, SYS, NOMEM.
 */
int local_path_choose(const char *given, char **ret_path, struct kvs_err *err);

/*
 * Makes missing directories (0700) and, if there is no file, an empty one (0600); then looks at
 * what is there.  Refused: what is no regular file, file systems whose locks or shared memory do
 * not reach every user, and files and directories that strangers may change.  *ret_real is the path
 * with symbolic links followed, beside which SQLite keeps its own files; free with kvsi_free().
 * CONFIG, DENIED, SYS, NOMEM.
 */
int local_path_prepare(const char *path, char **ret_real, struct kvs_err *err);

/* The name of a file system that a store may not be on ("NFS"), by statfs(2)'s f_type; NULL for
 * every other. */
const char *local_path_remote_fs(uint64_t f_type);

#endif
