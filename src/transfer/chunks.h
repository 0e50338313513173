/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is larger than a value may be stands in chunks, each under its own SHA-256, and the
 * value is the list of them:
 *
 *	kvsync-chunks 1 BYTES LINES
 *	SHA256 BYTES
 *	...
 *
 * The list changes together with the checksum, so that all chunks become visible at once; a chunk
 * never changes.  chunk_read.c fetches them, chunk_write.c puts them there, chunk_sweep.c takes
 * away what nobody needs any more (doc/decisions/0032).  For src/transfer only.
 */
#ifndef KVS_TRANSFER_CHUNKS_H
#define KVS_TRANSFER_CHUNKS_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "transfer/transfer.h"

/* Of each chunk but the last: fits into a value and into a transaction of every store. */
#define KVS_CHUNK_BYTES ((size_t)256 * 1024)

/* Of what anybody wrote: a reader takes other sizes, too. */
#define KVS_CHUNK_BYTES_MAX ((size_t)1024 * 1024)
#define KVS_CHUNKS_MAX	    ((size_t)65536)

/* Chunks that are asked for together, and all that is in memory of a file. */
#define KVS_CHUNKS_TOGETHER 4

struct kvs_chunk {
	size_t bytes;
	char checksum[KVS_SHA256_HEX];
};

struct kvs_chunks {
	uint64_t bytes; /* of the file */
	uint64_t lines;
	size_t n;
	struct kvs_chunk *at;
};

void kvs_chunks_release(struct kvs_chunks *chunks);
#define KVS_AUTO_CHUNKS KVS_CLEANUP(kvs_chunks_release)

/* The next chunk of a file that is being taken apart.  TOOBIG, NOMEM. */
int kvs_chunks_add(struct kvs_chunks *chunks, struct kvs_str piece, struct kvs_err *err);

/* Appends the list.  NOMEM, TOOBIG. */
int kvs_chunks_format(const struct kvs_chunks *chunks, struct kvs_buf *ret_list,
		      struct kvs_err *err);

/* Are these the bytes of the chunk? */
bool kvs_chunk_is(const struct kvs_chunk *chunk, struct kvs_str bytes);

/* The keys of a few chunks. */
struct kvs_chunk_names {
	char *texts[KVS_CHUNKS_TOGETHER];
	struct kvs_str keys[KVS_CHUNKS_TOGETHER];
};

/* At most KVS_CHUNKS_TOGETHER of them.  ARG (the prefix), NOMEM. */
int kvs_chunk_names_init(struct kvs_chunk_names *names, const char *prefix,
			 const struct kvs_chunk *chunks, size_t n, struct kvs_err *err);
void kvs_chunk_names_release(struct kvs_chunk_names *names);
#define KVS_AUTO_CHUNK_NAMES KVS_CLEANUP(kvs_chunk_names_release)

/* Reads a list, which has one chunk at least; `name` is for messages.  INTEGRITY, NOMEM. */
int kvs_chunks_parse(const char *name, struct kvs_str list, struct kvs_chunks *ret,
		     struct kvs_err *err);

/* ---- chunk_read.c ---- */

/* Gets the pieces of a file in their order, borrowed. */
typedef int (*kvs_piece_fn)(void *arg, struct kvs_str piece, struct kvs_err *err);

/*
 * Fetches each chunk, proves it, and hands it on.  Each few of them have the time of the whole job.
 * INTEGRITY (one is missing or is not what its name says: then *ret_broken is true, if it is not NULL), what
 * fn returned, and what the store says.
 */
int kvs_chunks_read(struct kvs_transfer *t, const struct kvs_chunks *chunks, kvs_piece_fn fn,
		    void *arg, bool *ret_broken, struct kvs_err *err);

/*
 * What to do about chunks that cannot be read: the list is read once more, since it may have changed and the
 * chunks be gone for that.
 */
struct kvs_chunk_trouble {
	uint64_t index; /* of the list that led to no file */
	bool final;	/* it is still the same */
};

/* Notes that the list of this index leads to a chunk that is missing or damaged. */
void kvs_chunks_broken(struct kvs_chunk_trouble *trouble, uint64_t index);

/* Is what came out, `found`, the file of the checksum?  INTEGRITY. */
int kvs_chunks_prove(const char *name, const char *found, const char *checksum,
		     struct kvs_err *err);

/* Puts the whole file of this checksum into room, whose limit holds.  INTEGRITY, GUARD. */
int kvs_chunks_load(struct kvs_transfer *t, const char *name, const struct kvs_chunks *chunks,
		    const char *checksum, struct kvs_buf *room, bool *ret_broken,
		    struct kvs_err *err);

/* ---- chunk_write.c ---- */

struct kvs_source;

/* Chunks that a file of `key` needs; borrowed. */
struct kvs_chunks_spec {
	const char *key;
	const char *checksum; /* of the file */
	const struct kvs_chunks *chunks;
	const struct kvs_source *source;
	/* Called before the first chunk is put; a failure ends it.  NULL: nobody is. */
	int (*before_put)(void *arg, struct kvs_err *err);
	void *arg;
};

/*
 * Writes down that they are needed, then puts those of them there that are missing or wrong.
 * *ret_written counts them.  SYS (the source changes), UNAVAILABLE (also when it is unknown what was
 * written, since nobody is led there), and what the store says.
 */
int kvs_chunks_write(struct kvs_transfer *t, const struct kvs_chunks_spec *spec,
		     size_t *ret_written, struct kvs_err *err);

/* Is it still written down that they are needed?  Somebody whose clock is wrong may have taken us for dead. */
int kvs_chunks_confirm(const struct kvs_transfer *t, const struct kvs_chunks_spec *spec,
		       bool *ret_noted, struct kvs_err *err);

/* Is there room in the store for so many more bytes, as far as it tells?  TOOBIG. */
int kvs_chunks_check_room(const struct kvs_transfer *t, uint64_t bytes, struct kvs_err *err);

/* ---- chunk_sweep.c ---- */

/*
 * Takes away the chunks that neither the file of `key` nor a version of it needs any more, no other key
 * does, and no file that somebody began to write less than 10 minutes ago.  `checksum` is where that of
 * the file stands.  Any error is for a warning: the next one tries again.
 */
int kvs_chunks_sweep(const struct kvs_transfer *t, const char *key, const char *checksum,
		     struct kvs_err *err);

#endif
