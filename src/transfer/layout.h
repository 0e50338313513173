/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names under which files stand in a store, the same as kvexpress uses:
 *
 *	PREFIX/KEY/data         the file
 *	PREFIX/KEY/checksum     lowercase hex SHA-256 of the uncompressed file
 *	PREFIX/KEY/stop         the reason for a freeze; empty counts as absent
 *	PREFIX/KEY/signature    who vouches for the checksum (base/sign.h); kvsync's own
 *	PREFIX/locks/<sha256 of a path>/NODE   the reason for a lock; empty counts as absent
 *
 * and those that are kvsync's own, where kvexpress does not look:
 *
 *	PREFIX.kvsync/v1/history/KEY/NUMBER    versions (transfer/history.h)
 *	PREFIX.kvsync/v1/chunks/SHA256         pieces of large files (transfer/chunks.h)
 *	PREFIX.kvsync/v1/lists/KEY/SHA256      which chunks a file of KEY needs, since when
 *	PREFIX.kvsync/v1/lists-changed         differs after each new one of those
 */
#ifndef KVS_TRANSFER_LAYOUT_H
#define KVS_TRANSFER_LAYOUT_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

/* What keys and prefixes may be. */
enum kvs_naming {
	KVS_NAMING_READ = 0,
	/* Also keeps files apart from the names above. */
	KVS_NAMING_WRITE = 1,
	/* Whatever kvexpress takes: empty parts, names from above, no prefix.  One slash in front of
	 * the whole name goes. */
	KVS_NAMING_FREE = 2,
};

/* What a key of the operator's may not be.  ARG. */
int kvs_layout_check_key(const char *key, enum kvs_naming naming, struct kvs_err *err);

/* The keys of one file.  Release with kvs_names_release(). */
struct kvs_names {
	char *data;
	char *checksum;
	char *stop;
	char *signature;
};

/* Checks the prefix and the key, and makes the names.  ARG, NOMEM. */
int kvs_names_init(struct kvs_names *names, const char *prefix, const char *key,
		   enum kvs_naming naming, struct kvs_err *err);
void kvs_names_release(struct kvs_names *names);

/* The key of this node's lock on a path, taken as it is; node NULL: the host's name.  Fresh
 * memory.  ARG, NOMEM. */
int kvs_layout_lock(const char *prefix, const char *path, const char *node, enum kvs_naming naming,
		    char **ret_key, struct kvs_err *err);

/* A key of kvsync's own: "chunks/" and a checksum.  Fresh memory.  ARG (the prefix), NOMEM. */
int kvs_layout_own(const char *prefix, const char *folder, const char *rest, char **ret_key,
		   struct kvs_err *err);

/* What the keys of a file's versions begin with.  Fresh memory.  ARG, NOMEM. */
int kvs_layout_history(const char *prefix, const char *key, char **ret_folder, struct kvs_err *err);

#define KVS_AUTO_NAMES KVS_CLEANUP(kvs_names_release)

#endif
