/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking writes.  A write whose answer was lost may or may not have happened.  If it was guarded,
 * reading the key back decides: our bytes behind the guard: it happened; the guard untouched: it
 * did not (yet), try again; anything else: somebody else wrote.  An unguarded one stays uncertain.
 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "core/call.h"

#include <inttypes.h>

enum fate {
	FATE_DONE,	/* the write happened */
	FATE_NOT_DONE,	/* the guard stands as it was */
	FATE_OVERTAKEN, /* somebody else wrote */
	FATE_UNKNOWN,	/* it could not be read */
};

static bool is_guarded(const struct kvs_op *op, uint32_t type)
{
	return op->type == type && (op->cond == KVS_COND_ABSENT || op->cond == KVS_COND_INDEX);
}

/* The operation whose fate tells that of the whole request: all happen together.  A key that is
 * gone may be anybody's work, so a deletion tells its own fate only. */
static const struct kvs_op *guarded_op(const struct kvs_request *req)
{
	uint64_t i;

	for (i = 0; i < req->n_ops; i++)
		if (is_guarded(&req->ops[i], KVS_OP_PUT))
			return &req->ops[i];
	return req->n_ops == 1 && is_guarded(req->ops, KVS_OP_DELETE) ? req->ops : NULL;
}

struct found {
	const struct kvs_op *op;
	bool there;
	bool same_value;
	uint64_t mod_index;
};

static int compare_entry(void *arg, const struct kvs_entry *entry)
{
	struct found *f = arg;

	f->there = true;
	f->same_value = kvs_str_eq(entry->value, f->op->value) && entry->flags == f->op->flags;
	f->mod_index = entry->mod_index;
	return 0;
}

static enum fate judge(const struct found *f)
{
	const struct kvs_op *op = f->op;

	if (op->type == KVS_OP_DELETE) {
		if (!f->there)
			return FATE_DONE;
		return f->mod_index == op->index ? FATE_NOT_DONE : FATE_OVERTAKEN;
	}
	if (!f->there)
		return op->cond == KVS_COND_ABSENT ? FATE_NOT_DONE : FATE_OVERTAKEN;
	if (op->cond == KVS_COND_INDEX && f->mod_index == op->index)
		return FATE_NOT_DONE;
	return f->same_value ? FATE_DONE : FATE_OVERTAKEN;
}

static enum fate read_back(struct kvs_store *store, const struct kvs_op *op, struct retry *r,
			   uint64_t *ret_index)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct found f = { .op = op };
	struct call c = { .fn = compare_entry, .arg = &f };

	req.kind = KVS_REQ_GET;
	req.flags = KVS_READ_CONSISTENT;
	req.key = op->key;
	(void)call_retry(store, &req, r, &c);
	if (c.code && c.code != KVS_E_NOTFOUND)
		return FATE_UNKNOWN;
	*ret_index = f.mod_index;
	return judge(&f);
}

static int settled(struct call *c, uint64_t index)
{
	c->reply = (struct kvs_reply){ .size = sizeof(c->reply), .index = index, .failed_op = -1 };
	return c->code = 0;
}

/* Behind a write whose answer was lost, a later failure says nothing of that write. */
static void doubt(struct call *c)
{
	if (!c->code || c->code == KVS_E_UNCERTAIN)
		return;
	(void)kvs_err_context(&c->err, c->code, "a write may have happened");
	c->code = c->err.code = KVS_E_UNCERTAIN;
}

/* In c->code a write's result; `op` its guard.  An UNCERTAIN, or a CONFLICT after one (it may be
 * our own first try that came through late), is resolved here.  True: try again. */
static bool resolve(struct kvs_store *store, const struct kvs_op *op, struct retry *r,
		    struct call *c)
{
	uint64_t index = 0;

	switch (read_back(store, op, r, &index)) {
	case FATE_DONE:
		(void)settled(c, index);
		return false;
	case FATE_NOT_DONE:
		return c->code == KVS_E_UNCERTAIN && retry_pause(store, r);
	case FATE_OVERTAKEN:
		c->code = kvs_err_set(&c->err, KVS_E_CONFLICT, "%s was changed by somebody else",
				      KVS_Q(op->key));
		return false;
	case FATE_UNKNOWN:
		doubt(c);
		return false;
	}
	return false;
}

static int write_resolved(struct kvs_store *store, struct kvs_request *req, struct kvs_reply *ret,
			  const char *what, struct kvs_err *err)
{
	const struct kvs_op *guard = guarded_op(req);
	struct call c = { 0 };
	struct retry r;
	bool was_uncertain = false;
	int code = retry_begin(store, req->timeout, &r, what, err);

	if (code)
		return code;
	do {
		(void)call_retry(store, req, &r, &c);
		if (c.code == KVS_E_UNCERTAIN)
			was_uncertain = true;
		else if (c.code != KVS_E_CONFLICT || !was_uncertain)
			break;
	} while (guard && resolve(store, guard, &r, &c));
	if (was_uncertain && c.code != KVS_E_CONFLICT)
		doubt(&c);
	if (c.code == KVS_E_CONFLICT && ret)
		ret->failed_op = c.reply.failed_op;
	if (c.code)
		return kvs_err_copy(err, c.code, &c.err);
	if (ret)
		*ret = c.reply;
	return 0;
}

int kvs_put(struct kvs_store *store, const struct kvs_op *op, struct kvs_reply *ret_reply,
	    struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_PUT;
	req.ops = op;
	req.n_ops = 1;
	return write_resolved(store, &req, ret_reply, "kvs_put()", err);
}

int kvs_delete(struct kvs_store *store, const struct kvs_op *op, struct kvs_reply *ret_reply,
	       struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_DELETE;
	req.ops = op;
	req.n_ops = 1;
	return write_resolved(store, &req, ret_reply, "kvs_delete()", err);
}

/* How many of the n operations fit one transaction; at least one. */
static size_t fitting(const struct kvs_store *store, const struct kvs_op *ops, size_t n)
{
	const struct kvs_limits *limits = &store->conn->be.limits;
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bytes += conn_op_size(store->conn, &ops[i]) + store->prefix_n;
		if ((limits->max_ops && i >= limits->max_ops) ||
		    (limits->max_request && bytes > limits->max_request))
			break;
	}
	return i ? i : 1;
}

int kvs_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n, uint32_t flags,
	    struct kvs_reply *ret_reply, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	size_t done = 0, part;
	int code;

	req.kind = KVS_REQ_TXN;
	do {
		part = flags & KVS_TXN_BATCHED ? fitting(store, ops + done, n - done) : n;
		req.ops = ops + done;
		req.n_ops = part;
		code = write_resolved(store, &req, ret_reply, "kvs_txn()", err);
		if (code == KVS_E_CONFLICT && ret_reply && ret_reply->failed_op >= 0)
			ret_reply->failed_op += (int64_t)done;
		if (code && done)
			return kvs_err_context(err, code, "after %zu of %zu operations", done, n);
		if (code)
			return code;
		done += part;
	} while (done < n);
	return 0;
}
