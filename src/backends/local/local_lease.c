/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* Shorter ones are raised: a holder could not renew them in time on a busy machine.  Longer ones
 * are surely mistakes. */
#define MIN_TTL_MS 100
#define MAX_TTL_MS (UINT64_C(10) * 365 * 86400 * 1000)

/* random(4), "boot_id".  Without /proc all boots count as one. */
static void read_boot_id(char *id, size_t size)
{
	KVS_AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, id, size - 1);

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (!*id)
		(void)snprintf(id, size, "unknown");
}

const char *local_boot(struct local_conn *conn)
{
	if (!*conn->boot)
		read_boot_id(conn->boot, sizeof(conn->boot));
	return conn->boot;
}

static void bind_boot(sqlite3_stmt *st, int i, struct local_conn *conn)
{
	(void)sqlite3_bind_text(st, i, local_boot(conn), -1, SQLITE_STATIC);
}

/* Runs a statement whose ?1 is a lease and, where it has one, ?2 an index. */
static int on_lease(struct local_txn *txn, enum local_sql id, struct kvs_str lease, uint64_t index,
		    uint64_t *ret_changes, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc;

	rc = local_stmt(db, id, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, lease);
	if (index)
		local_bind_u64(st, 2, index);
	rc = local_exec(db, st, err);
	if (!rc)
		*ret_changes = (uint64_t)sqlite3_changes(db->sql);
	return rc;
}

/* Ends a lease: its keys and the lease itself are deleted.  *ret_keys: how many keys. */
static int end_lease(struct local_txn *txn, struct kvs_str lease, uint64_t *ret_keys,
		     struct kvs_err *err)
{
	uint64_t buried = 0, keys = 0, leases;
	int rc;

	rc = on_lease(txn, SQL_LEASE_BURY_KEYS, lease, local_txn_index(txn), &buried, err);
	if (!rc)
		rc = on_lease(txn, SQL_LEASE_DELETE_KEYS, lease, 0, &keys, err);
	if (!rc)
		rc = on_lease(txn, SQL_LEASE_DROP, lease, 0, &leases, err);
	if (rc)
		return rc;
	local_txn_buried(txn, buried);
	txn->changed |= keys > 0;
	txn->touched = true;
	*ret_keys = keys;
	return 0;
}

/* Leases of an earlier boot: how much of their time was over is not known, so it begins anew. */
static int restart_old(struct local_txn *txn, struct kvs_err *err)
{
	struct local_conn *conn = txn->conn;
	sqlite3_stmt *st;
	int rc;

	rc = local_stmt(&conn->db, SQL_LEASE_RESTART, &st, err);
	if (rc)
		return rc;
	bind_boot(st, 1, conn);
	local_bind_u64(st, 2, kvsi_boottime_ms());
	rc = local_exec(&conn->db, st, err);
	if (!rc && sqlite3_changes(conn->db.sql) > 0)
		txn->touched = true;
	return rc;
}

struct lease_id {
	char s[64];
	size_t n;
};

static int find_expired(struct local_txn *txn, struct lease_id *ret_id, struct kvs_err *err)
{
	struct local_conn *conn = txn->conn;
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	struct kvs_str id;
	bool row;
	int rc;

	rc = local_stmt(&conn->db, SQL_LEASE_EXPIRED, &st, err);
	if (rc)
		return rc;
	bind_boot(st, 1, conn);
	local_bind_u64(st, 2, kvsi_boottime_ms());
	rc = local_step(&conn->db, st, &row, err);
	if (rc)
		return rc;
	id = row ? local_column(st, 0) : (struct kvs_str){ 0 };
	if (id.n > sizeof(ret_id->s))
		return kvs_err_set(err, KVS_E_INTEGRITY, "%s holds a lease that is none",
				   conn->label);
	ret_id->n = id.n;
	if (id.n)
		memcpy(ret_id->s, id.p, id.n);
	return 0;
}

int local_leases_reap(struct local_txn *txn, struct kvs_err *err)
{
	struct lease_id id;
	uint64_t keys;
	int rc;

	rc = restart_old(txn, err);
	while (!rc) {
		rc = find_expired(txn, &id, err);
		if (rc || id.n == 0)
			break;
		rc = end_lease(txn, kvs_sn(id.s, id.n), &keys, err);
	}
	local_txn_settle(txn);
	return rc;
}

int local_leases_end(struct local_conn *conn, struct kvs_err *err)
{
	LOCAL_AUTO_TXN struct local_txn txn;
	int rc = local_txn_begin(conn, &txn, err);

	return rc ? rc : local_txn_commit(&txn, err);
}

/* The TTL of a lease; NOTFOUND with words. */
static int find_ttl(struct local_txn *txn, struct kvs_str lease, uint64_t *ret_ttl,
		    struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	bool row;
	int rc;

	rc = local_stmt(db, SQL_LEASE_FIND, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, lease);
	rc = local_step(db, st, &row, err);
	if (rc)
		return rc;
	if (!row)
		return kvs_err_set(err, KVS_E_NOTFOUND, "no lease %s: it is over or never was",
				   KVS_Q(lease));
	*ret_ttl = local_column_u64(st, 0);
	return 0;
}

int local_lease_check(struct local_txn *txn, struct kvs_str lease, struct kvs_err *err)
{
	uint64_t ttl;

	return find_ttl(txn, lease, &ttl, err);
}

static int grant(struct local_txn *txn, uint64_t ttl, struct kvs_reply *reply, struct kvs_err *err)
{
	struct local_conn *conn = txn->conn;
	char name[sizeof(reply->lease)];
	sqlite3_stmt *st;
	int rc;

	do {
		/* 63 random bits, as etcd's are. */
		(void)snprintf(name, sizeof(name), "%016" PRIx64, kvs_rand_u64() >> 1);
		rc = local_stmt(&conn->db, SQL_LEASE_ADD, &st, err);
		if (rc)
			return rc;
		local_bind(st, 1, kvs_s(name));
		local_bind_u64(st, 2, ttl);
		bind_boot(st, 3, conn);
		local_bind_u64(st, 4, kvsi_boottime_ms() + ttl);
		rc = local_exec(&conn->db, st, err);
		if (rc)
			return rc;
	} while (sqlite3_changes(conn->db.sql) == 0);
	txn->touched = true;
	reply->ttl = ttl;
	memcpy(reply->lease, name, sizeof(name));
	return 0;
}

static int lease_grant(struct local_txn *txn, const struct kvs_request *req,
		       struct kvs_reply *reply, struct kvs_err *err)
{
	if (req->ttl == 0 || req->ttl > MAX_TTL_MS)
		return kvs_err_set(err, KVS_E_ARG,
				   "a lease's time to live is 1 ms to 10 years, not %" PRIu64 " ms",
				   req->ttl);
	return grant(txn, req->ttl < MIN_TTL_MS ? MIN_TTL_MS : req->ttl, reply, err);
}

static int lease_keep(struct local_txn *txn, const struct kvs_request *req, struct kvs_reply *reply,
		      struct kvs_err *err)
{
	struct local_conn *conn = txn->conn;
	sqlite3_stmt *st;
	int rc;

	rc = find_ttl(txn, req->key, &reply->ttl, err);
	if (!rc)
		rc = local_stmt(&conn->db, SQL_LEASE_KEEP, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, req->key);
	bind_boot(st, 2, conn);
	local_bind_u64(st, 3, kvsi_boottime_ms());
	txn->touched = true;
	return local_exec(&conn->db, st, err);
}

static int lease_revoke(struct local_txn *txn, const struct kvs_request *req,
			struct kvs_reply *reply, struct kvs_err *err)
{
	int rc = local_lease_check(txn, req->key, err);

	return rc ? rc : end_lease(txn, req->key, &reply->count, err);
}

int local_lease(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		struct kvs_reply *reply, struct kvs_err *err)
{
	static int (*const ops[])(struct local_txn *, const struct kvs_request *,
				  struct kvs_reply *, struct kvs_err *) = {
		[KVS_LEASE_GRANT] = lease_grant,
		[KVS_LEASE_KEEPALIVE] = lease_keep,
		[KVS_LEASE_REVOKE] = lease_revoke,
	};
	LOCAL_AUTO_TXN struct local_txn txn;
	int rc;

	rc = local_txn_begin(conn, &txn, err);
	if (!rc)
		rc = ops[req->lease_op](&txn, req, reply, err);
	if (!rc)
		rc = local_txn_commit(&txn, err);
	reply->index = txn.meta.index;
	return rc;
}

int local_lease_next(struct local_conn *conn, uint64_t *ret_ms, struct kvs_err *err)
{
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	uint64_t expires, now;
	bool row;
	int rc;

	rc = local_stmt(&conn->db, SQL_LEASE_NEXT, &st, err);
	if (rc)
		return rc;
	bind_boot(st, 1, conn);
	rc = local_step(&conn->db, st, &row, err);
	if (rc)
		return rc;
	*ret_ms = UINT64_MAX;
	if (sqlite3_column_type(st, 0) == SQLITE_NULL)
		return 0;
	expires = local_column_u64(st, 0);
	now = kvsi_boottime_ms();
	*ret_ms = expires > now ? expires - now : 0;
	return 0;
}
