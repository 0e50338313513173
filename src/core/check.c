/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend may rely on, checked here once for all of them (see kvsync/backend.h). */
#include "core/core.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdlib.h>

static int check_bytes(const struct conn *conn, struct kvs_str key, struct kvs_err *err)
{
	uint64_t max = conn->be.limits.max_key;

	if (max && key.n > max)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "key %s is of %zu bytes; the %s store takes %" PRIu64,
				   KVS_Q(key), key.n, conn->be.name, max);
	if (!(conn->be.caps & KVS_CAP_BINARY_KEYS) && !kvs_str_is_utf8(key))
		return kvs_err_set(err, KVS_E_ARG,
				   "key %s is not UTF-8 without NUL, which the %s store needs",
				   KVS_Q(key), conn->be.name);
	return 0;
}

static int check_key(const struct conn *conn, struct kvs_str key, struct kvs_err *err)
{
	if (!key.n)
		return kvs_err_set(err, KVS_E_ARG, "key is empty");
	return check_bytes(conn, key, err);
}

static int check_lease(const struct conn *conn, struct kvs_str lease, struct kvs_err *err)
{
	if (!(conn->be.caps & KVS_CAP_LEASES))
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "the %s store has no leases",
				   conn->be.name);
	if (!lease.n || lease.n >= sizeof(((struct kvs_reply *)0)->lease))
		return kvs_err_set(err, KVS_E_ARG, "lease \"%s\" is not a lease's name",
				   KVS_Q(lease));
	return 0;
}

static int check_put(const struct conn *conn, const struct kvs_op *op, struct kvs_err *err)
{
	uint64_t max = conn->be.limits.max_value;

	if (max && op->value.n > max)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "the value of %s is of %zu bytes; the %s store takes %" PRIu64,
				   KVS_Q(op->key), op->value.n, conn->be.name, max);
	if (op->flags && !(conn->be.caps & KVS_CAP_FLAGS))
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "the %s store has no flags",
				   conn->be.name);
	return op->lease.n ? check_lease(conn, op->lease, err) : 0;
}

static int check_cond(const struct conn *conn, const struct kvs_op *op, struct kvs_err *err)
{
	switch (op->cond) {
	case KVS_COND_NONE:
		return 0;
	case KVS_COND_ABSENT:
		return 0;
	case KVS_COND_INDEX:
		return op->index ? 0
				 : kvs_err_set(err, KVS_E_ARG,
					       "the condition on %s needs an index above 0",
					       KVS_Q(op->key));
	case KVS_COND_LEASE:
		return check_lease(conn, op->lease, err);
	default:
		return kvs_err_set(err, KVS_E_ARG, "unknown condition %u", op->cond);
	}
}

static int check_op(const struct conn *conn, const struct kvs_op *op, struct kvs_err *err)
{
	int code;

	if (op->size != sizeof(*op))
		return kvs_err_set(err, KVS_E_ARG, "an operation has the wrong size member");
	code = check_key(conn, op->key, err);
	if (!code)
		code = check_cond(conn, op, err);
	if (code)
		return code;
	switch (op->type) {
	case KVS_OP_PUT:
		return check_put(conn, op, err);
	case KVS_OP_DELETE:
		if (op->cond == KVS_COND_ABSENT)
			return kvs_err_set(err, KVS_E_ARG, "a deletion cannot want the key absent");
		return 0;
	case KVS_OP_DELETE_PREFIX:
		return op->cond
			       ? kvs_err_set(err, KVS_E_ARG, "deleting a prefix takes no condition")
			       : 0;
	case KVS_OP_CHECK:
		return op->cond ? 0 : kvs_err_set(err, KVS_E_ARG, "a check needs a condition");
	default:
		return kvs_err_set(err, KVS_E_ARG, "unknown operation %u", op->type);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct kvs_op *const *x = a, *const *y = b;

	return kvs_str_cmp((*x)->key, (*y)->key);
}

/* Stores disagree about two operations on one key in one transaction: nowhere allowed. */
static int check_distinct(const struct kvs_request *req, struct kvs_err *err)
{
	KVS_AUTO_FREE const struct kvs_op **sorted = NULL;
	const struct kvs_op *cover = NULL;
	uint64_t i;

	sorted = kvs_realloc_array(NULL, req->n_ops, sizeof(const struct kvs_op *));
	if (!sorted)
		return kvs_err_oom(err);
	for (i = 0; i < req->n_ops; i++)
		sorted[i] = &req->ops[i];
	qsort(sorted, req->n_ops, sizeof(const struct kvs_op *), by_key);
	for (i = 0; i < req->n_ops; i++) {
		if (i && kvs_str_eq(sorted[i - 1]->key, sorted[i]->key))
			return kvs_err_set(err, KVS_E_ARG, "key %s stands twice in the transaction",
					   KVS_Q(sorted[i]->key));
		if (cover && kvs_str_starts(sorted[i]->key, cover->key))
			return kvs_err_set(err, KVS_E_ARG,
					   "key %s stands twice in the transaction: prefix %s is "
					   "deleted too",
					   KVS_Q(sorted[i]->key), KVS_Q(cover->key));
		if (sorted[i]->type == KVS_OP_DELETE_PREFIX)
			cover = sorted[i];
	}
	return 0;
}

static int check_txn(const struct conn *conn, const struct kvs_request *req, struct kvs_err *err)
{
	const struct kvs_limits *limits = &conn->be.limits;
	uint64_t i, bytes = 0;

	if (limits->max_ops && req->n_ops > limits->max_ops)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "the transaction has %" PRIu64
				   " operations; the %s store takes %u",
				   req->n_ops, conn->be.name, limits->max_ops);
	for (i = 0; i < req->n_ops; i++)
		bytes += conn_op_size(conn, &req->ops[i]);
	if (limits->max_request && bytes > limits->max_request)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "the transaction is of %" PRIu64
				   " bytes; the %s store takes %" PRIu64,
				   bytes, conn->be.name, limits->max_request);
	return check_distinct(req, err);
}

static int check_ops(const struct conn *conn, const struct kvs_request *req, struct kvs_err *err)
{
	uint64_t i;
	int code;

	if (!req->ops || !req->n_ops)
		return kvs_err_set(err, KVS_E_ARG, "the request has no operation");
	for (i = 0; i < req->n_ops; i++) {
		code = check_op(conn, &req->ops[i], err);
		if (code)
			return code;
	}
	if (req->kind == KVS_REQ_TXN)
		return check_txn(conn, req, err);
	if (req->n_ops != 1)
		return kvs_err_set(err, KVS_E_ARG, "one operation was expected");
	if (req->kind == KVS_REQ_PUT
		    ? req->ops->type != KVS_OP_PUT
		    : req->ops->type != KVS_OP_DELETE && req->ops->type != KVS_OP_DELETE_PREFIX)
		return kvs_err_set(err, KVS_E_ARG, "the operation is not of the request's kind");
	return 0;
}

static int check_read_at(const struct conn *conn, const struct kvs_request *req,
			 struct kvs_err *err)
{
	if (req->index && !(conn->be.caps & KVS_CAP_READ_AT))
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "the %s store cannot read at an earlier index", conn->be.name);
	if ((req->flags & KVS_READ_STALE) && (req->flags & KVS_READ_CONSISTENT))
		return kvs_err_set(err, KVS_E_ARG, "a read is stale or consistent, not both");
	return 0;
}

static int check_lease_request(const struct conn *conn, const struct kvs_request *req,
			       struct kvs_err *err)
{
	if (!(conn->be.caps & KVS_CAP_LEASES) || !conn->be.lease)
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "the %s store has no leases",
				   conn->be.name);
	switch (req->lease_op) {
	case KVS_LEASE_GRANT:
		return req->ttl ? 0 : kvs_err_set(err, KVS_E_ARG, "a lease needs a time to live");
	case KVS_LEASE_KEEPALIVE:
	case KVS_LEASE_REVOKE:
		return check_lease(conn, req->key, err);
	default:
		return kvs_err_set(err, KVS_E_ARG, "unknown lease operation %u", req->lease_op);
	}
}

int check_request(const struct conn *conn, const struct kvs_request *req, struct kvs_err *err)
{
	int code;

	if (req->size != sizeof(*req))
		return kvs_err_set(err, KVS_E_ARG, "the request has the wrong size member");
	switch (req->kind) {
	case KVS_REQ_GET:
		code = check_read_at(conn, req, err);
		return code ? code : check_key(conn, req->key, err);
	case KVS_REQ_LIST:
		code = check_read_at(conn, req, err);
		return code ? code : check_bytes(conn, req->key, err);
	case KVS_REQ_PUT:
	case KVS_REQ_DELETE:
	case KVS_REQ_TXN:
		return check_ops(conn, req, err);
	case KVS_REQ_WATCH:
		return req->flags & KVS_PREFIX ? check_bytes(conn, req->key, err)
					       : check_key(conn, req->key, err);
	case KVS_REQ_LEASE:
		return check_lease_request(conn, req, err);
	case KVS_REQ_COMPACT:
		if (!(conn->be.caps & KVS_CAP_COMPACT) || !conn->be.compact)
			return kvs_err_set(err, KVS_E_UNSUPPORTED,
					   "the %s store cannot be compacted", conn->be.name);
		return 0;
	case KVS_REQ_INDEX:
	case KVS_REQ_STATUS:
		return 0;
	default:
		return kvs_err_set(err, KVS_E_ARG, "unknown request %u", req->kind);
	}
}
