/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference backend: a store in this process's memory.  "mem:" is private to its handle,
 * "mem:NAME" is shared by the handles of one thread.  Shows the contract in its plainest form, and
 * serves tests.
 */
#include <kvsync/backend.h>

#include "backends/mem/mem_db.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/replyq.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utlist.h>

#define MAX_WAITING (256u << 20)

struct mem_watch {
	uint64_t tag;
	char *key;
	size_t key_n;
	uint32_t flags;
	uint64_t seen; /* told up to this index */
	struct mem_watch *next;
};

struct mem_conn {
	struct mem_db *db;
	struct kvs_replyq q;
	struct mem_watch *watches;
	int epoll_fd, timer_fd;
	struct mem_conn *next;
};

/* ---- watching ---- */

static bool matches(const struct mem_watch *w, struct kvs_str key)
{
	struct kvs_str mine = { w->key, w->key_n };

	return w->flags & KVS_PREFIX ? kvs_str_starts(key, mine) : kvs_str_eq(key, mine);
}

static int by_index(const void *a, const void *b)
{
	const struct mem_item *const *x = a, *const *y = b;

	return (*x)->mod_index < (*y)->mod_index ? -1 : (*x)->mod_index > (*y)->mod_index;
}

static void watch_free(struct mem_watch *w)
{
	kvsi_free(w->key);
	kvsi_free(w);
}

static void watch_drop(struct mem_conn *c, uint64_t tag)
{
	struct mem_watch *w, *next;

	LL_FOREACH_SAFE (c->watches, w, next) {
		if (w->tag == tag) {
			LL_DELETE(c->watches, w);
			watch_free(w);
			return;
		}
	}
}

static int send_all(struct mem_conn *c, const struct mem_watch *w, struct kvs_err *err)
{
	struct kvs_entry e;
	size_t i;
	int code = kvs_replyq_event(&c->q, w->tag, KVS_EV_RESET, NULL, 0, err);

	for (i = 0; i < c->db->n && !code; i++) {
		e = mem_entry(c->db->items[i], w->flags & KVS_KEYS_ONLY);
		if (!c->db->items[i]->deleted && matches(w, e.key))
			code = kvs_replyq_event(&c->q, w->tag, KVS_EV_PUT, &e, 0, err);
	}
	return code;
}

static int send_changes(struct mem_conn *c, const struct mem_watch *w, size_t *ret_n,
			struct kvs_err *err)
{
	KVS_AUTO_FREE struct mem_item **changed = NULL;
	struct kvs_entry e;
	size_t i, n = 0;
	int code = 0;

	changed = kvs_realloc_array(NULL, c->db->n + 1, sizeof(*changed));
	if (!changed)
		return kvs_err_oom(err);
	for (i = 0; i < c->db->n; i++)
		if (c->db->items[i]->mod_index > w->seen &&
		    matches(w, kvs_sn(c->db->items[i]->key, c->db->items[i]->key_n)))
			changed[n++] = c->db->items[i];
	qsort(changed, n, sizeof(*changed), by_index);
	for (i = 0; i < n && !code; i++) {
		e = mem_entry(changed[i], changed[i]->deleted || w->flags & KVS_KEYS_ONLY);
		code = kvs_replyq_event(&c->q, w->tag,
					changed[i]->deleted ? KVS_EV_DELETE : KVS_EV_PUT, &e, 0,
					err);
	}
	*ret_n = n;
	return code;
}

/* A watch that cannot be told ends; the core starts it again behind its last SYNC. */
static void give_up(struct mem_conn *c, const struct mem_watch *w, struct kvs_err *err)
{
	uint64_t tag = w->tag;

	kvs_replyq_done(&c->q, tag, KVS_E_UNAVAILABLE, NULL, err);
	watch_drop(c, tag);
}

static void tell_watch(struct mem_conn *c, struct mem_watch *w, bool at_once)
{
	bool lost = w->seen < c->db->floor || w->seen > c->db->index;
	struct kvs_err err = { 0 };
	size_t n = 0;
	int code = lost ? send_all(c, w, &err) : send_changes(c, w, &n, &err);

	if (!code && (lost || n || at_once))
		code = kvs_replyq_event(&c->q, w->tag, KVS_EV_SYNC, NULL, c->db->index, &err);
	if (code)
		give_up(c, w, &err);
	else
		w->seen = c->db->index;
}

static void tell_everybody(struct mem_db *db)
{
	struct mem_conn *c;
	struct mem_watch *w, *next;

	LL_FOREACH (db->conns, c)
		LL_FOREACH_SAFE (c->watches, w, next)
			tell_watch(c, w, false);
}

static void expire(struct mem_db *db)
{
	if (mem_db_expire(db, kvsi_monotonic_ms()))
		tell_everybody(db);
}

static int mem_watch(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct mem_watch *w = kvs_zalloc(sizeof(*w));
	int code;

	if (!w)
		return kvs_err_oom(err);
	w->key = kvs_memdup0(req->key.p, req->key.n);
	code = w->key ? kvs_replyq_open(&c->q, tag, err) : kvs_err_oom(err);
	if (code) {
		watch_free(w);
		return code;
	}
	expire(c->db);
	w->tag = tag;
	w->key_n = req->key.n;
	w->flags = req->flags;
	/* An index that never was makes a snapshot. */
	w->seen = req->index ? req->index : UINT64_MAX;
	if (!req->index && req->flags & KVS_WATCH_CHANGES)
		w->seen = c->db->index;
	LL_PREPEND(c->watches, w);
	tell_watch(c, w, !req->index);
	return 0;
}

/* ---- open, close ---- */

static void stopped(void *arg, uint64_t tag)
{
	watch_drop(arg, tag);
}

static int mem_open(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		    size_t name_size, struct kvs_err *err)
{
	const char *name = args->location && *args->location ? args->location : NULL;
	struct mem_conn *c = kvs_zalloc(sizeof(*c));
	int code;

	if (!c)
		return kvs_err_oom(err);
	code = mem_db_open(name, &c->db, err);
	if (code) {
		kvsi_free(c);
		return code;
	}
	c->epoll_fd = c->timer_fd = -1;
	kvs_replyq_init(&c->q, args->sink, args->core, MAX_WAITING);
	c->q.stopped = stopped;
	c->q.stopped_arg = c;
	LL_PREPEND(c->db->conns, c);
	(void)snprintf(ret_name, name_size, "mem:%s", name ? name : "");
	*ret_conn = c;
	return 0;
}

static void mem_close(void *conn)
{
	struct mem_conn *c = conn;
	struct mem_watch *w, *next;

	LL_FOREACH_SAFE (c->watches, w, next)
		watch_free(w);
	LL_DELETE(c->db->conns, c);
	mem_db_close(c->db);
	kvs_replyq_release(&c->q);
	kvs_cleanup_fd(&c->epoll_fd);
	kvs_cleanup_fd(&c->timer_fd);
	kvsi_free(c);
}

/* ---- reads ---- */

static void finish(struct mem_conn *c, uint64_t tag, int code, struct kvs_reply *reply,
		   const struct kvs_err *err)
{
	reply->size = sizeof(*reply);
	reply->index = c->db->index;
	kvs_replyq_done(&c->q, tag, code, reply, err);
}

static int mem_get(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err why = { 0 };
	const struct mem_item *item;
	struct kvs_entry e;
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	item = mem_db_get(c->db, req->key);
	if (item) {
		e = mem_entry(item, false);
		code = kvs_replyq_entry(&c->q, tag, &e, &why);
	} else {
		code = kvs_err_set(&why, KVS_E_NOTFOUND, "no key %s", KVS_Q(req->key));
	}
	finish(c, tag, code, &reply, &why);
	return 0;
}

/* Queues one name; false: the limit is reached before it. */
static bool list_one(struct mem_conn *c, uint64_t tag, const struct kvs_request *req,
		     const struct mem_item *item, struct kvs_str *last, struct kvs_reply *reply,
		     int *code, struct kvs_err *why)
{
	struct kvs_entry e = mem_entry(item, req->flags & KVS_KEYS_ONLY);
	struct kvs_str name;

	if (kvs_str_fold(e.key, req->key.n, req->separator, &name)) {
		if (kvs_str_eq(name, *last))
			return true;
		e = (struct kvs_entry){ .size = sizeof(e), .info = KVS_ENTRY_FOLDED, .key = name };
	}
	if (req->limit && reply->count == req->limit) {
		reply->flags |= KVS_REPLY_MORE;
		return false;
	}
	*last = name;
	reply->count++;
	*code = kvs_replyq_entry(&c->q, tag, &e, why);
	return !*code;
}

static int mem_list(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err why = { 0 };
	struct kvs_str last = req->after, key;
	size_t i;
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	for (i = mem_db_seek(c->db, req->key); i < c->db->n; i++) {
		key = kvs_sn(c->db->items[i]->key, c->db->items[i]->key_n);
		if (!kvs_str_starts(key, req->key))
			break;
		if (c->db->items[i]->deleted || (req->after.n && kvs_str_cmp(key, req->after) <= 0))
			continue;
		if (!list_one(c, tag, req, c->db->items[i], &last, &reply, &code, &why))
			break;
	}
	finish(c, tag, code, &reply, &why);
	return 0;
}

static int mem_index(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	finish(c, tag, 0, &reply, NULL);
	return 0;
}

static int tell_number(struct mem_conn *c, uint64_t tag, const char *name, uint64_t number,
		       struct kvs_err *err)
{
	char text[24];
	struct kvs_entry pair = { .size = sizeof(pair), .key = kvs_s(name) };

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	pair.value = kvs_s(text);
	return kvs_replyq_entry(&c->q, tag, &pair, err);
}

static int mem_status(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err why = { 0 };
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	code = tell_number(c, tag, "keys", c->db->n - c->db->tombstones, &why);
	if (!code)
		code = tell_number(c, tag, "index", c->db->index, &why);
	finish(c, tag, code, &reply, &why);
	return 0;
}

/* ---- writes ---- */

/* put, delete and txn */
static int mem_write(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err why = { 0 };
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	code = mem_db_commit(c->db, req->ops, req->n_ops, &reply.failed_op, &reply.count, &why);
	finish(c, tag, code, &reply, &why);
	if (!code)
		tell_everybody(c->db);
	return 0;
}

static int lease_work(struct mem_conn *c, const struct kvs_request *req, struct kvs_reply *reply,
		      struct kvs_err *why)
{
	struct mem_lease *lease = NULL;
	int code;

	if (req->lease_op == KVS_LEASE_GRANT) {
		code = mem_db_grant(c->db, req->ttl, &lease, why);
		if (code)
			return code;
	} else {
		lease = mem_db_lease(c->db, req->key);
		if (!lease)
			return kvs_err_set(why, KVS_E_NOTFOUND, "no lease %s", KVS_Q(req->key));
	}
	reply->ttl = lease->ttl;
	memcpy(reply->lease, lease->id, sizeof(lease->id));
	lease->expires = kvsi_monotonic_ms() + lease->ttl;
	if (req->lease_op == KVS_LEASE_REVOKE && mem_db_revoke(c->db, lease))
		tell_everybody(c->db);
	return 0;
}

static int mem_lease(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct mem_conn *c = conn;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err why = { 0 };
	int code = kvs_replyq_open(&c->q, tag, err);

	if (code)
		return code;
	expire(c->db);
	code = lease_work(c, req, &reply, &why);
	finish(c, tag, code, &reply, &why);
	return 0;
}

/* ---- delivery ---- */

static void mem_cancel(void *conn, uint64_t tag)
{
	struct mem_conn *c = conn;

	kvs_replyq_cancel(&c->q, tag);
	watch_drop(c, tag);
}

static int make_fds(struct mem_conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = kvs_replyq_fd(&c->q, NULL);

	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || c->timer_fd < 0 || c->epoll_fd < 0 ||
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0 ||
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->timer_fd, &ev) != 0)
		return -1;
	return 0;
}

/* So that a watch hears of an expiry though nobody calls. */
static void arm_expiry(struct mem_conn *c)
{
	uint64_t due = mem_db_next_expiry(c->db);
	struct itimerspec when = { { 0 } };

	if (c->timer_fd < 0)
		return;
	when.it_value.tv_sec = (time_t)(due / 1000);
	when.it_value.tv_nsec = (long)(due % 1000) * 1000000L;
	(void)timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static int mem_fd(void *conn)
{
	struct mem_conn *c = conn;

	if (c->epoll_fd < 0 && make_fds(c)) {
		kvs_cleanup_fd(&c->epoll_fd);
		kvs_cleanup_fd(&c->timer_fd);
		c->epoll_fd = c->timer_fd = -1;
	}
	arm_expiry(c);
	return c->epoll_fd;
}

static int mem_dispatch(void *conn, struct kvs_err *err)
{
	struct mem_conn *c = conn;

	expire(c->db);
	kvs_replyq_dispatch(&c->q);
	arm_expiry(c);
	return 0;
}

KVS_BACKEND_DEFINE(mem) = {
	.abi = KVS_BACKEND_ABI,
	.size = sizeof(struct kvs_backend),
	.name = "mem",
	.description = "in this process's memory, for tests",
	.caps = KVS_CAP_FLAGS | KVS_CAP_LEASES | KVS_CAP_WRITE_INDEX | KVS_CAP_BUMP_EQUAL |
		KVS_CAP_BINARY_KEYS,
	.limits = {
		.size = sizeof(struct kvs_limits),
		.max_ops = 1000,
		.max_key = 1024,
		.max_value = 1 << 20,
		.max_request = 4 << 20,
	},
	.open = mem_open,
	.close = mem_close,
	.get = mem_get,
	.list = mem_list,
	.put = mem_write,
	.delete_ = mem_write,
	.txn = mem_write,
	.index = mem_index,
	.watch = mem_watch,
	.lease = mem_lease,
	.status = mem_status,
	.cancel = mem_cancel,
	.fd = mem_fd,
	.dispatch = mem_dispatch,
};
