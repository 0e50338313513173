/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_gate.h"

#include "backends/etcd/etcd_auth.h"
#include "base/clock.h"
#include "base/err.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utlist.h>

#define LOOKUP_PAUSE_MS 2000

/* ---- descriptors ---- */

static int poll_too(struct etcd_conn *conn, int fd, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };

	if (fd < 0 || epoll_ctl(conn->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		return kvs_err_sys(err, "cannot poll for etcd's answers");
	return 0;
}

static int start_grpc(struct etcd_conn *conn, struct kvs_err *err)
{
	int code = etcd_cq_start(&conn->cq, err);

	return code ? code : poll_too(conn, etcd_cq_fd(conn->cq), err);
}

void etcd_gate_timer(struct etcd_conn *conn, uint64_t ms)
{
	/* A timer of 0 would be disarmed. */
	struct itimerspec when = {
		.it_value = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L + !ms },
	};

	(void)timerfd_settime(conn->timer_fd, 0, &when, NULL);
}

/* ---- the members ---- */

static int start_lookup(struct etcd_conn *conn, struct kvs_err *err)
{
	int code = kvs_srv_start(conn->srv_record, &conn->srv, err);

	if (code)
		return code;
	conn->srv_started = kvsi_monotonic_ms();
	code = poll_too(conn, kvs_srv_fd(conn->srv), err);
	if (code) {
		kvs_srv_free(conn->srv);
		conn->srv = NULL;
	}
	return code;
}

void etcd_gate_lookup(struct etcd_conn *conn)
{
	if (!conn->srv_record || conn->srv ||
	    kvsi_monotonic_ms() - conn->srv_started < LOOKUP_PAUSE_MS)
		return;
	(void)start_lookup(conn, NULL);
}

static void end_lookup(struct etcd_conn *conn)
{
	struct kvs_srv *srv = kvs_steal_ptr(conn->srv);
	KVS_AUTO_ENDPOINTS struct kvs_endpoints list = { .all = NULL };
	struct kvs_err err = { 0 };
	int code;

	(void)epoll_ctl(conn->epoll_fd, EPOLL_CTL_DEL, kvs_srv_fd(srv), NULL);
	code = kvs_srv_finish(srv, &list, &err);
	kvs_srv_free(srv);
	/* DNS gave an order, by priority and weight; a failed later lookup leaves the old list. */
	if (!code)
		code = etcd_link_set(&conn->link, &list, false, &err);
	if (!code || !conn->link.n)
		etcd_gate_open(conn, code, &err);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* ---- waiting ---- */

static void wait_in(struct etcd_waiter **list, struct etcd_waiter *waiter)
{
	DL_APPEND(*list, waiter);
	waiter->list = list;
}

int etcd_gate_pass(struct etcd_conn *conn, struct etcd_waiter *waiter, struct kvs_err *err)
{
	int code = conn->cq ? 0 : start_grpc(conn, err);

	if (!code && !conn->link.n && !conn->srv)
		code = start_lookup(conn, err);
	if (code)
		return code;
	if (conn->link.n && etcd_auth_ready(conn))
		return 1;
	wait_in(&conn->waiting, waiter);
	return 0;
}

void etcd_gate_leave(struct etcd_waiter *waiter)
{
	if (waiter->list)
		DL_DELETE(*waiter->list, waiter);
	waiter->list = NULL;
}

void etcd_gate_open(struct etcd_conn *conn, int code, const struct kvs_err *err)
{
	struct etcd_waiter *waiter;

	if (!code && !etcd_auth_ready(conn))
		return;
	/* Who comes back to wait is not to be met again in this loop. */
	while ((waiter = conn->waiting)) {
		etcd_gate_leave(waiter);
		wait_in(&conn->going, waiter);
	}
	while ((waiter = conn->going)) {
		etcd_gate_leave(waiter);
		waiter->go(waiter, code, err);
	}
}

void etcd_gate_dispatch(struct etcd_conn *conn)
{
	if (conn->srv && is_readable(kvs_srv_fd(conn->srv)))
		end_lookup(conn);
	if (conn->link.n)
		etcd_auth_dispatch(conn);
}
