/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>

/* Bytes without a place: SQLite had no memory for them. */
static bool lost(struct kvs_str s)
{
	return s.n && !s.p;
}

int local_entry(sqlite3_stmt *st, struct kvs_entry *ret_entry, struct kvs_err *err)
{
	const struct kvs_entry entry = {
		.size = sizeof(entry),
		.key = local_column(st, 0),
		.mod_index = local_column_u64(st, 1),
		.create_index = local_column_u64(st, 2),
		.version = local_column_u64(st, 3),
		.flags = local_column_u64(st, 4),
		.lease = local_column(st, 5),
		.value = local_column(st, 6),
	};

	if (lost(entry.key) || lost(entry.lease) || lost(entry.value))
		return kvs_err_oom(err);
	*ret_entry = entry;
	return 0;
}

/* What a reading found of a key. */
enum found {
	FOUND_NONE,
	FOUND_LIVE,
	FOUND_EXPIRED, /* its lease is over; somebody has yet to remove it */
};

static enum found judge(struct local_conn *conn, sqlite3_stmt *st)
{
	const char *boot = (const char *)sqlite3_column_text(st, 8);

	if (sqlite3_column_type(st, 0) == SQLITE_NULL)
		return FOUND_NONE;
	if (!boot || strcmp(boot, local_boot(conn)) != 0)
		return FOUND_LIVE;
	return local_column_u64(st, 9) > kvsi_boottime_ms() ? FOUND_LIVE : FOUND_EXPIRED;
}

static int read_key(struct local_conn *conn, uint64_t tag, struct kvs_str key, uint64_t *ret_index,
		    enum found *ret_found, struct kvs_err *err)
{
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	struct kvs_entry entry;
	bool row = false;
	int rc;

	rc = local_stmt(&conn->db, SQL_GET, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, key);
	rc = local_step(&conn->db, st, &row, err);
	if (rc)
		return rc;
	if (!row)
		return kvs_err_set(err, KVS_E_INTEGRITY, "%s has lost its index", conn->label);
	*ret_index = local_column_u64(st, 7);
	*ret_found = judge(conn, st);
	if (*ret_found != FOUND_LIVE)
		return 0;
	rc = local_entry(st, &entry, err);
	return rc ? rc : kvs_replyq_entry(&conn->q, tag, &entry, err);
}

int local_get(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
	      struct kvs_reply *reply, struct kvs_err *err)
{
	enum found found = FOUND_NONE;
	int rc;

	rc = read_key(conn, tag, req->key, &reply->index, &found, err);
	/* Removing it gives the change an index.  If that cannot be done now, absent it is
	 * nevertheless. */
	if (!rc && found == FOUND_EXPIRED && local_leases_end(conn, NULL) == 0)
		rc = read_key(conn, tag, req->key, &reply->index, &found, err);
	if (rc)
		return rc;
	reply->count = found == FOUND_LIVE;
	if (found == FOUND_LIVE)
		return 0;
	return kvs_err_set(err, KVS_E_NOTFOUND, "no key %s", KVS_Q(req->key));
}

int local_index(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		struct kvs_reply *reply, struct kvs_err *err)
{
	struct local_meta meta;
	int rc = local_meta_read(&conn->db, &meta, err);

	if (!rc)
		reply->index = meta.index;
	return rc;
}

static int pair(struct local_conn *conn, uint64_t tag, const char *name, const char *value,
		struct kvs_err *err)
{
	const struct kvs_entry entry = {
		.size = sizeof(entry),
		.key = kvs_s(name),
		.value = kvs_s(value),
	};

	return kvs_replyq_entry(&conn->q, tag, &entry, err);
}

static int number_pair(struct local_conn *conn, uint64_t tag, const char *name, uint64_t n,
		       struct kvs_err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	return pair(conn, tag, name, text, err);
}

struct counts {
	uint64_t keys, leases, bytes;
};

static int count(struct local_db *db, struct counts *ret_counts, struct kvs_err *err)
{
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	bool row;
	int rc;

	rc = local_stmt(db, SQL_COUNTS, &st, err);
	if (!rc)
		rc = local_step(db, st, &row, err);
	if (rc)
		return rc;
	ret_counts->keys = local_column_u64(st, 0);
	ret_counts->leases = local_column_u64(st, 1);
	ret_counts->bytes = local_column_u64(st, 2);
	return 0;
}

int local_status(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		 struct kvs_reply *reply, struct kvs_err *err)
{
	struct counts counts;
	struct local_meta meta;
	size_t i;
	int rc;

	rc = local_meta_read(&conn->db, &meta, err);
	if (!rc)
		rc = count(&conn->db, &counts, err);
	if (rc)
		return rc;

	const struct {
		const char *name;
		uint64_t n;
	} numbers[] = {
		{ "index", meta.index },	{ "keys", counts.keys },
		{ "leases", counts.leases },	{ "tombstones", meta.dead },
		{ "oldest-index", meta.floor }, { "bytes", counts.bytes },
	};

	rc = pair(conn, tag, "path", sqlite3_db_filename(conn->db.sql, "main"), err);
	if (!rc)
		rc = pair(conn, tag, "sqlite-version", sqlite3_libversion(), err);
	for (i = 0; !rc && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rc = number_pair(conn, tag, numbers[i].name, numbers[i].n, err);
	reply->index = meta.index;
	reply->count = 2 + i;
	return rc;
}
