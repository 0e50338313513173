/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/mem/mem_db.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <utlist.h>

/* Stores of a name, for several handles within one thread. */
static __thread struct mem_db *named;

static struct kvs_str item_key(const struct mem_item *item)
{
	return kvs_sn(item->key, item->key_n);
}

static void item_free(struct mem_item *item)
{
	if (!item)
		return;
	kvsi_free(item->key);
	kvsi_free(item->value);
	kvsi_free(item);
}

/* ---- open, close ---- */

int mem_db_open(const char *name, struct mem_db **ret_db, struct kvs_err *err)
{
	struct mem_db *db;

	LL_FOREACH (named, db) {
		if (name && !strcmp(db->name, name)) {
			db->refs++;
			*ret_db = db;
			return 0;
		}
	}
	db = kvs_zalloc(sizeof(*db));
	if (!db)
		return kvs_err_oom(err);
	db->refs = 1;
	db->index = 1;
	if (name) {
		db->name = kvs_strdup(name);
		if (!db->name) {
			kvsi_free(db);
			return kvs_err_oom(err);
		}
		LL_PREPEND(named, db);
	}
	*ret_db = db;
	return 0;
}

void mem_db_close(struct mem_db *db)
{
	struct mem_lease *lease, *next;
	size_t i;

	if (--db->refs)
		return;
	if (db->name)
		LL_DELETE(named, db);
	for (i = 0; i < db->n; i++)
		item_free(db->items[i]);
	LL_FOREACH_SAFE (db->leases, lease, next)
		kvsi_free(lease);
	kvsi_free(db->items);
	kvsi_free(db->name);
	kvsi_free(db);
}

/* ---- reading ---- */

size_t mem_db_seek(const struct mem_db *db, struct kvs_str key)
{
	size_t low = 0, high = db->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (kvs_str_cmp(item_key(db->items[mid]), key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct mem_item *find(const struct mem_db *db, struct kvs_str key)
{
	size_t at = mem_db_seek(db, key);

	return at < db->n && kvs_str_eq(item_key(db->items[at]), key) ? db->items[at] : NULL;
}

struct mem_item *mem_db_get(const struct mem_db *db, struct kvs_str key)
{
	struct mem_item *item = find(db, key);

	return item && !item->deleted ? item : NULL;
}

struct kvs_entry mem_entry(const struct mem_item *item, bool keys_only)
{
	return (struct kvs_entry){
		.size = sizeof(struct kvs_entry),
		.key = item_key(item),
		.value = { keys_only ? NULL : item->value, keys_only ? 0 : item->value_n },
		.mod_index = item->mod_index,
		.create_index = item->create_index,
		.version = item->version,
		.flags = item->flags,
		.lease = kvs_s(item->lease),
	};
}

/* ---- writing: everything that can fail comes before the first change ---- */

static bool holds(const struct mem_db *db, const struct kvs_op *op)
{
	const struct mem_item *item = mem_db_get(db, op->key);

	switch (op->cond) {
	case KVS_COND_ABSENT:
		return !item;
	case KVS_COND_INDEX:
		return item && item->mod_index == op->index;
	case KVS_COND_LEASE:
		return item && kvs_str_eq(kvs_s(item->lease), op->lease);
	default:
		return true;
	}
}

static int check_conditions(const struct mem_db *db, const struct kvs_op *ops, uint64_t n,
			    int64_t *ret_failed, struct kvs_err *err)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		if (!holds(db, &ops[i])) {
			*ret_failed = (int64_t)i;
			return kvs_err_set(err, KVS_E_CONFLICT, "%s is not as it was expected",
					   KVS_Q(ops[i].key));
		}
		if (ops[i].type == KVS_OP_PUT && ops[i].lease.n && !mem_db_lease(db, ops[i].lease))
			return kvs_err_set(err, KVS_E_NOTFOUND, "no lease %s", KVS_Q(ops[i].lease));
	}
	return 0;
}

static struct mem_item *item_new(const struct kvs_op *op)
{
	struct mem_item *item = kvs_zalloc(sizeof(*item));

	if (!item)
		return NULL;
	item->key = kvs_memdup0(op->key.p, op->key.n);
	item->value = kvs_memdup0(op->value.p, op->value.n);
	if (!item->key || !item->value) {
		item_free(item);
		return NULL;
	}
	item->key_n = op->key.n;
	item->value_n = op->value.n;
	item->flags = op->flags;
	if (op->lease.n)
		memcpy(item->lease, op->lease.p, op->lease.n);
	return item;
}

static void free_new(struct mem_item **fresh, uint64_t n)
{
	uint64_t i;

	for (i = 0; fresh && i < n; i++)
		item_free(fresh[i]);
	kvsi_free(fresh);
}

/* One item for each put (NULL for others), and room for all of them. */
static int prepare(struct mem_db *db, const struct kvs_op *ops, uint64_t n,
		   struct mem_item ***ret_fresh, struct kvs_err *err)
{
	struct mem_item **fresh = kvs_realloc_array(NULL, n, sizeof(*fresh));
	struct mem_item **items;
	uint64_t i;

	if (!fresh)
		return kvs_err_oom(err);
	memset(fresh, 0, n * sizeof(struct mem_item *));
	for (i = 0; i < n; i++) {
		if (ops[i].type == KVS_OP_PUT && !(fresh[i] = item_new(&ops[i]))) {
			free_new(fresh, n);
			return kvs_err_oom(err);
		}
	}
	if (db->n + n > db->size) {
		items = kvs_realloc_array(db->items, (db->n + n) * 2, sizeof(*items));
		if (!items) {
			free_new(fresh, n);
			return kvs_err_oom(err);
		}
		db->items = items;
		db->size = (db->n + n) * 2;
	}
	*ret_fresh = fresh;
	return 0;
}

static void place(struct mem_db *db, struct mem_item *fresh)
{
	size_t at = mem_db_seek(db, item_key(fresh));
	struct mem_item *old = at < db->n ? db->items[at] : NULL;

	fresh->mod_index = fresh->create_index = db->index;
	fresh->version = 1;
	if (!old || !kvs_str_eq(item_key(old), item_key(fresh))) {
		memmove(&db->items[at + 1], &db->items[at], (db->n - at) * sizeof(old));
		db->n++;
	} else {
		if (old->deleted) {
			db->tombstones--;
		} else {
			fresh->create_index = old->create_index;
			fresh->version = old->version + 1;
		}
		item_free(old);
	}
	db->items[at] = fresh;
}

static void bury(struct mem_db *db, struct mem_item *item)
{
	item->deleted = true;
	item->mod_index = db->index;
	item->lease[0] = '\0';
	item->value_n = 0;
	db->tombstones++;
}

static uint64_t delete_prefix(struct mem_db *db, struct kvs_str prefix)
{
	uint64_t deleted = 0;
	size_t i;

	for (i = mem_db_seek(db, prefix); i < db->n; i++) {
		if (!kvs_str_starts(item_key(db->items[i]), prefix))
			break;
		if (!db->items[i]->deleted) {
			bury(db, db->items[i]);
			deleted++;
		}
	}
	return deleted;
}

static uint64_t apply(struct mem_db *db, const struct kvs_op *op, struct mem_item *fresh)
{
	struct mem_item *item;

	switch (op->type) {
	case KVS_OP_PUT:
		place(db, fresh);
		return 0;
	case KVS_OP_DELETE:
		item = mem_db_get(db, op->key);
		if (item)
			bury(db, item);
		return item != NULL;
	case KVS_OP_DELETE_PREFIX:
		return delete_prefix(db, op->key);
	default:
		return 0;
	}
}

/* Drops the oldest half of too many tombstones. */
static void prune(struct mem_db *db)
{
	size_t i, kept = 0;
	uint64_t newest = 0;

	if (db->tombstones <= MEM_MAX_TOMBSTONES)
		return;
	for (i = 0; i < db->n; i++)
		if (db->items[i]->deleted && db->items[i]->mod_index < db->index &&
		    db->items[i]->mod_index > newest)
			newest = db->items[i]->mod_index;
	db->floor = db->floor + (newest - db->floor) / 2 + 1;
	for (i = 0; i < db->n; i++) {
		if (db->items[i]->deleted && db->items[i]->mod_index <= db->floor) {
			item_free(db->items[i]);
			db->tombstones--;
		} else {
			db->items[kept++] = db->items[i];
		}
	}
	db->n = kept;
}

int mem_db_commit(struct mem_db *db, const struct kvs_op *ops, uint64_t n, int64_t *ret_failed,
		  uint64_t *ret_deleted, struct kvs_err *err)
{
	struct mem_item **fresh = NULL;
	uint64_t i, deleted = 0;
	bool puts = false;
	int code = check_conditions(db, ops, n, ret_failed, err);

	if (!code)
		code = prepare(db, ops, n, &fresh, err);
	if (code)
		return code;
	db->index++;
	for (i = 0; i < n; i++) {
		puts = puts || fresh[i];
		deleted += apply(db, &ops[i], fresh[i]);
	}
	kvsi_free(fresh);
	if (!puts && !deleted)
		db->index--; /* nothing happened: no new index */
	prune(db);
	*ret_deleted = deleted;
	return 0;
}

/* ---- leases ---- */

struct mem_lease *mem_db_lease(const struct mem_db *db, struct kvs_str id)
{
	struct mem_lease *lease;

	LL_FOREACH (db->leases, lease)
		if (kvs_str_eq(kvs_s(lease->id), id))
			return lease;
	return NULL;
}

int mem_db_grant(struct mem_db *db, uint64_t ttl, struct mem_lease **ret_lease, struct kvs_err *err)
{
	struct mem_lease *lease = kvs_zalloc(sizeof(*lease));

	if (!lease)
		return kvs_err_oom(err);
	(void)snprintf(lease->id, sizeof(lease->id), "%016" PRIx64, ++db->last_lease);
	lease->ttl = ttl;
	lease->expires = kvsi_monotonic_ms() + ttl;
	LL_PREPEND(db->leases, lease);
	*ret_lease = lease;
	return 0;
}

bool mem_db_revoke(struct mem_db *db, struct mem_lease *lease)
{
	bool moved = false;
	size_t i;

	db->index++;
	for (i = 0; i < db->n; i++) {
		if (!db->items[i]->deleted && !strcmp(db->items[i]->lease, lease->id)) {
			bury(db, db->items[i]);
			moved = true;
		}
	}
	if (!moved)
		db->index--;
	LL_DELETE(db->leases, lease);
	kvsi_free(lease);
	prune(db);
	return moved;
}

bool mem_db_expire(struct mem_db *db, uint64_t now)
{
	struct mem_lease *lease, *next;
	bool moved = false;

	LL_FOREACH_SAFE (db->leases, lease, next)
		if (lease->expires <= now)
			moved = mem_db_revoke(db, lease) || moved;
	return moved;
}

uint64_t mem_db_next_expiry(const struct mem_db *db)
{
	const struct mem_lease *lease;
	uint64_t first = 0;

	LL_FOREACH (db->leases, lease)
		if (!first || lease->expires < first)
			first = lease->expires;
	return first;
}
