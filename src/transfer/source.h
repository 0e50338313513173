/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a large file comes from, to be read several times: a file, a pipe that was written to a
 * temporary first, or chunks of a store.  Only a piece of it is ever in memory.
 * For src/transfer only.
 */
#ifndef KVS_TRANSFER_SOURCE_H
#define KVS_TRANSFER_SOURCE_H

#include "transfer/chunks.h"

#include <sys/types.h>

struct kvs_source {
	const char *name;	/* for messages */
	struct kvs_str content; /* p not NULL: it is in memory */
	int fd;			/* -1: in memory, or chunks of a store */
	bool owned;
	off_t begin;
	uint64_t bytes; /* as it looks at the beginning */
	struct kvs_transfer *t;
	const struct kvs_chunks *chunks;
};

#define KVS_SOURCE_INIT                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Opens the file, or takes fd (if it is not -1) from its position on.  What is no regular file is written to
 * a temporary.  All is borrowed.  GUARD (more than max bytes), SYS, NOMEM.
 */
int kvs_source_open(const char *name, int fd, uint64_t max, struct kvs_source *ret,
		    struct kvs_err *err);

/* What is in memory already. */
void kvs_source_of_content(struct kvs_str content, const char *name, struct kvs_source *ret);

/* The chunks of a store that t asks. */
void kvs_source_of_chunks(struct kvs_transfer *t, const struct kvs_chunks *chunks, const char *name,
			  struct kvs_source *ret);

void kvs_source_release(struct kvs_source *source);

/* Hands on the whole of it: of a file, pieces of KVS_CHUNK_BYTES and what is left.  SYS, NOMEM,
 * what fn returned, and what kvs_chunks_read() says. */
int kvs_source_read(const struct kvs_source *source, kvs_piece_fn fn, void *arg,
		    struct kvs_err *err);

/* SYS: it is not what it was when it was read before. */
int kvs_source_changes(const struct kvs_source *source, struct kvs_err *err);

#define KVS_AUTO_SOURCE KVS_CLEANUP(kvs_source_release)

#endif
