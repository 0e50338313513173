/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/pair_read.h"

#include "base/str.h"
#include "transfer/guards.h"

/* Where in the answer each key is: the last two are asked for if they matter. */
enum asked { ASKED_CHECKSUM, ASKED_MORE };

static int check_signature(const struct kvs_transfer *t, const struct kvs_pair_query *query,
			   const struct kvs_entry *signature, struct kvs_pair *pair,
			   struct kvs_err *err)
{
	uint64_t when;

	pair->has_signature = signature != NULL;
	if (query->signers.n == 0)
		return 0;
	return kvs_signature_check(signature, &query->signers,
				   kvs_signed_name(t->store, query->names), pair->checksum, &when,
				   err);
}

static int look(const struct kvs_transfer *t, const struct kvs_pair_query *query,
		struct kvs_pair *pair, struct kvs_err *err)
{
	struct kvs_str keys[KVS_ENTRIES_MAX] = { kvs_s(query->names->checksum) };
	KVS_AUTO_ENTRIES struct kvs_entries got = { 0 };
	size_t n = ASKED_MORE, stop = 0, signature = 0;
	int rc;

	if (!query->ignore_stop)
		keys[stop = n++] = kvs_s(query->names->stop);
	if (query->ask_signature || query->signers.n)
		keys[signature = n++] = kvs_s(query->names->signature);
	kvs_transfer_refuse(t, KVS_REFUSAL_NONE, NULL);
	rc = kvs_get_many(t->store, keys, n, 0, got.at, err);
	if (rc == 0 && stop)
		rc = kvs_stop_check(t, got.at[stop], query->key, err);
	rc = rc ? rc
		: kvs_pair_checksum(t, query->names, got.at[ASKED_CHECKSUM], pair->checksum, err);
	if (rc == 0 && signature)
		rc = check_signature(t, query, got.at[signature], pair, err);
	return rc;
}

/* All that a large file needs to be read, or the file itself. */
static int read_chunks(const struct kvs_transfer *t, const struct kvs_pair_query *query,
		       struct kvs_pair *pair, struct kvs_err *err)
{
	const char *name = query->names->data;
	struct kvs_transfer mine = *t;
	bool broken = false;
	int rc;

	kvs_chunks_release(&pair->chunks);
	rc = kvs_chunks_parse(name, pair->decoded.bytes, &pair->chunks, err);
	if (rc == 0 && pair->chunks.bytes > query->max_bytes)
		return kvs_guards_too_big(name, query->max_bytes, err);
	if (rc || !query->whole)
		return rc;
	rc = kvs_chunks_load(&mine, name, &pair->chunks, pair->checksum, &pair->room, &broken, err);
	if (broken)
		kvs_chunks_broken(&pair->trouble, pair->data->mod_index);
	if (rc)
		return rc;
	kvs_chunks_release(&pair->chunks);
	pair->decoded = (struct kvs_decoded){ .bytes = kvs_buf_slice(&pair->room) };
	return 0;
}

static int read_once(const struct kvs_transfer *t, const struct kvs_pair_query *query,
		     struct kvs_pair *pair, struct kvs_err *err)
{
	int rc = look(t, query, pair, err);

	kvs_entry_free(kvs_steal_ptr(pair->data));
	rc = rc ? rc
		: kvs_pair_fetch(t, query->names, pair->checksum, &pair->room, &pair->data,
				 &pair->decoded, err);
	if (rc == 0 && pair->decoded.encoding == KVS_ENCODING_CHUNKS)
		return read_chunks(t, query, pair, err);
	if (rc == 0 && pair->decoded.bytes.n > query->max_bytes)
		return kvs_guards_too_big(query->names->data, query->max_bytes, err);
	return rc;
}

int kvs_pair_read(const struct kvs_transfer *t, const struct kvs_pair_query *query,
		  struct kvs_pair *ret, struct kvs_err *err)
{
	unsigned attempts = 0;
	int rc;

	*ret = (struct kvs_pair){ 0 };
	kvs_buf_init(&ret->room, query->max_bytes);
	do
		rc = read_once(t, query, ret, err);
	while (!ret->trouble.final && kvs_pair_again(t, rc, ++attempts));
	return rc;
}

void kvs_pair_release(struct kvs_pair *pair)
{
	kvs_entry_free(pair->data);
	kvs_chunks_release(&pair->chunks);
	kvs_buf_release(&pair->room);
	*pair = (struct kvs_pair){ 0 };
}
