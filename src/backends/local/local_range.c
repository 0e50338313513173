/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_range.h"

#include "base/err.h"
#include "base/str.h"

int local_range_check(struct kvs_str key, struct kvs_err *err)
{
	if (key.n <= LOCAL_MAX_KEY)
		return 0;
	return kvs_err_set(err, KVS_E_TOOBIG, "key %s is of %zu bytes; the local store takes %d",
			   KVS_Q(key), key.n, LOCAL_MAX_KEY);
}

/* The key right behind this one: nothing stands between a key and the key with a NUL added. */
static size_t successor(unsigned char *bound, struct kvs_str key)
{
	if (key.n)
		memcpy(bound, key.p, key.n);
	bound[key.n] = 0;
	return key.n + 1;
}

/* The first bound behind all that begins with the prefix. */
static size_t prefix_end(unsigned char *bound, struct kvs_str prefix)
{
	size_t n = prefix.n;

	if (n)
		memcpy(bound, prefix.p, n);
	while (n && bound[n - 1] == 0xff)
		n--;
	if (n) {
		bound[n - 1]++;
		return n;
	}
	/* No such bound: take one that is behind every key by its length. */
	memset(bound, 0xff, LOCAL_MAX_BOUND);
	return LOCAL_MAX_BOUND;
}

static void raise_low(struct local_range *range, const unsigned char *bound, size_t n)
{
	if (kvs_str_cmp(kvs_sn(bound, n), kvs_sn(range->low, range->low_n)) <= 0)
		return;
	memcpy(range->low, bound, n);
	range->low_n = n;
}

void local_range_prefix(struct local_range *range, struct kvs_str prefix)
{
	range->low_n = prefix.n;
	if (prefix.n)
		memcpy(range->low, prefix.p, prefix.n);
	range->high_n = prefix_end(range->high, prefix);
}

void local_range_key(struct local_range *range, struct kvs_str key)
{
	local_range_prefix(range, key);
	range->high_n = successor(range->high, key);
}

void local_range_skip_key(struct local_range *range, struct kvs_str key)
{
	unsigned char bound[LOCAL_MAX_BOUND];

	/* No key is longer, so the rest decides nothing. */
	if (key.n > LOCAL_MAX_KEY)
		key.n = LOCAL_MAX_KEY;
	raise_low(range, bound, successor(bound, key));
}

void local_range_skip_prefix(struct local_range *range, struct kvs_str prefix)
{
	unsigned char bound[LOCAL_MAX_BOUND];

	raise_low(range, bound, prefix_end(bound, prefix));
}

void local_range_bind(sqlite3_stmt *st, const struct local_range *range)
{
	local_bind(st, 1, kvs_sn(range->low, range->low_n));
	local_bind(st, 2, kvs_sn(range->high, range->high_n));
}
