/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put, delete, txn.  What has no condition goes as etcd's Put and DeleteRange; everything else is a
 * Txn, whose other branch reads the keys that have conditions, so that the one that failed can be
 * named.
 */
#include "backends/etcd/etcd_range.h"
#include "backends/etcd/etcd_simple.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>

/* What a member of a transaction adds to its key and value, generously. */
#define OP_OVERHEAD 64

uint64_t etcd_op_size(const struct kvs_op *op)
{
	uint64_t keys = op->type == KVS_OP_DELETE_PREFIX ? 2 : 1;

	if (op->cond)
		keys += 2;
	return keys * op->key.n + op->value.n + OP_OVERHEAD;
}

/* ---- answers ---- */

/* etcd said that the write was done, but not in words that make sense. */
static int doubt(struct kvs_err *err)
{
	struct kvs_err why = *err;

	return kvs_err_set(err, KVS_E_UNCERTAIN, "%s; the write may have happened", why.msg);
}

static int put_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__PutResponse *answer = etcd_call_answer(&s->call, &etcdpb__put_response__descriptor,
						       err);

	if (!answer)
		return doubt(err);
	reply->index = etcd_header(s->call.conn, answer->header);
	etcd_message_free(answer);
	return 0;
}

static int delete_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__DeleteRangeResponse *answer = etcd_call_answer(
		&s->call, &etcdpb__delete_range_response__descriptor, err);

	if (!answer)
		return doubt(err);
	reply->index = etcd_header(s->call.conn, answer->header);
	reply->count = (uint64_t)answer->deleted;
	etcd_message_free(answer);
	return 0;
}

/* What is needed of the conditions to tell which one failed. */
struct condition {
	uint64_t op; /* its number */
	uint32_t cond;
	int64_t want; /* revision or lease */
};

struct conditions {
	size_t n;
	struct condition all[];
};

static bool holds(const struct condition *c, const Etcdpb__RangeResponse *found)
{
	const Etcdpb__KeyValue *kv = found->n_kvs ? found->kvs[0] : NULL;

	switch (c->cond) {
	case KVS_COND_ABSENT:
		return !kv;
	case KVS_COND_INDEX:
		return kv && kv->mod_revision == c->want;
	default:
		return kv && kv->lease == c->want;
	}
}

static int conflict(const struct conditions *conditions, const Etcdpb__TxnResponse *answer,
		    struct kvs_reply *reply, struct kvs_err *err)
{
	const Etcdpb__ResponseOp *op;
	size_t i;

	for (i = 0; i < conditions->n && i < answer->n_responses; i++) {
		op = answer->responses[i];
		if (op->response_case != ETCDPB__RESPONSE_OP__RESPONSE_RANGE ||
		    holds(&conditions->all[i], op->range))
			continue;
		reply->failed_op = (int64_t)conditions->all[i].op;
		if (op->range->n_kvs)
			return kvs_err_set(err, KVS_E_CONFLICT, "%s is not as it was expected",
					   KVS_Q(etcd_bytes(op->range->kvs[0]->key)));
		return kvs_err_set(err, KVS_E_CONFLICT,
				   "operation %" PRIu64 " expected a key that does not exist",
				   conditions->all[i].op);
	}
	return kvs_err_set(err, KVS_E_CONFLICT, "a key is not as it was expected");
}

static uint64_t count_deleted(const Etcdpb__TxnResponse *answer)
{
	uint64_t deleted = 0;
	size_t i;

	for (i = 0; i < answer->n_responses; i++)
		if (answer->responses[i]->response_case ==
		    ETCDPB__RESPONSE_OP__RESPONSE_DELETE_RANGE)
			deleted += (uint64_t)answer->responses[i]->delete_range->deleted;
	return deleted;
}

static int txn_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__TxnResponse *answer = etcd_call_answer(&s->call, &etcdpb__txn_response__descriptor,
						       err);
	int code = 0;

	if (!answer)
		return doubt(err);
	reply->index = etcd_header(s->call.conn, answer->header);
	if (answer->succeeded)
		reply->count = count_deleted(answer);
	else
		code = conflict(s->extra, answer, reply, err);
	etcd_message_free(answer);
	return code;
}

/* ---- a transaction ---- */

/* One operation's share; pointers are kept until the message is packed. */
struct part {
	Etcdpb__Compare compare;
	Etcdpb__RequestOp op, other;
	Etcdpb__PutRequest put;
	Etcdpb__DeleteRangeRequest delete_range;
	Etcdpb__RangeRequest range;
	struct kvs_buf end;
};

struct txn {
	Etcdpb__TxnRequest message;
	struct part *parts;
	size_t n;
	Etcdpb__Compare **compares;
	Etcdpb__RequestOp **success, **failure;
	struct conditions *conditions;
};

static void txn_release(struct txn *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		kvs_buf_release(&t->parts[i].end);
	kvsi_free(t->parts);
	kvsi_free(t->compares);
	kvsi_free(t->success);
	kvsi_free(t->failure);
	kvsi_free(t->conditions);
}

static int txn_init(struct txn *t, size_t n, struct kvs_err *err)
{
	*t = (struct txn){ .message = ETCDPB__TXN_REQUEST__INIT };
	t->parts = kvs_realloc_array(NULL, n, sizeof(*t->parts));
	t->compares = kvs_realloc_array(NULL, n, sizeof(Etcdpb__Compare *));
	t->success = kvs_realloc_array(NULL, n, sizeof(Etcdpb__RequestOp *));
	t->failure = kvs_realloc_array(NULL, n, sizeof(Etcdpb__RequestOp *));
	t->conditions = kvs_zalloc(sizeof(*t->conditions) + n * sizeof(struct condition));
	if (!t->parts || !t->compares || !t->success || !t->failure || !t->conditions)
		return kvs_err_oom(err);
	t->message.compare = t->compares;
	t->message.success = t->success;
	t->message.failure = t->failure;
	return 0;
}

/* A lease that etcd cannot have given is hung on by no key: a number that none has. */
static int64_t lease_id(struct kvs_str name)
{
	int64_t id;

	return etcd_lease_parse(name, &id) ? id : -1;
}

static void add_condition(struct txn *t, struct part *p, const struct kvs_op *op, uint64_t number)
{
	struct condition *c = &t->conditions->all[t->conditions->n++];

	*c = (struct condition){ .op = number, .cond = op->cond };
	p->compare = (Etcdpb__Compare)ETCDPB__COMPARE__INIT;
	p->compare.key = etcd_borrow(op->key);
	switch (op->cond) {
	case KVS_COND_LEASE:
		c->want = lease_id(op->lease);
		p->compare.target = ETCDPB__COMPARE__TARGET__LEASE;
		p->compare.operand_case = ETCDPB__COMPARE__OPERAND_LEASE;
		p->compare.lease = c->want;
		break;
	case KVS_COND_INDEX:
		c->want = (int64_t)op->index;
		p->compare.target = ETCDPB__COMPARE__TARGET__MOD;
		p->compare.operand_case = ETCDPB__COMPARE__OPERAND_MOD_REVISION;
		p->compare.mod_revision = c->want;
		break;
	default:
		p->compare.target = ETCDPB__COMPARE__TARGET__CREATE;
		p->compare.operand_case = ETCDPB__COMPARE__OPERAND_CREATE_REVISION;
		break;
	}
	t->compares[t->message.n_compare++] = &p->compare;

	p->range = (Etcdpb__RangeRequest)ETCDPB__RANGE_REQUEST__INIT;
	p->range.key = etcd_borrow(op->key);
	p->range.keys_only = true;
	p->other = (Etcdpb__RequestOp)ETCDPB__REQUEST_OP__INIT;
	p->other.request_case = ETCDPB__REQUEST_OP__REQUEST_RANGE;
	p->other.range = &p->range;
	t->failure[t->message.n_failure++] = &p->other;
}

static int fill_put(Etcdpb__PutRequest *put, const struct kvs_op *op, struct kvs_err *err)
{
	*put = (Etcdpb__PutRequest)ETCDPB__PUT_REQUEST__INIT;
	put->key = etcd_borrow(op->key);
	put->value = etcd_borrow(op->value);
	/* With KVS_COND_LEASE the lease is the condition's, and the key stays on it. */
	if (op->lease.n && !etcd_lease_parse(op->lease, &put->lease))
		return kvs_err_set(err, KVS_E_NOTFOUND, "no lease %s", KVS_Q(op->lease));
	return 0;
}

static void fill_delete(Etcdpb__DeleteRangeRequest *request, const struct kvs_op *op,
			struct kvs_buf *end)
{
	*request = (Etcdpb__DeleteRangeRequest)ETCDPB__DELETE_RANGE_REQUEST__INIT;
	request->key = etcd_borrow(op->key);
	if (op->type != KVS_OP_DELETE_PREFIX)
		return;
	etcd_range_end(end, op->key);
	request->range_end = etcd_borrow(kvs_buf_slice(end));
}

static int add_op(struct txn *t, const struct kvs_op *op, uint64_t number, struct kvs_err *err)
{
	struct part *p = &t->parts[t->n++];
	int code = 0;

	kvs_buf_init(&p->end, ETCD_MAX_REQUEST);
	if (op->cond)
		add_condition(t, p, op, number);
	if (op->type == KVS_OP_CHECK)
		return 0;
	p->op = (Etcdpb__RequestOp)ETCDPB__REQUEST_OP__INIT;
	if (op->type == KVS_OP_PUT) {
		code = fill_put(&p->put, op, err);
		p->op.request_case = ETCDPB__REQUEST_OP__REQUEST_PUT;
		p->op.put = &p->put;
	} else {
		fill_delete(&p->delete_range, op, &p->end);
		p->op.request_case = ETCDPB__REQUEST_OP__REQUEST_DELETE_RANGE;
		p->op.delete_range = &p->delete_range;
	}
	t->success[t->message.n_success++] = &p->op;
	return code ? code : kvs_buf_check(&p->end, "a key", err);
}

/* A deletion with a condition is its own guard: once done, the condition no longer holds. */
static enum etcd_safety safety_of(const struct kvs_request *req)
{
	uint64_t i;

	for (i = 0; i < req->n_ops; i++)
		if (req->ops[i].cond == KVS_COND_ABSENT || req->ops[i].cond == KVS_COND_INDEX)
			return ETCD_GUARDED;
	return ETCD_WRITE;
}

static int send_txn(struct etcd_simple *s, const struct kvs_request *req, struct kvs_err *err)
{
	KVS_CLEANUP(txn_release) struct txn t;
	uint64_t i;
	int code = txn_init(&t, (size_t)req->n_ops, err);

	for (i = 0; i < req->n_ops && !code; i++)
		code = add_op(&t, &req->ops[i], i, err);
	if (code)
		return code;
	s->answered = txn_answered;
	s->extra = kvs_steal_ptr(t.conditions);
	return etcd_simple_send(s, "/etcdserverpb.KV/Txn", (ProtobufCMessage *)&t.message,
				safety_of(req), err);
}

/* ---- one operation ---- */

static int send_put(struct etcd_simple *s, const struct kvs_op *op, struct kvs_err *err)
{
	Etcdpb__PutRequest request;
	int code = fill_put(&request, op, err);

	if (code)
		return code;
	s->answered = put_answered;
	return etcd_simple_send(s, "/etcdserverpb.KV/Put", (ProtobufCMessage *)&request, ETCD_WRITE,
				err);
}

static int send_delete(struct etcd_simple *s, const struct kvs_op *op, struct kvs_err *err)
{
	Etcdpb__DeleteRangeRequest request;
	KVS_AUTO_BUF struct kvs_buf end;
	int code;

	kvs_buf_init(&end, ETCD_MAX_REQUEST);
	fill_delete(&request, op, &end);
	code = kvs_buf_check(&end, "the prefix", err);
	if (code)
		return code;
	s->answered = delete_answered;
	return etcd_simple_send(s, "/etcdserverpb.KV/DeleteRange", (ProtobufCMessage *)&request,
				ETCD_WRITE, err);
}

static int send_write(struct etcd_simple *s, const struct kvs_request *req, struct kvs_err *err)
{
	if (req->kind == KVS_REQ_TXN || req->ops->cond)
		return send_txn(s, req, err);
	return req->ops->type == KVS_OP_PUT ? send_put(s, req->ops, err)
					    : send_delete(s, req->ops, err);
}

static int write_start(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct etcd_simple *s;
	int code;

	/* The core has checked key and value, and transactions as a whole. */
	if (req->kind != KVS_REQ_TXN && etcd_op_size(req->ops) > ETCD_MAX_REQUEST)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "the write of %s is of %" PRIu64 " bytes; etcd takes %u",
				   KVS_Q(req->ops->key), etcd_op_size(req->ops), ETCD_MAX_REQUEST);
	code = etcd_simple_new(conn, tag, req, &s, err);
	return code ? code : etcd_simple_started(s, send_write(s, req, err));
}

int etcd_put(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return write_start(conn, tag, req, err);
}

int etcd_delete(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return write_start(conn, tag, req, err);
}

int etcd_txn(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return write_start(conn, tag, req, err);
}
