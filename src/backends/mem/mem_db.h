/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data of a mem store: keys in order, an index, leases.  Knows nothing of requests in flight.
 *
 * Deleted keys stay as tombstones, so that a watch can resume; the oldest are dropped when there
 * are more than MEM_MAX_TOMBSTONES, and `floor` says up to which index deletions are forgotten.
 */
#ifndef KVS_BACKENDS_MEM_DB_H
#define KVS_BACKENDS_MEM_DB_H

#include <kvsync/backend.h>

#include <stdbool.h>

#define MEM_MAX_TOMBSTONES 1000

struct mem_item {
	char *key;
	size_t key_n;
	char *value;
	size_t value_n;
	uint64_t mod_index; /* of a tombstone: of the deletion */
	uint64_t create_index;
	uint64_t version;
	uint64_t flags;
	char lease[24];
	bool deleted;
};

struct mem_lease {
	char id[24];
	uint64_t ttl;
	uint64_t expires; /* monotonic ms */
	struct mem_lease *next;
};

struct mem_db {
	char *name; /* NULL: private */
	unsigned int refs;
	struct mem_db *next;

	struct mem_item **items; /* sorted by key, tombstones among them */
	size_t n, size;
	size_t tombstones;
	uint64_t index; /* of the last commit; 1 in an empty store */
	uint64_t floor;
	struct mem_lease *leases;
	uint64_t last_lease;
	struct mem_conn *conns; /* told of each commit */
};

/* The store of that name, made if need be; NULL name: a new private one. */
int mem_db_open(const char *name, struct mem_db **ret_db, struct kvs_err *err);
void mem_db_close(struct mem_db *db);

/* The first position whose key is not smaller. */
size_t mem_db_seek(const struct mem_db *db, struct kvs_str key);
/* NULL: there is no such key, or it is deleted. */
struct mem_item *mem_db_get(const struct mem_db *db, struct kvs_str key);

/* All or nothing, with one new index.  *ret_failed is the op of a CONFLICT, *ret_deleted counts. */
int mem_db_commit(struct mem_db *db, const struct kvs_op *ops, uint64_t n, int64_t *ret_failed,
		  uint64_t *ret_deleted, struct kvs_err *err);

struct mem_lease *mem_db_lease(const struct mem_db *db, struct kvs_str id);
int mem_db_grant(struct mem_db *db, uint64_t ttl, struct mem_lease **ret_lease,
		 struct kvs_err *err);
/* Deletes the lease's keys.  True: the index moved. */
bool mem_db_revoke(struct mem_db *db, struct mem_lease *lease);
/* Revokes what is over.  True: the index moved. */
bool mem_db_expire(struct mem_db *db, uint64_t now);
/* When the next lease is over; 0: there is none. */
uint64_t mem_db_next_expiry(const struct mem_db *db);

struct kvs_entry mem_entry(const struct mem_item *item, bool keys_only);

#endif
