/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores, and the one place from which a backend is called.  What callers may not do is refused
 * here; what backends may not do is caught in request.c and watch.c.
 */
#include "core/core.h"
#include "core/of_program.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 10000

/* ---- calls of the backend ---- */

int conn_open(const struct kvs_backend *be, const struct kvs_open_args *args,
	      struct conn **ret_conn, struct kvs_err *err)
{
	struct kvs_open_args with_sink = *args;
	struct conn *conn = kvs_zalloc(sizeof(*conn));
	int code;

	if (!conn)
		return kvs_err_oom(err);
	conn->be = *be;
	conn->epoll_fd = conn->timer_fd = -1;
	with_sink.sink = &core_sink;
	with_sink.core = conn;
	code = be->open(&with_sink, &conn->handle, conn->name, sizeof(conn->name), err);
	if (code) {
		kvsi_free(conn);
		return code;
	}
	*ret_conn = conn;
	return 0;
}

void conn_close(struct conn *conn)
{
	conn->be.close(conn->handle);
	kvs_cleanup_fd(&conn->epoll_fd);
	kvs_cleanup_fd(&conn->timer_fd);
	kvsi_free(conn);
}

static kvs_start_fn *start_fn(const struct kvs_backend *be, uint32_t kind)
{
	switch (kind) {
	case KVS_REQ_GET:
		return be->get;
	case KVS_REQ_LIST:
		return be->list;
	case KVS_REQ_PUT:
		return be->put;
	case KVS_REQ_DELETE:
		return be->delete_;
	case KVS_REQ_TXN:
		return be->txn;
	case KVS_REQ_INDEX:
		return be->index;
	case KVS_REQ_LEASE:
		return be->lease;
	case KVS_REQ_STATUS:
		return be->status;
	case KVS_REQ_COMPACT:
		return be->compact;
	case KVS_REQ_WATCH:
		return be->watch;
	default:
		return NULL;
	}
}

int conn_start(struct conn *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return start_fn(&conn->be, req->kind)(conn->handle, tag, req, err);
}

void conn_cancel(struct conn *conn, uint64_t tag)
{
	conn->be.cancel(conn->handle, tag);
}

bool conn_unsent(const struct conn *conn, uint64_t tag)
{
	return conn->be.unsent && conn->be.unsent(conn->handle, tag);
}

uint64_t conn_op_size(const struct conn *conn, const struct kvs_op *op)
{
	return conn->be.op_size ? conn->be.op_size(op) : op->key.n + op->value.n;
}

/* ---- waiting and dispatching ---- */

int conn_not_in_callback(const struct conn *conn, const char *what, struct kvs_err *err)
{
	if (conn->depth)
		return kvs_err_set(err, KVS_E_BUG, "%s was called from inside a callback", what);
	return 0;
}

static uint64_t next_due(const struct conn *conn)
{
	if (!conn->next_retry || (conn->next_deadline && conn->next_deadline < conn->next_retry))
		return conn->next_deadline;
	return conn->next_retry;
}

int conn_wait_ms(const struct conn *conn)
{
	uint64_t due = next_due(conn);
	uint64_t now;

	if (!due)
		return -1;
	now = kvsi_monotonic_ms();
	if (due <= now)
		return 0;
	return due - now < INT32_MAX ? (int)(due - now) : INT32_MAX;
}

int conn_arm_timer(struct conn *conn, struct kvs_err *err)
{
	struct itimerspec when = { { 0 } };
	uint64_t due = next_due(conn);
	int wait = conn_wait_ms(conn);

	/* One that has rung stays readable until it is set again. */
	if (conn->timer_fd < 0 || (due == conn->armed && wait != 0))
		return 0;
	if (wait >= 0) {
		when.it_value.tv_sec = wait / 1000;
		/* A timer of 0 would be disarmed. */
		when.it_value.tv_nsec = (wait % 1000) * 1000000L + (wait == 0);
	}
	if (timerfd_settime(conn->timer_fd, 0, &when, NULL) != 0)
		return kvs_err_sys(err, "cannot set a timer");
	conn->armed = due;
	return 0;
}

static int add_to_epoll(int epoll_fd, int fd, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		return kvs_err_sys(err, "epoll_ctl");
	return 0;
}

int kvs_fd(struct kvs_store *store, struct kvs_err *err)
{
	struct conn *conn = store->conn;
	KVS_AUTO_FD int epoll_fd = -1;
	KVS_AUTO_FD int timer_fd = -1;
	int code;

	if (conn->epoll_fd >= 0)
		return conn->epoll_fd;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (epoll_fd < 0 || timer_fd < 0)
		return kvs_err_sys(err, "cannot make a descriptor to poll");
	code = add_to_epoll(epoll_fd, conn->be.fd(conn->handle), err);
	if (!code)
		code = add_to_epoll(epoll_fd, timer_fd, err);
	if (code)
		return code;
	conn->epoll_fd = kvs_steal_fd(&epoll_fd);
	conn->timer_fd = kvs_steal_fd(&timer_fd);
	code = conn_arm_timer(conn, err);
	return code ? code : conn->epoll_fd;
}

int kvs_dispatch(struct kvs_store *store, struct kvs_err *err)
{
	struct conn *conn = store->conn;
	struct kvs_err why = { 0 };
	uint64_t now;
	int code = conn_not_in_callback(conn, "kvs_dispatch()", err);

	if (code)
		return code;
	code = conn->be.dispatch(conn->handle, &why);
	if (code) {
		request_fail_all(conn, code, &why);
		return kvs_err_copy(err, code, &why);
	}
	now = kvsi_monotonic_ms();
	request_expire(conn, now);
	watch_retry_due(conn, now);
	return conn_arm_timer(conn, err);
}

int kvs_poll(struct kvs_store *store, int timeout_ms, struct kvs_err *err)
{
	struct conn *conn = store->conn;
	struct pollfd pfd = { .fd = conn->be.fd(conn->handle), .events = POLLIN };
	int wait = conn_wait_ms(conn);

	if (wait < 0 || (timeout_ms >= 0 && timeout_ms < wait))
		wait = timeout_ms;
	if (poll(&pfd, 1, wait) < 0 && errno != EINTR)
		return kvs_err_sys(err, "poll");
	return kvs_dispatch(store, err);
}

/* ---- opening and closing ---- */

static int open_backend(const char *name, const struct store_url *url, const struct kvs_opts *opts,
			struct conn **ret_conn, struct kvs_err *err)
{
	const struct kvs_open_args args = {
		.size = sizeof(args),
		.scheme = url->scheme,
		.location = url->location,
		.opts = opts,
	};
	const struct kvs_backend *be;
	int code = registry_get(name, &be, err);

	if (!code)
		code = opts_check(opts, be, err);
	return code ? code : conn_open(be, &args, ret_conn, err);
}

/* The URL and the "backend" option must not contradict each other. */
static int backend_name(const struct store_url *url, const struct kvs_opts *opts,
			const char **ret_name, struct kvs_err *err)
{
	const char *name = kvs_opts_get(opts, "backend");

	if (!name && !url->backend)
		return kvs_err_set(err, KVS_E_CONFIG, "neither a store URL nor a backend is given");
	if (name && url->backend && strcmp(name, url->backend) != 0)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the store URL is of %s, the option \"backend\" says %s",
				   KVS_Q(kvs_s(url->backend)), KVS_Q(kvs_s(name)));
	*ret_name = name ? name : url->backend;
	return 0;
}

static int open_url(const char *url, struct kvs_opts *opts, struct conn **ret_conn,
		    struct kvs_err *err)
{
	struct store_url u = { NULL };
	size_t endpoints = kvs_opts_count(opts, "endpoints");
	const char *name;
	int code = url ? url_parse(url, opts, &u, err) : 0;

	if (!code && url && endpoints && kvs_opts_count(opts, "endpoints") > endpoints)
		code = kvs_err_set(err, KVS_E_CONFIG,
				   "endpoints are given beside a store URL that has servers");
	if (!code)
		code = backend_name(&u, opts, &name, err);
	if (!code)
		code = open_backend(name, &u, opts, ret_conn, err);
	url_release(&u);
	return code;
}

int kvs_open(const char *url, const struct kvs_opts *opts, struct kvs_store **ret_store,
	     struct kvs_err *err)
{
	struct kvs_opts *merged;
	struct kvs_store *store;
	int code = opts_copy(opts, &merged, err);

	if (code)
		return code;
	store = kvs_zalloc(sizeof(*store));
	code = store ? open_url(url, merged, &store->conn, err) : kvs_err_oom(err);
	if (code) {
		kvsi_free(store);
		kvs_opts_free(merged);
		return code;
	}
	store->conn->root = store;
	store->timeout = kvs_opts_ms(merged, "operation-timeout", DEFAULT_TIMEOUT_MS);
	kvs_opts_free(merged);
	*ret_store = store;
	return 0;
}

void kvs_close(struct kvs_store *store)
{
	if (!store)
		return;
	store->closing = true;
	watch_cancel_all(store->conn, store);
	request_cancel_all(store->conn, store);
	if (!store->parent)
		conn_close(store->conn);
	kvsi_free(store->prefix);
	kvsi_free(store);
}

/* ---- what a store is ---- */

uint64_t kvs_caps(const struct kvs_store *store)
{
	return store->conn->be.caps;
}

void kvs_store_limits(const struct kvs_store *store, struct kvs_limits *ret_limits)
{
	*ret_limits = store->conn->be.limits;
	ret_limits->size = sizeof(*ret_limits);
	if (ret_limits->max_key > store->prefix_n)
		ret_limits->max_key -= store->prefix_n;
}

const char *kvs_store_backend(const struct kvs_store *store)
{
	return store->conn->be.name;
}

uint64_t kvsi_store_retries(const struct kvs_store *store)
{
	return store->retries;
}

const char *kvs_store_name(const struct kvs_store *store)
{
	return store->conn->name;
}

void kvs_set_timeout(struct kvs_store *store, uint64_t timeout_ms)
{
	store->timeout = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
}

void kvs_set_deadline(struct kvs_store *store, uint64_t monotonic_ms)
{
	store->deadline = monotonic_ms;
}
