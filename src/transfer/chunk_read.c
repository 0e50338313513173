/* SPDX-License-Identifier: Apache-2.0 */
/* The chunks of a file come out of the store. */
#include "transfer/chunks.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/guards.h"
#include "transfer/layout.h"

#include <string.h>

static int check(const struct kvs_chunk *chunk, const char *name, const struct kvs_entry *entry,
		 struct kvs_err *err)
{
	if (!entry)
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is missing, a chunk of the file; kvsync in --large repairs "
				   "it",
				   KVS_Q(kvs_s(name)));
	if (!kvs_chunk_is(chunk, entry->value))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is damaged, a chunk of the file; kvsync in --large repairs "
				   "it",
				   KVS_Q(kvs_s(name)));
	return 0;
}

/* A few chunks, in one round trip. */
static int read_some(struct kvs_transfer *t, const struct kvs_chunk *chunks, size_t n,
		     kvs_piece_fn fn, void *arg, bool *ret_broken, struct kvs_err *err)
{
	KVS_AUTO_CHUNK_NAMES struct kvs_chunk_names names = { 0 };
	KVS_AUTO_ENTRIES struct kvs_entries got = { 0 };
	uint64_t began = kvsi_monotonic_ms();
	int rc = kvs_chunk_names_init(&names, t->prefix, chunks, n, err);

	rc = rc ? rc : kvs_get_many(t->store, names.keys, n, 0, got.at, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = check(&chunks[i], names.texts[i], got.at[i], err);
		if (rc && ret_broken)
			*ret_broken = true;
		rc = rc ? rc : fn(arg, got.at[i]->value, err);
	}
	kvs_transfer_spare_time(t, began);
	return rc;
}

int kvs_chunks_read(struct kvs_transfer *t, const struct kvs_chunks *chunks, kvs_piece_fn fn,
		    void *arg, bool *ret_broken, struct kvs_err *err)
{
	uint64_t done = 0;
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && i < chunks->n) {
		size_t n = chunks->n - i < KVS_CHUNKS_TOGETHER ? chunks->n - i
							       : KVS_CHUNKS_TOGETHER;

		rc = read_some(t, &chunks->at[i], n, fn, arg, ret_broken, err);
		for (; n > 0; n--)
			done += chunks->at[i++].bytes;
		kvs_transfer_progress(t, done, chunks->bytes);
	}
	return rc;
}

static int into_room(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	struct kvs_buf *room = arg;

	kvs_buf_add(room, piece.p, piece.n);
	return kvs_buf_check(room, "the file", err);
}

int kvs_chunks_load(struct kvs_transfer *t, const char *name, const struct kvs_chunks *chunks,
		    const char *checksum, struct kvs_buf *room, bool *ret_broken,
		    struct kvs_err *err)
{
	char found[KVS_SHA256_HEX];
	int rc;

	if (chunks->bytes > room->max)
		return kvs_guards_too_big(name, room->max, err);
	kvs_buf_reset(room);
	rc = kvs_chunks_read(t, chunks, into_room, room, ret_broken, err);
	if (rc)
		return rc;
	kvs_sha256_of(kvs_buf_slice(room), found);
	return kvs_chunks_prove(name, found, checksum, err);
}

int kvs_chunks_prove(const char *name, const char *found, const char *checksum, struct kvs_err *err)
{
	if (strcmp(found, checksum) == 0)
		return 0;
	return kvs_err_set(err, KVS_E_INTEGRITY,
			   "the chunks of %s do not match its checksum (%.12s..., expected "
			   "%.12s...); kvsync in --large repairs it",
			   KVS_Q(kvs_s(name)), found, checksum);
}

void kvs_chunks_broken(struct kvs_chunk_trouble *trouble, uint64_t index)
{
	trouble->final = trouble->index == index;
	trouble->index = index;
}
