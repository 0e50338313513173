/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's bytes as the store holds them, into memory.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_PAIR_READ_H
#define KVS_TRANSFER_PAIR_READ_H

#include "transfer/chunks.h"
#include "transfer/pair.h"
#include "transfer/signing.h"

/* What is to be read; borrowed. */
struct kvs_pair_query {
	const char *key;
	const struct kvs_names *names; /* of the key */
	bool ignore_stop;	       /* a stop of the key does not count */
	bool ask_signature;	       /* *ret tells whether there is one */
	struct kvs_signers signers;    /* who must have signed; none: signatures do not matter */
	uint64_t max_bytes;
	bool whole; /* also a large file is to be in memory */
};

struct kvs_pair {
	char checksum[KVS_SHA256_HEX];
	bool has_signature;	    /* if that was asked for */
	struct kvs_decoded decoded; /* the bytes, borrowed from what follows */
	struct kvs_chunks chunks;   /* of a large file, whose bytes are the list; else n is 0 */
	struct kvs_entry *data;
	struct kvs_buf room;
	struct kvs_chunk_trouble trouble;
};

/* Reads until data and checksum match.  NOTFOUND, FROZEN (a stop), GUARD and TOOBIG (too
 * many bytes), INTEGRITY, UNSUPPORTED (the encoding), and what the store says.  Release it also after a failure. */
int kvs_pair_read(const struct kvs_transfer *t, const struct kvs_pair_query *query,
		  struct kvs_pair *ret, struct kvs_err *err);
void kvs_pair_release(struct kvs_pair *pair);

#define KVS_AUTO_PAIR KVS_CLEANUP(kvs_pair_release)

#endif
