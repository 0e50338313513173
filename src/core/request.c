/* SPDX-License-Identifier: Apache-2.0 */
/* Requests under way: their table, their answers, their ends. */
#include "core/core.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = {
	[KVS_REQ_GET] = "get",	     [KVS_REQ_LIST] = "list",	  [KVS_REQ_PUT] = "put",
	[KVS_REQ_DELETE] = "delete", [KVS_REQ_TXN] = "txn",	  [KVS_REQ_INDEX] = "index",
	[KVS_REQ_LEASE] = "lease",   [KVS_REQ_STATUS] = "status", [KVS_REQ_COMPACT] = "compact",
	[KVS_REQ_WATCH] = "watch",
};

static bool is_write(uint32_t kind)
{
	return kind == KVS_REQ_PUT || kind == KVS_REQ_DELETE || kind == KVS_REQ_TXN ||
	       kind == KVS_REQ_LEASE;
}

struct pending *request_find(struct conn *conn, uint64_t tag)
{
	struct pending *p = conn->found;

	if (p && p->tag == tag)
		return p;
	HASH_FIND(hh, conn->pending, &tag, sizeof(tag), p);
	if (p)
		conn->found = p;
	return p;
}

static void take_out(struct conn *conn, struct pending *p)
{
	HASH_DEL(conn->pending, p);
	if (conn->found == p)
		conn->found = NULL;
}

static void pending_free(struct pending *p)
{
	kvsi_free(p->prefix);
	kvsi_free(p->last);
	kvsi_free(p);
}

void request_forget(struct conn *conn, struct pending *p)
{
	take_out(conn, p);
	pending_free(p);
}

static void trace(const struct conn *conn, const struct pending *p, int code,
		  const struct kvs_err *err)
{
	kvs_log(KVS_LOG_DEBUG, "%s: request %" PRIu64 " (%s): %s after %" PRIu64 " ms%s%s",
		conn->name, p->tag, kind_names[p->kind], kvs_code_name(code),
		kvsi_monotonic_ms() - p->started, err && code ? ": " : "",
		err && code ? err->msg : "");
}

void request_finish(struct conn *conn, struct pending *p, int code, const struct kvs_reply *reply,
		    const struct kvs_err *err)
{
	struct kvs_reply none = { .size = sizeof(none), .failed_op = -1 };

	trace(conn, p, code, err);
	take_out(conn, p);
	conn->depth++;
	if (p->watch)
		watch_done(p->watch, code, err);
	else if (p->cb.done)
		p->cb.done(p->cb.arg, code, reply ? reply : &none, code ? err : NULL);
	if (p->cb.drop)
		p->cb.drop(p->cb.arg);
	conn->depth--;
	pending_free(p);
}

/* ---- starting ---- */

static uint64_t deadline_of(const struct kvs_store *store, const struct kvs_request *req,
			    uint64_t now)
{
	uint64_t timeout = req->timeout ? req->timeout : store->timeout;
	uint64_t deadline;

	if (req->kind == KVS_REQ_WATCH)
		return 0;
	if (__builtin_add_overflow(now, timeout, &deadline))
		deadline = UINT64_MAX;
	return store->deadline && store->deadline < deadline ? store->deadline : deadline;
}

static void note_key(struct pending *p, const struct kvs_request *req)
{
	struct kvs_str key = req->n_ops == 1 ? req->ops->key : req->key;

	if (req->kind == KVS_REQ_LEASE) /* its name is as good as a credential */
		return;
	(void)kvs_escape_into(p->about, sizeof(p->about), key.p, key.n);
}

static int pending_new(struct kvs_store *store, const struct kvs_request *req,
		       const struct kvs_callback *cb, struct kvs_watch *watch,
		       struct pending **ret_p, struct kvs_err *err)
{
	struct pending *p = kvs_zalloc(sizeof(*p));

	if (!p)
		return kvs_err_oom(err);
	p->store = store;
	p->kind = req->kind;
	p->started = kvsi_monotonic_ms();
	p->watch = watch;
	p->deadline = deadline_of(store, req, p->started);
	note_key(p, req);
	if (cb)
		p->cb = *cb;
	if (req->kind == KVS_REQ_LIST) {
		p->prefix_n = req->key.n;
		p->prefix = kvs_memdup0(req->key.p, req->key.n);
		if (!p->prefix) {
			pending_free(p);
			return kvs_err_oom(err);
		}
	}
	*ret_p = p;
	return 0;
}

static int enter(struct kvs_store *store, const struct kvs_request *req,
		 const struct kvs_callback *cb, struct kvs_watch *watch, uint64_t *ret_tag,
		 struct kvs_err *err)
{
	struct conn *conn = store->conn;
	struct pending *p = NULL;
	int code = check_request(conn, req, err);

	if (!code && store->closing)
		code = kvs_err_set(err, KVS_E_CANCELED, "the store is being closed");
	if (code)
		return code;
	code = pending_new(store, req, cb, watch, &p, err);
	if (code)
		return code;
	if (p->deadline && p->deadline <= p->started) {
		pending_free(p);
		return kvs_err_set(err, KVS_E_TIMEOUT, "%s: the deadline has passed", conn->name);
	}
	p->tag = ++conn->last_tag;
	HASH_ADD(hh, conn->pending, tag, sizeof(p->tag), p);
	if (!kvs_map_added(p)) {
		pending_free(p);
		return kvs_err_oom(err);
	}
	code = conn_start(conn, p->tag, req, err);
	if (code) {
		request_forget(conn, p);
		return code;
	}
	if (p->deadline && (!conn->next_deadline || p->deadline < conn->next_deadline)) {
		conn->next_deadline = p->deadline;
		/* It has begun whatever the timer says; the next dispatch tells of a timer that fails. */
		(void)conn_arm_timer(conn, NULL);
	}
	*ret_tag = p->tag;
	return 0;
}

int request_start(struct kvs_store *store, const struct kvs_request *req,
		  const struct kvs_callback *cb, struct kvs_watch *watch, uint64_t *ret_tag,
		  struct kvs_err *err)
{
	struct mapped m;
	int code = view_map(store, req, &m, err);

	if (code)
		return code;
	code = enter(store, &m.req, cb, watch, ret_tag, err);
	mapped_release(&m);
	return code;
}

int kvs_start(struct kvs_store *store, const struct kvs_request *req, const struct kvs_callback *cb,
	      uint64_t *ret_tag, struct kvs_err *err)
{
	uint64_t tag = 0;
	int code;

	if (req->kind == KVS_REQ_WATCH)
		code = kvs_err_set(err, KVS_E_ARG, "a watch is started with kvs_watch()");
	else
		code = request_start(store, req, cb, NULL, &tag, err);
	if (code) {
		if (cb && cb->drop)
			cb->drop(cb->arg);
		return code;
	}
	if (ret_tag)
		*ret_tag = tag;
	return 0;
}

/* ---- answers ---- */

/* A list comes sorted and under its prefix, whatever the server says. */
static int check_order(struct pending *p, const struct kvs_entry *entry, struct kvs_err *err)
{
	struct kvs_str last = { p->last, p->last_n };
	struct kvs_str prefix = { p->prefix, p->prefix_n };
	char *grown;

	if (!kvs_str_starts(entry->key, prefix))
		return kvs_err_set(err, KVS_E_PROTOCOL, "the list of %s has the key %s",
				   KVS_Q(prefix), KVS_Q(entry->key));
	if (p->last && kvs_str_cmp(last, entry->key) >= 0)
		return kvs_err_set(err, KVS_E_PROTOCOL, "the list of %s is not sorted at %s",
				   KVS_Q(prefix), KVS_Q(entry->key));
	if (!p->last || p->last_size < entry->key.n) {
		grown = kvsi_realloc(p->last, entry->key.n * 2);
		if (!grown)
			return kvs_err_oom(err);
		p->last = grown;
		p->last_size = entry->key.n * 2;
	}
	memcpy(p->last, entry->key.p, entry->key.n);
	p->last_n = entry->key.n;
	return 0;
}

static int deliver_entry(struct conn *conn, struct pending *p, const struct kvs_entry *entry)
{
	struct kvs_entry seen = *entry;
	int stop;

	if (p->kind != KVS_REQ_STATUS && !view_strip(p->store, &seen.key))
		return 0;
	if (!p->cb.entry)
		return 0;
	conn->depth++;
	stop = p->cb.entry(p->cb.arg, &seen);
	conn->depth--;
	return stop;
}

static int sink_entry(void *core, uint64_t tag, const struct kvs_entry *entry)
{
	struct conn *conn = core;
	struct pending *p = request_find(conn, tag);
	struct kvs_err err = { 0 };
	int code;

	if (!p)
		return 1;
	code = p->kind == KVS_REQ_LIST ? check_order(p, entry, &err) : 0;
	if (code) {
		request_finish(conn, p, code, NULL, &err);
		return 1;
	}
	if (!deliver_entry(conn, p, entry))
		return request_find(conn, tag) == NULL;
	p = request_find(conn, tag);
	if (p) {
		code = kvs_err_set(&err, KVS_E_CANCELED, "stopped by the caller");
		request_finish(conn, p, code, NULL, &err);
	}
	return 1;
}

static int sink_event(void *core, uint64_t tag, uint32_t type, const struct kvs_entry *entry,
		      uint64_t index)
{
	struct conn *conn = core;
	struct pending *p = request_find(conn, tag);
	int stop;

	if (!p || !p->watch)
		return 1;
	conn->depth++;
	stop = watch_event(p->watch, type, entry, index);
	conn->depth--;
	if (!stop) /* then it is still the same request's */
		return 0;
	p = request_find(conn, tag);
	if (p) /* the watch begins anew under another tag, or has ended */
		request_forget(conn, p);
	return 1;
}

static void sink_done(void *core, uint64_t tag, int code, const struct kvs_reply *reply,
		      const struct kvs_err *err)
{
	struct conn *conn = core;
	struct pending *p = request_find(conn, tag);
	struct kvs_err no_words = { .code = code };

	if (p)
		request_finish(conn, p, code, reply, err ? err : &no_words);
}

const struct kvs_sink core_sink = {
	.size = sizeof(core_sink),
	.entry = sink_entry,
	.event = sink_event,
	.done = sink_done,
};

/* ---- ends that do not come from the backend ---- */

static void end_now(struct conn *conn, struct pending *p, int code, const struct kvs_err *err)
{
	conn_cancel(conn, p->tag);
	request_finish(conn, p, code, NULL, err);
}

void kvs_cancel(struct kvs_store *store, uint64_t tag)
{
	struct pending *p = request_find(store->conn, tag);
	struct kvs_err err = { 0 };

	if (p && !p->watch)
		end_now(store->conn, p, kvs_err_set(&err, KVS_E_CANCELED, "cancelled"), &err);
}

/* The first request that `store` asked and that is due, other than watches. */
static struct pending *first_of(struct conn *conn, const struct kvs_store *store, uint64_t due)
{
	struct pending *p, *next;

	HASH_ITER (hh, conn->pending, p, next)
		if (!p->watch && (!store || p->store == store) &&
		    (!due || (p->deadline && p->deadline <= due)))
			return p;
	return NULL;
}

void request_cancel_all(struct conn *conn, const struct kvs_store *store)
{
	struct kvs_err err = { 0 };
	struct pending *p;

	(void)kvs_err_set(&err, KVS_E_CANCELED, "the store is being closed");
	while ((p = first_of(conn, store, 0)))
		end_now(conn, p, err.code, &err);
}

static void expired(const struct conn *conn, const struct pending *p, uint64_t now,
		    struct kvs_err *err)
{
	bool uncertain = is_write(p->kind) && !conn_unsent(conn, p->tag);

	(void)kvs_err_set(err, uncertain ? KVS_E_UNCERTAIN : KVS_E_TIMEOUT,
			  "%s%s%s: no answer from %s within %" PRIu64 " ms%s", kind_names[p->kind],
			  *p->about ? " of " : "", p->about, conn->name, now - p->started,
			  uncertain ? "; the write may have happened" : "");
}

void request_expire(struct conn *conn, uint64_t now)
{
	struct pending *p, *next;
	struct kvs_err err = { 0 };

	if (!conn->next_deadline || now < conn->next_deadline)
		return;
	while ((p = first_of(conn, NULL, now))) {
		expired(conn, p, now, &err);
		end_now(conn, p, err.code, &err);
	}
	conn->next_deadline = 0;
	HASH_ITER (hh, conn->pending, p, next)
		if (p->deadline && (!conn->next_deadline || p->deadline < conn->next_deadline))
			conn->next_deadline = p->deadline;
}

void request_fail_all(struct conn *conn, int code, const struct kvs_err *err)
{
	/* Not what callbacks begin anew: the next dispatch tells whether that fares better. */
	uint64_t last = conn->last_tag;
	struct pending *p;

	while ((p = conn->pending) && p->tag <= last)
		request_finish(conn, p, code, NULL, err);
}
