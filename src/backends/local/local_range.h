/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of keys, from `low` inclusive to `high` exclusive in byte order, as the statements take
 * it in ?1 and ?2.  It owns its bytes.
 */
#ifndef KVS_LOCAL_RANGE_H
#define KVS_LOCAL_RANGE_H

#include "backends/local/local_db.h"

#define LOCAL_MAX_KEY 4096
/* One byte more than a key, for the successor of the longest one. */
#define LOCAL_MAX_BOUND (LOCAL_MAX_KEY + 1)

struct local_range {
	size_t low_n, high_n;
	unsigned char low[LOCAL_MAX_BOUND];
	unsigned char high[LOCAL_MAX_BOUND];
};

/* TOOBIG for a key or prefix that is longer than a key may be. */
int local_range_check(struct kvs_str key, struct kvs_err *err);

/* Everything that begins with a prefix of at most LOCAL_MAX_KEY bytes. */
void local_range_prefix(struct local_range *range, struct kvs_str prefix);
/* One key. */
void local_range_key(struct local_range *range, struct kvs_str key);
/* Raises `low` so that it is behind a key (of any length), or behind everything that begins with a
 * prefix. */
void local_range_skip_key(struct local_range *range, struct kvs_str key);
void local_range_skip_prefix(struct local_range *range, struct kvs_str prefix);
/* Binds ?1 and ?2; the range is borrowed. */
void local_range_bind(sqlite3_stmt *st, const struct local_range *range);

#endif
