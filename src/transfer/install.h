/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file on this machine that is to have certain bytes, owner and mode.
 */
#ifndef KVS_TRANSFER_INSTALL_H
#define KVS_TRANSFER_INSTALL_H

#include "transfer/transfer.h"

#include "base/cleanup.h"
#include "base/fsio.h"

struct kvs_target {
	char *named; /* the cleaned absolute path as asked for: locks and states go by it */
	char *path;  /* the file itself, behind a symbolic link where that was allowed */
};

/* Finds out which file `file` means.  ARG, SYS, NOMEM. */
int kvs_target_init(struct kvs_target *target, const char *file, struct kvs_err *err);
void kvs_target_release(struct kvs_target *target);

/* Follows symbolic links, if allowed, to what is to be written.  SYS, NOMEM. */
int kvs_target_resolve(struct kvs_target *target, bool follow, struct kvs_err *err);

/* The file as it was found. */
struct kvs_found {
	bool exists;
	bool same;	/* its bytes are right */
	bool repaired;	/* they were, but owner or mode were not */
	uint64_t bytes; /* when it exists, like what follows */
	char checksum[KVS_SHA256_HEX];
};

/* Is the file there with bytes of this checksum?  If so, its owner and mode are made as asked; *ret is
 * written also when that fails.  SYS. */
int kvs_target_settle(const struct kvs_target *target, const char *checksum,
		      const struct kvs_rights *rights, struct kvs_found *ret, struct kvs_err *err);

/* Is the file there with bytes of this checksum, and with the owner and mode asked for?  Changes
 * nothing; false also when it cannot be read. */
bool kvs_target_is_right(const struct kvs_target *target, const char *checksum,
			 const struct kvs_rights *rights);

/* Opens the new file beside the target, with its owner and mode.  Missing directories are made.  Once it is
 * written and synced, it only has to be published.  SYS, NOMEM. */
int kvs_target_open(const struct kvs_target *target, const struct kvs_rights *rights,
		    struct kvs_newfile *ret, struct kvs_err *err);

/* Keeps the file that is there as its backup: `where` is a suffix of its name, or with a slash in it
 * a directory, which is made if it is missing.  ARG, SYS, NOMEM. */
int kvs_target_back_up(const struct kvs_target *target, const char *where, struct kvs_err *err);

#define KVS_AUTO_TARGET KVS_CLEANUP(kvs_target_release)

#endif
