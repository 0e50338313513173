/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/large.h"

#include "base/err.h"
#include "base/str.h"
#include "transfer/chunk_list.h"
#include "transfer/guards.h"

bool kvs_large_is(const struct kvs_store *store, uint64_t bytes)
{
	struct kvs_limits limits = { .size = sizeof(limits) };

	kvs_store_limits(store, &limits);
	return limits.max_value && bytes > limits.max_value;
}

int kvs_large_not_allowed(const char *name, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_ARG,
			   "%s is in chunks, which kvexpress cannot read: --large allows them",
			   KVS_Q(kvs_s(name)));
}

struct taking {
	const struct kvs_source *source;
	struct kvs_gauge gauge;
	struct kvs_chunks *chunks;
};

static void taking_release(struct taking *taking)
{
	kvs_gauge_release(&taking->gauge);
}

static int on_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	struct taking *taking = arg;
	int rc = kvs_gauge_add(&taking->gauge, taking->source->name, piece, err);

	return rc ? rc : kvs_chunks_add(taking->chunks, piece, err);
}

int kvs_large_take(const struct kvs_transfer *t, const struct kvs_source *source,
		   const struct kvs_guards *guards, const char *checksum, struct kvs_large *ret,
		   struct kvs_err *err)
{
	KVS_CLEANUP(taking_release)
	struct taking taking = { .source = source, .chunks = &ret->chunks };
	struct kvs_err refused = { 0 };
	int rc = kvs_gauge_init(&taking.gauge, guards, err);

	kvs_buf_init(&ret->list, KVS_CHUNK_LIST_MAX);
	rc = rc ? rc : kvs_source_read(source, on_piece, &taking, err);
	if (rc)
		return rc;
	rc = kvs_gauge_end(&taking.gauge, t, source->name, &ret->chunks.lines, ret->checksum,
			   &refused);
	if (checksum && kvs_chunks_prove(source->name, ret->checksum, checksum, err))
		return KVS_E_INTEGRITY;
	if (rc)
		return kvs_err_copy(err, rc, &refused);
	if (ret->chunks.n == 0)
		return kvs_source_changes(source, err);
	return kvs_chunks_format(&ret->chunks, &ret->list, err);
}

void kvs_large_release(struct kvs_large *large)
{
	kvs_chunks_release(&large->chunks);
	kvs_buf_release(&large->list);
}
