/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token kept in a file for the next program of the same account: a login costs etcd some 70 ms of
 * computing on purpose.  The file has mode 0600 and lies in $XDG_RUNTIME_DIR/kvsync, for root in
 * /run/kvsync: it is gone with the session or the next boot.  Without such a folder nothing is
 * kept.  No failure here is anybody's error.
 */
#ifndef KVS_ETCD_TOKEN_H
#define KVS_ETCD_TOKEN_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

/* Can it be sent as a header?  Printable ASCII, of a sensible length. */
bool etcd_token_is_sound(const char *token);

/* The file's path for this store and user; NULL: nothing can be kept. */
char *etcd_token_path(const char *store, const char *user);

/* The kept token, fresh memory; NULL if there is none that is sound, or the file is not ours alone.
 * Free with kvs_wipe_free(). */
char *etcd_token_load(const char *path);

void etcd_token_save(const char *path, const char *token);
void etcd_token_forget(const char *path);

#endif
