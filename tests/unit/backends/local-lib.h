/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the embedded store: short ways to ask it, a watch that writes down its events, and
 * the file seen from below, with SQLite itself.
 */
#ifndef KVS_TESTS_LOCAL_LIB_H
#define KVS_TESTS_LOCAL_LIB_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

/* Opens the store in a file; bails out if that fails. */
struct kvs_store *local_store(const char *path);
/* With "tombstones" set. */
struct kvs_store *local_store_keeping(const char *path, const char *tombstones);
/* Tries to; the code. */
int local_try(const char *path, struct kvs_err *err);

/* Puts, deletes; the index, or a negative code. */
int64_t local_put(struct kvs_store *store, const char *key, const char *value);
int64_t local_put_leased(struct kvs_store *store, const char *key, const char *lease);
int64_t local_delete(struct kvs_store *store, const char *key);
/* A key's value as a string, in memory good for the next call; NULL if there is none. */
const char *local_value(struct kvs_store *store, const char *key);
uint64_t local_index_of(struct kvs_store *store);
/* Grants a lease; its name, good for the next call. */
const char *local_grant(struct kvs_store *store, uint64_t ttl_ms);

/*
 * A watch of a prefix.  Events are written down as words: "R " (reset), "+key " (put), "-key "
 * (delete), "S " (sync).
 */
struct local_log {
	struct kvs_watch *watch;
	char text[4096];
	uint64_t index;	   /* of the last SYNC */
	unsigned int puts; /* so many PUT events, also when text is full */
	bool terse;	   /* count only */
	int ended;	   /* the code of done */
};

/* flags beside KVS_PREFIX. */
void local_watch_open(struct kvs_store *store, struct local_log *log, const char *prefix,
		      uint64_t index, uint32_t flags);
/* Dispatches until a SYNC at or above `index` was seen, for at most limit_ms.  Returns the
 * milliseconds that took, or -1.  The text so far stays. */
int64_t local_watch_until(struct kvs_store *store, struct local_log *log, uint64_t index,
			  int limit_ms);
/* Forgets the text. */
void local_log_clear(struct local_log *log);

/* Runs SQL on the file, beside whatever is open; bails out if that fails. */
void local_sql(const char *path, const char *sql);
/* The first column of the first row, as a number. */
int64_t local_sql_number(const char *path, const char *sql);

#endif
