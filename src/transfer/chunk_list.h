/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who needs which chunks: under PREFIX.kvsync/v1/lists/KEY/SHA256, for each large file of a key that
 * is there, that a version keeps, or that somebody began to write, the moment and the list:
 *
 *	kvsync-list 1 MILLISECONDS
 *	kvsync-chunks 1 ...
 *
 * For src/transfer/chunk_*.c only.
 */
#ifndef KVS_TRANSFER_CHUNK_LIST_H
#define KVS_TRANSFER_CHUNK_LIST_H

#include "transfer/chunks.h"

/* The folder, and the key that differs after each new one. */
#define KVS_CHUNK_LISTS		"lists/"
#define KVS_CHUNK_LISTS_CHANGED "lists-changed"

/* Bytes of a list: a checksum, a size, a space and a newline for each chunk. */
#define KVS_CHUNK_LIST_MAX (KVS_CHUNKS_MAX * 80 + 256)

/* The key of a list.  Fresh memory. ARG, NOMEM. */
int kvs_chunk_list_name(const char *prefix, const char *key, const char *checksum, char **ret,
			struct kvs_err *err);

/* Appends a list of that moment (ms since 1970).  NOMEM. */
int kvs_chunk_list_format(const struct kvs_chunks *chunks, uint64_t ms, struct kvs_buf *ret,
			  struct kvs_err *err);

struct kvs_chunk_list {
	struct kvs_str key;	       /* whose; borrowed from the entry */
	char checksum[KVS_SHA256_HEX]; /* of the file */
	uint64_t ms;
	struct kvs_chunks chunks;
};

/* Reads an entry below the folder, which is so many bytes long.  INTEGRITY, NOMEM. */
int kvs_chunk_list_parse(const struct kvs_entry *entry, size_t folder, struct kvs_chunk_list *ret,
			 struct kvs_err *err);

#endif
