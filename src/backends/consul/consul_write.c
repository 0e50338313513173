/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes.  What has no condition goes as a plain PUT or DELETE, which costs the server least and
 * takes the largest values; what has one goes as a transaction, which tells the index and which
 * condition failed; and where that would be too big, as a PUT with ?cas= or ?acquire=.
 */
#include "backends/consul/consul.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

struct write {
	struct consul_request r;
	bool conditional; /* "false" means that the condition did not hold */
	uint8_t map[CONSUL_MAX_OPS];
};

static void write_release(struct consul_request *r)
{
	kvsi_free(r);
}

static const struct consul_request_ops write_ops = { .release = write_release };

static int write_new(struct consul *c, uint64_t tag, struct write **ret_w, struct kvs_err *err)
{
	struct consul_request *r;
	int code = consul_request_new(c, tag, sizeof(**ret_w), &write_ops, &r, err);

	if (!code)
		*ret_w = (struct write *)r;
	return code;
}

/* ---- by itself ---- */

static bool is_text(struct kvs_str text, const char *word)
{
	const char *p = text.p;

	while (text.n && (p[text.n - 1] == '\n' || p[text.n - 1] == '\r'))
		text.n--;
	return kvs_str_eq(text, kvs_s(word));
}

static void plain_done(void *arg, const struct consul_answer *answer)
{
	struct write *w = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };
	int code = answer->code;

	if (code)
		(void)kvs_err_copy(&err, code, answer->err);
	else if (answer->status == 200 && is_text(answer->text, "true"))
		;
	else if (answer->status == 200 && w->conditional && is_text(answer->text, "false"))
		code = consul_call_context(
			w->r.call, KVS_E_CONFLICT,
			(kvs_err_set(&err, KVS_E_CONFLICT, "the key is not as it was expected"),
			 &err));
	else
		code = consul_call_nonsense(w->r.call, &err);
	consul_request_done(&w->r, code, &reply, &err);
}

static int plain_call(struct write *w, const char *method, const struct kvs_op *op,
		      const char *query, struct kvs_err *err)
{
	struct kvs_buf path, body;
	const struct consul_call_spec spec = {
		.method = method,
		.what = op->type == KVS_OP_PUT ? "put" : "delete",
		.about = op->key,
		.path = &path,
		.body_text = op->type == KVS_OP_PUT ? &body : NULL,
		.write = true,
		.done = plain_done,
		.arg = w,
	};

	kvs_buf_init(&path, 16 << 10);
	consul_path_kv(&path, op->key);
	kvs_buf_str(&path, query);
	kvs_buf_init(&body, CONSUL_MAX_VALUE);
	if (spec.body_text)
		kvs_buf_add(&body, op->value.p, op->value.n);
	return consul_call_start(w->r.c, &spec, &w->r.call, err);
}

static int start_plain(struct consul *c, uint64_t tag, const char *method, const struct kvs_op *op,
		       const char *query, struct kvs_err *err)
{
	struct write *w;
	int code = write_new(c, tag, &w, err);

	if (code)
		return code;
	w->conditional = op->cond != KVS_COND_NONE || op->lease.n;
	code = plain_call(w, method, op, query, err);
	if (code)
		consul_request_drop(&w->r);
	return code;
}

/* ---- as a transaction ---- */

static void txn_done(void *arg, const struct consul_answer *answer)
{
	struct write *w = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };
	int code = answer->code;

	if (code)
		(void)kvs_err_copy(&err, code, answer->err);
	else
		code = consul_txn_decode(answer, w->map, &reply, &err);
	if (!answer->code && code == KVS_E_PROTOCOL)
		code = consul_call_nonsense(w->r.call, &err);
	else if (!answer->code && code)
		(void)consul_call_context(w->r.call, code, &err);
	consul_request_done(&w->r, code, &reply, &err);
}

static int txn_call(struct write *w, const struct kvs_op *ops, uint64_t n, const char *what,
		    struct kvs_err *err)
{
	const struct consul_call_spec base = {
		.what = what,
		.about = n == 1 ? ops->key : kvs_sn(NULL, 0),
		.write = true,
		.done = txn_done,
		.arg = w,
	};
	struct kvs_buf body;
	int code;

	kvs_buf_init(&body, CONSUL_MAX_REQUEST);
	code = consul_txn_encode(w->r.c->config.room, ops, n, &body, w->map, err);
	if (code) {
		kvs_buf_release(&body);
		return code;
	}
	return consul_txn_call(w->r.c, &body, &base, &w->r.call, err);
}

static int start_txn(struct consul *c, uint64_t tag, const struct kvs_op *ops, uint64_t n,
		     const char *what, struct kvs_err *err)
{
	struct write *w;
	int code = write_new(c, tag, &w, err);

	if (code)
		return code;
	code = txn_call(w, ops, n, what, err);
	if (code)
		consul_request_drop(&w->r);
	return code;
}

int consul_txn(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return start_txn(conn, tag, req->ops, req->n_ops, "txn", err);
}

/* ---- which way ---- */

/* Too big for a transaction, but not for a PUT. */
static int put_big(struct consul *c, uint64_t tag, const struct kvs_op *op, struct kvs_err *err)
{
	struct kvs_buf query KVS_AUTO_BUF;

	kvs_buf_init(&query, 512);
	if (op->lease.n && op->cond == KVS_COND_NONE) {
		kvs_buf_str(&query, "?acquire=");
		consul_path_encode(&query, op->lease);
	} else if (!op->lease.n) {
		kvs_buf_fmt(&query, "?cas=%" PRIu64, op->cond == KVS_COND_INDEX ? op->index : 0);
	}
	if (!query.len || !consul_path_ok(op->key))
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "the value of %s is of %zu bytes; with this condition Consul "
				   "takes about %u",
				   KVS_Q(op->key), op->value.n, CONSUL_MAX_REQUEST / 4 * 3);
	if (op->flags)
		kvs_buf_fmt(&query, "&flags=%" PRIu64, op->flags);
	if (kvs_buf_failed(&query))
		return kvs_err_oom(err);
	return start_plain(c, tag, "PUT", op, query.data, err);
}

int consul_put(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	const struct kvs_op *op = req->ops;
	char query[40] = "";

	if (op->cond == KVS_COND_NONE && !op->lease.n && consul_path_ok(op->key)) {
		if (op->flags)
			(void)snprintf(query, sizeof(query), "?flags=%" PRIu64, op->flags);
		return start_plain(conn, tag, "PUT", op, query, err);
	}
	if (consul_op_size(op) + 2 > CONSUL_MAX_REQUEST)
		return put_big(conn, tag, op, err);
	return start_txn(conn, tag, op, 1, "put", err);
}

int consul_delete(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	const struct kvs_op *op = req->ops;
	const char *query = op->type == KVS_OP_DELETE_PREFIX ? "?recurse" : "";

	if (op->cond == KVS_COND_NONE && consul_path_ok(op->key))
		return start_plain(conn, tag, "DELETE", op, query, err);
	return start_txn(conn, tag, op, 1, "delete", err);
}
