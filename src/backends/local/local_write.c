/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local.h"

#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>

/* A condition that does not hold, as words. */
static int conflict(const struct kvs_op *op, bool exists, uint64_t mod, struct kvs_err *err)
{
	switch (op->cond) {
	case KVS_COND_ABSENT:
		return kvs_err_set(err, KVS_E_CONFLICT, "key %s exists already, at index %" PRIu64,
				   KVS_Q(op->key), mod);
	case KVS_COND_INDEX:
		if (exists)
			return kvs_err_set(err, KVS_E_CONFLICT,
					   "key %s is at index %" PRIu64 ", not %" PRIu64,
					   KVS_Q(op->key), mod, op->index);
		return kvs_err_set(err, KVS_E_CONFLICT,
				   "key %s does not exist, index %" PRIu64 " was expected",
				   KVS_Q(op->key), op->index);
	default:
		return kvs_err_set(err, KVS_E_CONFLICT, "key %s does not hang on lease %s",
				   KVS_Q(op->key), KVS_Q(op->lease));
	}
}

static bool holds(const struct kvs_op *op, bool exists, uint64_t mod, struct kvs_str lease)
{
	switch (op->cond) {
	case KVS_COND_ABSENT:
		return !exists;
	case KVS_COND_INDEX:
		return exists && mod == op->index;
	case KVS_COND_LEASE:
		return exists && kvs_str_eq(lease, op->lease);
	default:
		return true;
	}
}

static int check(struct local_txn *txn, const struct kvs_op *op, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	struct kvs_str lease = { 0 };
	uint64_t mod = 0;
	bool exists;
	int rc;

	if (op->cond == KVS_COND_NONE)
		return 0;
	rc = local_stmt(db, SQL_CONDITION, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, op->key);
	rc = local_step(db, st, &exists, err);
	if (rc)
		return rc;
	if (exists) {
		mod = local_column_u64(st, 0);
		lease = local_column(st, 1);
	}
	return holds(op, exists, mod, lease) ? 0 : conflict(op, exists, mod, err);
}

static int put(struct local_txn *txn, const struct kvs_op *op, uint64_t *deleted,
	       struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc = 0;

	if (op->lease.n && op->cond != KVS_COND_LEASE)
		rc = local_lease_check(txn, op->lease, err);
	if (!rc)
		rc = local_stmt(db, SQL_PUT, &st, err);
	if (rc)
		return rc;
	local_bind(st, 1, op->key);
	local_bind_u64(st, 2, local_txn_index(txn));
	local_bind_u64(st, 3, op->flags);
	if (op->lease.n)
		local_bind(st, 4, op->lease);
	local_bind(st, 5, op->value);
	rc = local_exec(db, st, err);
	txn->changed |= !rc;
	return rc;
}

static int bury(struct local_txn *txn, struct kvs_str key, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc = local_stmt(db, SQL_BURY, &st, err);

	if (rc)
		return rc;
	local_bind_u64(st, 1, local_txn_index(txn));
	local_bind(st, 2, key);
	rc = local_exec(db, st, err);
	if (!rc)
		local_txn_buried(txn, (uint64_t)sqlite3_changes(db->sql));
	return rc;
}

static int delete_key(struct local_txn *txn, const struct kvs_op *op, uint64_t *deleted,
		      struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc = local_stmt(db, SQL_DELETE, &st, err);

	if (rc)
		return rc;
	local_bind(st, 1, op->key);
	rc = local_exec(db, st, err);
	if (rc || sqlite3_changes(db->sql) == 0)
		return rc;
	txn->changed = true;
	++*deleted;
	return bury(txn, op->key, err);
}

/* Runs a statement over a range of keys, with the change's index as ?3 where it has one. */
static int on_range(struct local_txn *txn, enum local_sql id, const struct local_range *range,
		    uint64_t index, uint64_t *ret_changes, struct kvs_err *err)
{
	struct local_db *db = &txn->conn->db;
	sqlite3_stmt *st;
	int rc = local_stmt(db, id, &st, err);

	if (rc)
		return rc;
	local_range_bind(st, range);
	if (index)
		local_bind_u64(st, 3, index);
	rc = local_exec(db, st, err);
	if (!rc)
		*ret_changes = (uint64_t)sqlite3_changes(db->sql);
	return rc;
}

static int delete_prefix(struct local_txn *txn, const struct kvs_op *op, uint64_t *deleted,
			 struct kvs_err *err)
{
	uint64_t buried = 0, keys = 0;
	struct local_range range;
	int rc;

	rc = local_range_check(op->key, err);
	if (rc)
		return rc;
	local_range_prefix(&range, op->key);
	rc = on_range(txn, SQL_BURY_RANGE, &range, local_txn_index(txn), &buried, err);
	if (!rc)
		rc = on_range(txn, SQL_DELETE_RANGE, &range, 0, &keys, err);
	if (rc)
		return rc;
	local_txn_buried(txn, buried);
	txn->changed |= keys > 0;
	*deleted += keys;
	return 0;
}

static int apply(struct local_txn *txn, const struct kvs_op *op, uint64_t *deleted,
		 struct kvs_err *err)
{
	switch (op->type) {
	case KVS_OP_PUT:
		return put(txn, op, deleted, err);
	case KVS_OP_DELETE:
		return delete_key(txn, op, deleted, err);
	case KVS_OP_DELETE_PREFIX:
		return delete_prefix(txn, op, deleted, err);
	default:
		return 0; /* KVS_OP_CHECK: its condition was all */
	}
}

/* All conditions speak of the moment before the first change. */
static int run_ops(struct local_txn *txn, const struct kvs_request *req, struct kvs_reply *reply,
		   struct kvs_err *err)
{
	int rc = 0;
	uint64_t i;

	for (i = 0; !rc && i < req->n_ops; i++)
		rc = check(txn, &req->ops[i], err);
	if (rc == KVS_E_CONFLICT)
		reply->failed_op = (int64_t)i - 1;
	for (i = 0; !rc && i < req->n_ops; i++)
		rc = apply(txn, &req->ops[i], &reply->count, err);
	return rc;
}

int local_write(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		struct kvs_reply *reply, struct kvs_err *err)
{
	LOCAL_AUTO_TXN struct local_txn txn;
	int rc;

	rc = local_txn_begin(conn, &txn, err);
	if (!rc)
		rc = run_ops(&txn, req, reply, err);
	if (!rc)
		rc = local_txn_commit(&txn, err);
	if (rc)
		reply->count = 0;
	reply->index = txn.meta.index;
	return rc;
}

int local_compact(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		  struct kvs_reply *reply, struct kvs_err *err)
{
	LOCAL_AUTO_TXN struct local_txn txn;
	int rc;

	rc = local_txn_begin(conn, &txn, err);
	if (rc)
		return rc;
	if (req->index > txn.meta.index)
		return kvs_err_set(err, KVS_E_ARG,
				   "cannot compact up to index %" PRIu64
				   ", the store is at %" PRIu64,
				   req->index, txn.meta.index);
	rc = local_txn_prune(&txn, req->index ? req->index : txn.meta.index, err);
	if (!rc)
		rc = local_txn_commit(&txn, err);
	reply->index = txn.meta.index;
	return rc;
}
