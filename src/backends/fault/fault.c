/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend for tests: wraps another store and makes every nth request fail as told.
 *
 *	fault:mem:?every=5                  the 5th, 10th ... request ends in UNAVAILABLE, undone
 *	fault:mem:x?every=2&code=UNCERTAIN  every 2nd write is done, but its answer is lost
 *	fault:mem:?every=3&watch-every=4    and every watch breaks after each 4th event
 *
 * Reads always fail undone.  The wrapped store is used through the public interface, one attempt a
 * request, so the core above sees each failure.
 */
#include <kvsync/backend.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/replyq.h"
#include "base/str.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <utlist.h>

struct fault {
	const struct kvs_sink *sink;
	void *core;
	struct kvs_store *child;
	struct kvs_replyq q; /* answers of requests that were not passed on */
	struct flight *flights;
	int epoll_fd;
	uint64_t every, watch_every;
	int code;
	uint64_t requests, events;
};

/* A request that was passed on. */
struct flight {
	struct fault *f;
	uint64_t tag;
	uint64_t child_tag;
	bool lose_answer;
	bool done;
	struct kvs_watch *watch;
	struct flight *prev, *next;
};

static const struct kvs_backend_opt options[] = {
	{ "every", KVS_OPT_UINT, 0, "0", "which request fails: every nth; 0: none" },
	{ "watch-every", KVS_OPT_UINT, 0, "0", "a watch breaks after every nth event; 0: never" },
	{ "code", KVS_OPT_STRING, 0, "UNAVAILABLE", "how: UNAVAILABLE, UNCERTAIN, DENIED ..." },
	{ NULL },
};

static bool is_write(const struct kvs_request *req)
{
	return req->kind == KVS_REQ_PUT || req->kind == KVS_REQ_DELETE || req->kind == KVS_REQ_TXN;
}

static void flight_free(struct flight *fl)
{
	DL_DELETE(fl->f->flights, fl);
	kvsi_free(fl);
}

static struct flight *flight_new(struct fault *f, uint64_t tag)
{
	struct flight *fl = kvs_zalloc(sizeof(*fl));

	if (!fl)
		return NULL;
	fl->f = f;
	fl->tag = tag;
	DL_APPEND(f->flights, fl);
	return fl;
}

static struct flight *flight_of(struct fault *f, uint64_t tag)
{
	struct flight *fl;

	DL_FOREACH (f->flights, fl)
		if (fl->tag == tag)
			return fl;
	return NULL;
}

/* ---- requests ---- */

static int on_entry(void *arg, const struct kvs_entry *entry)
{
	struct flight *fl = arg;

	return fl->f->sink->entry(fl->f->core, fl->tag, entry);
}

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct flight *fl = arg;
	struct kvs_err lost = { 0 };

	fl->done = true;
	if (code == KVS_E_CANCELED)
		return;
	if (fl->lose_answer && !code) {
		code = kvs_err_set(&lost, KVS_E_UNCERTAIN, "the answer was lost on purpose");
		err = &lost;
	}
	fl->f->sink->done(fl->f->core, fl->tag, code, reply, err);
}

static void on_drop(void *arg)
{
	flight_free(arg);
}

static int fail_undone(struct fault *f, uint64_t tag, int code, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc = kvs_replyq_open(&f->q, tag, err);

	if (rc)
		return rc;
	kvs_replyq_done(&f->q, tag, kvs_err_set(&why, code, "failed on purpose"), NULL, &why);
	return 0;
}

static int pass_on(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct fault *f = conn;
	bool fails = f->every && ++f->requests % f->every == 0;
	bool loses = fails && f->code == KVS_E_UNCERTAIN;
	struct kvs_callback cb = { on_entry, on_done, on_drop, NULL };
	struct flight *fl;

	if (fails && !(loses && is_write(req)))
		return fail_undone(f, tag, loses ? KVS_E_UNAVAILABLE : f->code, err);
	fl = flight_new(f, tag);
	if (!fl)
		return kvs_err_oom(err);
	fl->lose_answer = loses;
	cb.arg = fl;
	return kvs_start(f->child, req, &cb, &fl->child_tag, err);
}

/* ---- watches ---- */

static void break_watch(struct flight *fl)
{
	struct kvs_err why = { 0 };
	struct fault *f = fl->f;
	uint64_t tag = fl->tag;

	kvs_watch_close(fl->watch);
	f->sink->done(f->core, tag, kvs_err_set(&why, KVS_E_UNAVAILABLE, "broken on purpose"), NULL,
		      &why);
}

static void on_event(void *arg, const struct kvs_event *ev)
{
	struct flight *fl = arg;
	struct fault *f = fl->f;
	uint64_t tag = fl->tag;

	if (f->watch_every && ++f->events % f->watch_every == 0) {
		break_watch(fl);
		return;
	}
	if (!f->sink->event(f->core, tag, ev->type, ev->entry, ev->index))
		return;
	/* The core may have cancelled it already. */
	fl = flight_of(f, tag);
	if (fl)
		kvs_watch_close(fl->watch);
}

static int pass_watch(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct fault *f = conn;
	struct kvs_watch_callback cb = { on_event, NULL, NULL, on_drop, NULL };
	struct flight *fl = flight_new(f, tag);

	if (!fl)
		return kvs_err_oom(err);
	cb.arg = fl;
	return kvs_watch(f->child, req, &cb, &fl->watch, err);
}

/* ---- the rest ---- */

static int code_by_name(const char *name, int *ret_code, struct kvs_err *err)
{
	int code;

	for (code = KVS_E_NOMEM; code >= KVS_E_BUG; code--) {
		if (!strcmp(kvs_code_name(code), name)) {
			*ret_code = code;
			return 0;
		}
	}
	return kvs_err_set(err, KVS_E_CONFIG, "\"%s\" is not a code's name", KVS_Q(kvs_s(name)));
}

static int make_epoll(struct fault *f, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int child_fd = kvs_fd(f->child, err);
	int queue_fd = kvs_replyq_fd(&f->q, err);

	if (child_fd < 0 || queue_fd < 0)
		return child_fd < 0 ? child_fd : queue_fd;
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll_fd < 0 || epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, child_fd, &ev) != 0 ||
	    epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, queue_fd, &ev) != 0)
		return kvs_err_sys(err, "epoll");
	return 0;
}

static void fault_close(void *conn)
{
	struct fault *f = conn;
	struct flight *fl, *next;

	DL_FOREACH_SAFE (f->flights, fl, next)
		if (fl->watch)
			kvs_watch_close(fl->watch);
	kvs_close(f->child);
	kvs_replyq_release(&f->q);
	kvs_cleanup_fd(&f->epoll_fd);
	kvsi_free(f);
}

static int fault_open(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		      size_t name_size, struct kvs_err *err)
{
	const char *code = kvs_opts_get(args->opts, "code");
	struct fault *f = kvs_zalloc(sizeof(*f));
	int rc;

	if (!f)
		return kvs_err_oom(err);
	f->sink = args->sink;
	f->core = args->core;
	f->epoll_fd = -1;
	f->every = kvs_opts_uint(args->opts, "every", 0);
	f->watch_every = kvs_opts_uint(args->opts, "watch-every", 0);
	kvs_replyq_init(&f->q, args->sink, args->core, 1 << 20);
	rc = code_by_name(code ? code : "UNAVAILABLE", &f->code, err);
	if (!rc)
		rc = kvs_open(args->location, NULL, &f->child, err);
	if (!rc)
		rc = make_epoll(f, err);
	if (rc) {
		fault_close(f);
		return rc;
	}
	(void)snprintf(ret_name, name_size, "fault:%s", kvs_store_name(f->child));
	*ret_conn = f;
	return 0;
}

static void fault_cancel(void *conn, uint64_t tag)
{
	struct fault *f = conn;
	struct flight *fl = flight_of(f, tag);

	kvs_replyq_cancel(&f->q, tag);
	if (fl && fl->watch)
		kvs_watch_close(fl->watch);
	else if (fl && !fl->done)
		kvs_cancel(f->child, fl->child_tag);
}

static int fault_fd(void *conn)
{
	struct fault *f = conn;

	return f->epoll_fd;
}

static int fault_dispatch(void *conn, struct kvs_err *err)
{
	struct fault *f = conn;

	kvs_replyq_dispatch(&f->q);
	return kvs_dispatch(f->child, err);
}

KVS_BACKEND_DEFINE(fault) = {
	.abi = KVS_BACKEND_ABI,
	.size = sizeof(struct kvs_backend),
	.name = "fault",
	.description = "another store with failures on purpose, for tests",
	.opts = options,
	.caps = KVS_CAP_FLAGS | KVS_CAP_LEASES | KVS_CAP_WRITE_INDEX | KVS_CAP_BUMP_EQUAL |
		KVS_CAP_BINARY_KEYS,
	.limits = {
		.size = sizeof(struct kvs_limits),
		.max_ops = 1000,
		.max_key = 1024,
		.max_value = 1 << 20,
		.max_request = 4 << 20,
	},
	.open = fault_open,
	.close = fault_close,
	.get = pass_on,
	.list = pass_on,
	.put = pass_on,
	.delete_ = pass_on,
	.txn = pass_on,
	.index = pass_on,
	.watch = pass_watch,
	.lease = pass_on,
	.status = pass_on,
	.cancel = fault_cancel,
	.fd = fault_fd,
	.dispatch = fault_dispatch,
};
