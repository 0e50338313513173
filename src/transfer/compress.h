/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file's bytes stand in a value, and back.
 *
 *	plain    the bytes                                        flags 0
 *	gzip     gzip, then base64: kvexpress up to 1.14          flags 0
 *	brotli   brotli, quality 11: kvexpress from 1.15          flags 1
 *	zstd     zstd: kvsync only                                flags 2
 *	chunks   where the bytes are (transfer/chunks.h)          flags 3
 *
 * A reader is told nothing and finds out by itself: the flags and the first bytes are hints, the
 * checksum (of the unpacked bytes) is the proof.  So a value that lost its flags, in a store that
 * has none or on the way through one, comes out right all the same.  gzip without base64, which
 * nobody released writes, is read too.
 *
 * It knows nothing of stores or files.  What is unpacked has a limit, so that a small value
 * cannot fill the memory.  What should not be in memory at once goes through transfer/coder.h.
 */
#ifndef KVS_TRANSFER_COMPRESS_H
#define KVS_TRANSFER_COMPRESS_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

enum kvs_encoding {
	KVS_ENCODING_PLAIN = 0,
	KVS_ENCODING_GZIP,
	KVS_ENCODING_BROTLI,
	KVS_ENCODING_ZSTD,
	KVS_ENCODING_CHUNKS,
};

struct kvs_encoding_info {
	const char *name;
	uint64_t flags;
	bool kvexpress; /* can some kvexpress read it? */
};

const struct kvs_encoding_info *kvs_encoding_info(enum kvs_encoding encoding);

/* "plain", "gzip", "brotli" or "zstd", which are for whole values.  ARG. */
int kvs_encoding_parse(const char *name, enum kvs_encoding *ret, struct kvs_err *err);

/* Appends to `value` what is to be stored for these bytes.  UNSUPPORTED (the module is not
 * installed), TOOBIG (over value->max), NOMEM. The same bytes give the same value each time, as
 * long as the libraries are the same. */
int kvs_encode(enum kvs_encoding encoding, struct kvs_str bytes, struct kvs_buf *value,
	       struct kvs_err *err);

/* What a list of chunks begins with. */
#define KVS_CHUNKS_MAGIC "kvsync-chunks 1 "

struct kvs_decoded {
	enum kvs_encoding encoding;
	bool mismatch; /* on failure: unpacked well, but not to the bytes of the checksum */
	/* plain: the value itself; chunks: it as well, unproven; else in the caller's buffer */
	struct kvs_str bytes;
};

/*
 * Finds the bytes of this checksum (hex) in a value.  `flags` are the entry's, 0 where the store has
 * none.  `room` takes what is unpacked, and room->max is the limit; its contents are replaced.
 * A list of chunks comes out as it is: only what it leads to can be held against the checksum.
 * `name` is for messages.  Errors: INTEGRITY (damaged, cut off, not the bytes of the checksum),
 * TOOBIG (unpacks to more than the limit), UNSUPPORTED (flags of a later version, the module is
 * not installed), NOMEM.
 */
int kvs_decode(const char *name, struct kvs_str value, uint64_t flags, const char *checksum,
	       struct kvs_buf *room, struct kvs_decoded *ret, struct kvs_err *err);

#endif
