/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks of a file go into the store.
 *
 * That somebody needs them is written down first, together with a key that then differs from before:
 * whoever takes chunks away does so only on condition that this key is as it was when he looked who
 * needs what.  So a chunk that is found there after that stays.
 */
#include "transfer/chunks.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/str.h"
#include "transfer/chunk_list.h"
#include "transfer/common.h"
#include "transfer/layout.h"
#include "transfer/source.h"

#include <inttypes.h>
#include <stdio.h>

/* Each failure means that somebody else writes the same chunk, or that an answer was lost. */
#define TRIES 10

/* A list is as old as what stands in it, so one that is being worked on is written again. */
#define REFRESH_MS 60000

struct writing {
	struct kvs_transfer *t;
	const struct kvs_chunks_spec *spec;
	struct kvs_buf window; /* pieces that were read and not yet looked at */
	size_t first;	       /* of those in the window */
	size_t n;
	uint64_t done; /* bytes */
	uint64_t listed_ms;
	bool announced; /* before_put was called */
	size_t written;
};

static void writing_release(struct writing *w)
{
	kvs_buf_release(&w->window);
}

/* ---- that they are needed ---- */

static int put_list(const struct kvs_transfer *t, const char *name, const char *changed,
		    struct kvs_str list, struct kvs_err *err)
{
	struct kvs_op ops[2] = { KVS_OP_INIT, KVS_OP_INIT };
	struct kvs_retry retry = { .max = TRIES };
	char differs[17];
	int rc;

	(void)snprintf(differs, sizeof(differs), "%016" PRIx64, kvs_rand_u64());
	ops[0].type = ops[1].type = KVS_OP_PUT;
	ops[0].key = kvs_s(name);
	ops[0].value = list;
	ops[1].key = kvs_s(changed);
	ops[1].value = kvs_s(differs);
	do
		rc = kvs_txn(t->store, ops, 2, 0, NULL, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	return kvs_retry_end(&retry, rc, err);
}

static int write_list(struct writing *w, struct kvs_err *err)
{
	KVS_AUTO_FREE char *name = NULL;
	KVS_AUTO_FREE char *changed = NULL;
	KVS_AUTO_BUF struct kvs_buf list;
	int rc;

	kvs_buf_init(&list, KVS_CHUNK_LIST_MAX);
	rc = kvs_chunk_list_name(w->t->prefix, w->spec->key, w->spec->checksum, &name, err);
	rc = rc ? rc : kvs_layout_own(w->t->prefix, KVS_CHUNK_LISTS_CHANGED, "", &changed, err);
	rc = rc ? rc : kvs_chunk_list_format(w->spec->chunks, kvsi_realtime_ms(), &list, err);
	rc = rc ? rc : put_list(w->t, name, changed, kvs_buf_slice(&list), err);
	w->listed_ms = kvsi_monotonic_ms();
	return rc ? kvs_err_context(err, rc, "the chunks of %s", KVS_Q(kvs_s(w->spec->key))) : 0;
}

/* ---- the chunks ---- */

static int put_chunk(const struct writing *w, struct kvs_str key, struct kvs_str piece,
		     const struct kvs_entry *seen, struct kvs_err *err)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_PUT;
	op.key = key;
	op.value = piece;
	kvs_op_unchanged(&op, seen);
	return kvs_put(w->t->store, &op, NULL, err);
}

static int announce(struct writing *w, struct kvs_err *err)
{
	bool due = !w->announced && w->spec->before_put;

	w->announced = true;
	return due ? w->spec->before_put(w->spec->arg, err) : 0;
}

/* Looks which of the window are there, and puts the others. */
static int write_window_once(struct writing *w, const struct kvs_chunk_names *names,
			     struct kvs_retry *retry, struct kvs_err *err)
{
	KVS_AUTO_ENTRIES struct kvs_entries got = { 0 };
	struct kvs_str rest = kvs_buf_slice(&w->window);
	int rc = kvs_get_many(w->t->store, names->keys, w->n, KVS_READ_CONSISTENT, got.at, err);

	if (rc == 0)
		(void)kvs_retry_resolve(retry);
	for (size_t i = 0; rc == 0 && i < w->n; i++) {
		const struct kvs_chunk *chunk = &w->spec->chunks->at[w->first + i];

		if (!got.at[i] || !kvs_chunk_is(chunk, got.at[i]->value)) {
			rc = announce(w, err);
			rc = rc ? rc
				: put_chunk(w, names->keys[i], kvs_sn(rest.p, chunk->bytes),
					    got.at[i], err);
			w->written += rc == 0;
		}
		rest = kvs_str_skip(rest, chunk->bytes);
	}
	return rc;
}

static int write_window(struct writing *w, struct kvs_err *err)
{
	KVS_AUTO_CHUNK_NAMES struct kvs_chunk_names names = { 0 };
	struct kvs_retry retry = { .max = TRIES };
	uint64_t began = kvsi_monotonic_ms();
	int rc = kvs_chunk_names_init(&names, w->t->prefix, &w->spec->chunks->at[w->first], w->n,
				      err);

	if (rc == 0 && began - w->listed_ms >= REFRESH_MS)
		rc = write_list(w, err);
	if (rc)
		return rc;
	do
		rc = write_window_once(w, &names, &retry, err);
	while (kvs_retry_again(&retry, w->t->deadline, rc));
	rc = kvs_retry_end(&retry, rc, err);
	w->done += w->window.len;
	w->first += w->n;
	w->n = 0;
	kvs_buf_reset(&w->window);
	kvs_transfer_spare_time(w->t, began);
	kvs_transfer_progress(w->t, w->done, w->spec->chunks->bytes);
	return rc;
}

static int on_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	struct writing *w = arg;
	size_t i = w->first + w->n;

	if (i == w->spec->chunks->n || !kvs_chunk_is(&w->spec->chunks->at[i], piece))
		return kvs_source_changes(w->spec->source, err);
	kvs_buf_add(&w->window, piece.p, piece.n);
	if (kvs_buf_failed(&w->window))
		return kvs_buf_check(&w->window, "a few chunks", err);
	return ++w->n < KVS_CHUNKS_TOGETHER ? 0 : write_window(w, err);
}

static int see_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	(void)arg;
	(void)piece;
	(void)err;
	return 0;
}

static int write_all(struct writing *w, struct kvs_err *err)
{
	const struct kvs_chunks_spec *spec = w->spec;
	int rc = write_list(w, err);

	if (rc)
		return rc;
	if (spec->source->chunks) /* they are there, or not; from now on they stay */
		return kvs_chunks_read(w->t, spec->chunks, see_piece, NULL, NULL, err);
	rc = kvs_source_read(spec->source, on_piece, w, err);
	if (rc == 0 && w->n > 0)
		rc = write_window(w, err);
	if (rc == 0 && w->first != spec->chunks->n)
		rc = kvs_source_changes(spec->source, err);
	return rc;
}

/* Whether a chunk was written does not matter before somebody is led to it. */
static int settle(int rc, struct kvs_err *err)
{
	if (rc != KVS_E_UNCERTAIN && rc != KVS_E_CONFLICT)
		return rc;
	if (err)
		err->code = KVS_E_UNAVAILABLE;
	return KVS_E_UNAVAILABLE;
}

int kvs_chunks_write(struct kvs_transfer *t, const struct kvs_chunks_spec *spec,
		     size_t *ret_written, struct kvs_err *err)
{
	KVS_CLEANUP(writing_release) struct writing w = { .t = t, .spec = spec };
	int rc;

	kvs_buf_init(&w.window, KVS_CHUNKS_TOGETHER * KVS_CHUNK_BYTES_MAX);
	rc = write_all(&w, err);
	if (rc == 0)
		*ret_written = w.written;
	return settle(rc, err);
}

int kvs_chunks_confirm(const struct kvs_transfer *t, const struct kvs_chunks_spec *spec,
		       bool *ret_noted, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *list = NULL;
	KVS_AUTO_FREE char *name = NULL;
	struct kvs_str key;
	int rc = kvs_chunk_list_name(t->prefix, spec->key, spec->checksum, &name, err);

	if (rc)
		return rc;
	key = kvs_s(name);
	rc = kvs_get_many(t->store, &key, 1, KVS_READ_CONSISTENT, &list, err);
	if (rc == 0)
		*ret_noted = list != NULL;
	return rc;
}

/* ---- room ---- */

/* Nearer to its quota etcd is in trouble soon: what was overwritten takes room until it is compacted. */
#define USABLE_PERCENT 80

struct room {
	uint64_t size;
	uint64_t quota;
};

static int on_pair(void *arg, const struct kvs_entry *pair)
{
	struct room *room = arg;
	KVS_AUTO_FREE char *text = kvs_memdup0(pair->value.p, pair->value.n);
	uint64_t *into = kvs_str_eq(pair->key, kvs_s("size"))	 ? &room->size
			 : kvs_str_eq(pair->key, kvs_s("quota")) ? &room->quota
								 : NULL;

	if (text && into)
		(void)kvs_parse_uint(text, 0, UINT64_MAX, into, NULL);
	return 0;
}

int kvs_chunks_check_room(const struct kvs_transfer *t, uint64_t bytes, struct kvs_err *err)
{
	struct room room = { 0 };
	uint64_t usable;

	if (kvs_status(t->store, on_pair, &room, NULL) || !room.quota)
		return 0;
	usable = room.quota / 100 * USABLE_PERCENT;
	if (room.size < usable && bytes < usable - room.size)
		return 0;
	return kvs_err_set(err, KVS_E_TOOBIG,
			   "the store has no room for it: its database of %" PRIu64
			   " bytes and the %" PRIu64
			   " of the file are more than %d %% of its quota "
			   "of %" PRIu64,
			   room.size, bytes, USABLE_PERCENT, room.quota);
}
