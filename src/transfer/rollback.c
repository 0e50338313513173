/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A version goes into the store again: an `in` of its bytes, which makes a version of its own.
 * Nothing that was kept is taken away, so a rollback can be rolled back.
 */
#include "transfer/transfer.h"

#include "base/err.h"
#include "base/str.h"
#include "transfer/chunks.h"
#include "transfer/common.h"
#include "transfer/history.h"
#include "transfer/layout.h"
#include "transfer/pair.h"

#include <inttypes.h>
#include <stdio.h>

struct search {
	struct kvs_str held; /* the checksum of what stands in the store */
	uint64_t found;
};

static int on_version(void *arg, const struct kvs_version *version)
{
	struct search *search = arg;

	if (!kvs_str_eq(kvs_s(version->checksum), search->held))
		search->found = version->number;
	return 0;
}

/* The newest version that is not what the store holds. */
static int find_previous(const struct kvs_transfer *t, const char *key, uint64_t *ret_number,
			 struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	KVS_AUTO_ENTRY struct kvs_entry *checksum = NULL;
	struct search search = { 0 };
	struct kvs_str name;
	int rc = kvs_names_init(&names, t->prefix, key, KVS_NAMING_WRITE, err);

	if (rc)
		return rc;
	name = kvs_s(names.checksum);
	rc = kvs_get_many(t->store, &name, 1, 0, &checksum, err);
	if (rc)
		return rc;
	search.held = kvs_checksum_value(checksum);
	rc = kvs_transfer_history(t, key, on_version, &search, err);
	if (rc == 0 && !search.found)
		return kvs_err_set(err, KVS_E_NOTFOUND,
				   "no version of %s is kept but the one in the store; put another "
				   "file there with "
				   "kvsync in",
				   KVS_Q(kvs_s(key)));
	*ret_number = search.found;
	return rc;
}

static int put_back(const struct kvs_transfer *t, const struct kvs_in_params *in, uint64_t number,
		    struct kvs_in_result *ret, struct kvs_err *err)
{
	char cause[sizeof("rollback to ") + 20];
	KVS_AUTO_FREE char *what = kvs_asprintf("version %" PRIu64 " of %s", number, in->key);
	struct kvs_in_params params = *in;
	KVS_AUTO_BUF struct kvs_buf bytes = { 0 };
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	char checksum[KVS_SHA256_HEX];
	int rc;

	if (!what)
		return kvs_err_oom(err);
	(void)snprintf(cause, sizeof(cause), "rollback to %" PRIu64, number);
	kvs_buf_init(&bytes, in->guards.max_bytes ?: kvs_in_max_bytes(in));
	rc = kvs_version_fetch(t, in->key, number, &bytes, &chunks, checksum, err);
	if (rc)
		return rc;
	params.history.cause = cause;
	params.file = what;
	params.fd = -1;
	if (chunks.n) {
		params.chunks = &chunks;
		params.chunks_checksum = checksum;
	} else {
		params.content = kvs_sn(bytes.len ? bytes.data : "", bytes.len);
	}
	return kvs_transfer_in(t, &params, ret, err);
}

int kvs_transfer_rollback(const struct kvs_transfer *t, const struct kvs_rollback_params *params,
			  struct kvs_rollback_result *ret, struct kvs_err *err)
{
	struct kvs_rollback_result result = { .number = params->number };
	int rc = 0;

	if (!result.number)
		rc = find_previous(t, params->in.key, &result.number, err);
	rc = rc ? rc : put_back(t, &params->in, result.number, &result.in, err);
	if (rc == 0)
		*ret = result;
	return rc;
}
