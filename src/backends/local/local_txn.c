/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local.h"

#include "base/err.h"

#include <fcntl.h>
#include <sys/stat.h>

int local_txn_begin(struct local_conn *conn, struct local_txn *ret_txn, struct kvs_err *err)
{
	int rc;

	*ret_txn = (struct local_txn){ .conn = conn };
	if (sqlite3_db_readonly(conn->db.sql, "main") == 1)
		return kvs_err_set(err, KVS_E_DENIED, "%s: no right to write to the file",
				   conn->label);
	local_db_give_way(&conn->db);
	rc = local_db_durable(&conn->db, err);
	if (!rc)
		rc = local_run(&conn->db, SQL_WRITE_BEGIN, err);
	if (rc)
		return rc;
	ret_txn->open = true;
	rc = local_meta_read(&conn->db, &ret_txn->meta, err);
	if (!rc && ret_txn->meta.leases)
		rc = local_leases_reap(ret_txn, err);
	if (rc)
		local_txn_abort(ret_txn);
	return rc;
}

void local_txn_abort(struct local_txn *txn)
{
	struct local_db *db = &txn->conn->db;

	/* SQLite rolls back by itself on some errors. */
	if (txn->open && !sqlite3_get_autocommit(db->sql))
		(void)local_run(db, SQL_ROLLBACK, NULL);
	txn->open = false;
}

uint64_t local_txn_index(const struct local_txn *txn)
{
	return txn->meta.index + 1;
}

void local_txn_buried(struct local_txn *txn, uint64_t n)
{
	txn->meta.dead += n;
}

void local_txn_settle(struct local_txn *txn)
{
	if (txn->changed)
		txn->meta.index++;
	txn->touched |= txn->changed;
	txn->changed = false;
}

/* The index up to which tombstones must go so that at most the bound remain: whole indexes only,
 * since a watch resumes between indexes. */
static int find_cut(struct local_txn *txn, uint64_t *ret_cut, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	bool row = false;
	int rc;

	rc = local_stmt(db, SQL_TOMBSTONE_AT, &st, err);
	if (rc)
		return rc;
	local_bind_u64(st, 1, txn->meta.dead - txn->conn->tombstones - 1);
	rc = local_step(db, st, &row, err);
	if (!rc)
		*ret_cut = row ? local_column_u64(st, 0) : txn->meta.index;
	return rc;
}

int local_txn_prune(struct local_txn *txn, uint64_t cut, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	uint64_t gone;
	int rc;

	rc = local_stmt(db, SQL_TOMBSTONE_PRUNE, &st, err);
	if (rc)
		return rc;
	local_bind_u64(st, 1, cut);
	rc = local_exec(db, st, err);
	if (rc)
		return rc;
	gone = (uint64_t)sqlite3_changes(db->sql);
	txn->meta.dead -= gone < txn->meta.dead ? gone : txn->meta.dead;
	if (cut > txn->meta.floor)
		txn->meta.floor = cut;
	txn->touched = true;
	return 0;
}

static int write_meta(struct local_txn *txn, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc;

	rc = local_stmt(db, SQL_META_SET, &st, err);
	if (rc)
		return rc;
	local_bind_u64(st, 1, txn->meta.index);
	local_bind_u64(st, 2, txn->meta.floor);
	local_bind_u64(st, 3, txn->meta.dead);
	return local_exec(db, st, err);
}

/*
 * A failed sync leaves a whole commit in the log that no process counts: it is undone, but if all
 * were killed now, SQLite's recovery would find it.  Every other failure leaves no whole commit.
 */
static int commit(struct local_txn *txn, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc = local_run(&txn->conn->db, SQL_COMMIT, &why);

	if (!rc)
		return 0;
	if (why.remote == SQLITE_IOERR_FSYNC || why.remote == SQLITE_IOERR_DIR_FSYNC)
		rc = why.code = KVS_E_UNCERTAIN;
	return kvs_err_copy(err, rc, &why);
}

/* Other processes' watches listen for this (local_notify.c): SQLite itself makes a commit visible
 * in shared memory, of which inotify knows nothing. */
static void tell_others(const struct local_conn *conn)
{
	(void)utimensat(AT_FDCWD, sqlite3_db_filename(conn->db.sql, "main"), NULL, 0);
}

int local_txn_commit(struct local_txn *txn, struct kvs_err *err)
{
	struct local_conn *conn = txn->conn;
	uint64_t cut;
	int rc = 0;

	local_txn_settle(txn);
	if (!txn->touched) {
		local_txn_abort(txn);
		return 0;
	}
	if (txn->meta.dead > conn->tombstones) {
		rc = find_cut(txn, &cut, err);
		if (!rc)
			rc = local_txn_prune(txn, cut, err);
	}
	if (!rc)
		rc = write_meta(txn, err);
	if (!rc)
		rc = commit(txn, err);
	if (rc) {
		local_txn_abort(txn);
		return rc;
	}
	txn->open = false;
	tell_others(conn);
	local_look_again(conn);
	return 0;
}
