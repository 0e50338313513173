/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the store against other bytes.  Nothing is written, so neither a stop nor a lock
 * matters.
 */
#include "transfer/transfer.h"

#include "base/str.h"
#include "transfer/layout.h"
#include "transfer/pair_read.h"

#include <string.h>

static int show(const struct kvs_diff_params *params, struct kvs_str stored,
		struct kvs_diff_result *result, struct kvs_err *err)
{
	int rc;

	result->binary = kvs_linediff_is_binary(stored) || kvs_linediff_is_binary(params->content);
	if (result->same || result->binary)
		return 0;
	rc = kvs_linediff(stored, params->content, KVS_LINEDIFF_CONTEXT, params->fn, params->arg,
			  &result->stat, err);
	result->too_long = rc == KVS_E_TOOBIG;
	return result->too_long ? 0 : rc;
}

int kvs_transfer_diff(const struct kvs_transfer *t, const struct kvs_diff_params *params,
		      struct kvs_diff_result *ret, struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	KVS_AUTO_PAIR struct kvs_pair pair = { 0 };
	struct kvs_diff_result result = { 0 };
	const struct kvs_pair_query query = {
		.key = params->key,
		.names = &names,
		.ignore_stop = true,
		.max_bytes = params->max_bytes ?: KVS_OUT_MAX_BYTES_DEFAULT,
		.whole = true,
	};
	int rc = kvs_names_init(&names, t->prefix, params->key, kvs_transfer_naming(t, false), err);

	rc = rc ? rc : kvs_pair_read(t, &query, &pair, err);
	if (rc)
		return rc;
	result.same = kvs_str_eq(pair.decoded.bytes, params->content);
	memcpy(result.checksum, pair.checksum, sizeof(result.checksum));
	rc = show(params, pair.decoded.bytes, &result, err);
	if (rc == 0)
		*ret = result;
	return rc;
}
