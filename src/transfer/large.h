/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is too large for a value, taken apart: for those who write it.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_LARGE_H
#define KVS_TRANSFER_LARGE_H

#include "transfer/chunks.h"
#include "transfer/source.h"

struct kvs_large {
	struct kvs_chunks chunks;
	struct kvs_buf list; /* the value that stands for the file */
	char checksum[KVS_SHA256_HEX];
};

/* Is a file of so many bytes too large for a value of the store? */
bool kvs_large_is(const struct kvs_store *store, uint64_t bytes);

/* ARG: what is there is in chunks, and nobody asked for such a thing. */
int kvs_large_not_allowed(const char *name, struct kvs_err *err);

/*
 * Reads the source, with the guards looking on.  The chunks of a source that has some already stay
 * as they are, and what comes out of them must be the file of `checksum`, else NULL.
 * GUARD, INTEGRITY, SYS (it shrank to nothing), and what kvs_source_read() says.
 */
int kvs_large_take(const struct kvs_transfer *t, const struct kvs_source *source,
		   const struct kvs_guards *guards, const char *checksum, struct kvs_large *ret,
		   struct kvs_err *err);

/* One of zeros is fine. */
void kvs_large_release(struct kvs_large *large);

#endif
