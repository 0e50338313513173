/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The versions of a file that are kept beside it, in keys that kvexpress does not look at:
 *
 *	PREFIX.kvsync/v1/history/KEY/00000000000000000007
 *
 * Each holds what stood in the store from some moment on; the newest is what stands there now,
 * unless somebody wrote past us.  That is found out before the next write and kept as well, so
 * that nothing is lost that a rollback could want.  For src/transfer only.
 *
 * History is never in the way: what fails here is told once, as a warning, and ends it for this run.
 */
#ifndef KVS_TRANSFER_HISTORY_H
#define KVS_TRANSFER_HISTORY_H

#include "transfer/layout.h"
#include "transfer/transfer.h"
#include "transfer/version.h"

/* A version that is kept, as far as it matters for keeping others. */
struct kvs_kept {
	uint64_t number;
	uint64_t size; /* of its value, and of its chunks */
	char checksum[KVS_SHA256_HEX];
};

struct kvs_history {
	const struct kvs_transfer *t;
	const struct kvs_history_params *params;
	const char *key;
	char *folder;	       /* what its keys begin with */
	struct kvs_kept *kept; /* by number */
	size_t n_kept;
	bool listed;
	bool off; /* by choice, or after a failure */
};

/* Borrows everything, for as long as the history lives.  params NULL: no history is written. */
void kvs_history_init(struct kvs_history *h, const struct kvs_transfer *t,
		      const struct kvs_history_params *params, const char *key);
void kvs_history_release(struct kvs_history *h);

/* Before a write: keeps what stands in the store, `held` (a checksum as it is there, or nothing), if no
 * version has it yet. */
void kvs_history_keep_held(struct kvs_history *h, const struct kvs_names *names,
			   struct kvs_str held);

/* After a write: keeps what was written (`chunked`: content is the list of its chunks, which count as if
 * they stood in the version), and drops the oldest of what is too much. */
void kvs_history_keep_written(struct kvs_history *h, const struct kvs_in_result *written,
			      struct kvs_str content, bool chunked);

/* Tells the checksum of each version that is kept.  What cannot be read, or may be hidden, is an error:
 * INTEGRITY, DENIED.  A nonzero return of fn ends it (CANCELED). */
int kvs_history_checksums(const struct kvs_transfer *t, const char *key,
			  int (*fn)(void *arg, const char *checksum), void *arg,
			  struct kvs_err *err);

/* The bytes of a version, in room, or if it is large, its chunks.  Errors as kvs_transfer_version(). */
struct kvs_chunks;
int kvs_version_fetch(const struct kvs_transfer *t, const char *key, uint64_t number,
		      struct kvs_buf *room, struct kvs_chunks *ret_chunks,
		      char ret_checksum[KVS_SHA256_HEX], struct kvs_err *err);

#define KVS_AUTO_HISTORY KVS_CLEANUP(kvs_history_release)

#endif
