/* SPDX-License-Identifier: Apache-2.0 */
/* The etcd v3 backend: its table, its connection, its delivery.  etcd.h has the map. */
#include "backends/etcd/etcd.h"

#include "backends/etcd/etcd_auth.h"
#include "backends/etcd/etcd_gate.h"
#include "backends/etcd/etcd_range.h"
#include "backends/etcd/etcd_stream.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/leaving.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utlist.h>

#define DEFAULT_PORT	   2379
#define DEFAULT_TIMEOUT_MS 10000
/* In one dispatch: a stream that never ends must not keep its caller. */
#define MAX_EVENTS 2000
/* Behind so many more are on their way: to wait for them is quicker than to be woken again. */
#define BURST	  32
#define LINGER_MS 1
#define BURST_MS  20 /* in all */

/* ---- jobs ---- */

int etcd_job_add(struct etcd_conn *conn, struct etcd_job *job, uint64_t tag, struct kvs_err *err)
{
	job->tag = tag;
	HASH_ADD(hh, conn->jobs, tag, sizeof(job->tag), job);
	return kvs_map_added(job) ? 0 : kvs_err_oom(err);
}

void etcd_job_remove(struct etcd_conn *conn, struct etcd_job *job)
{
	if (!kvs_map_added(job))
		return;
	HASH_DEL(conn->jobs, job);
	job->hh.tbl = NULL;
}

static void etcd_cancel(void *arg, uint64_t tag)
{
	struct etcd_conn *conn = arg;
	struct etcd_job *job;

	HASH_FIND(hh, conn->jobs, &tag, sizeof(tag), job);
	if (job)
		job->cancel(job);
}

static int etcd_unsent(void *arg, uint64_t tag)
{
	struct etcd_conn *conn = arg;
	struct etcd_job *job;

	HASH_FIND(hh, conn->jobs, &tag, sizeof(tag), job);
	return job && job->unsent && job->unsent(job);
}

/* ---- open ---- */

static int read_endpoints(struct etcd_conn *conn, const struct kvs_opts *opts,
			  struct kvs_endpoints *list, struct kvs_err *err)
{
	const char *record = kvs_opts_get(opts, "srv");
	int code = kvs_endpoints_read(opts, DEFAULT_PORT, DEFAULT_PORT, list, err);

	if (!code)
		code = etcd_link_init(&conn->link, opts, list->tls, err);
	if (!code && list->n)
		code = etcd_link_set(&conn->link, list, true, err);
	if (code || list->n)
		return code;
	conn->srv_record = kvs_strdup(record ? record : "");
	return conn->srv_record ? 0 : kvs_err_oom(err);
}

/* "etcd://a:2379,b:2379", in the order of the options. */
static int print_name(const struct etcd_conn *conn, const struct kvs_endpoints *list, char *name,
		      size_t size, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf b;
	size_t i;

	kvs_buf_init(&b, size - 1);
	kvs_buf_str(&b, list->tls ? "etcd+tls://" : "etcd://");
	for (i = 0; i < list->n; i++) {
		if (i)
			kvs_buf_char(&b, ',');
		kvs_endpoint_print(&list->all[i], &b);
	}
	if (conn->srv_record)
		kvs_buf_fmt(&b, "?srv=%s", conn->srv_record);
	if (kvs_buf_failed(&b))
		return kvs_buf_check(&b, "the name of the store", err);
	memcpy(name, b.data, b.len + 1);
	return 0;
}

static int make_fds(struct etcd_conn *conn, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };

	conn->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	conn->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (conn->epoll_fd < 0 || conn->timer_fd < 0 ||
	    epoll_ctl(conn->epoll_fd, EPOLL_CTL_ADD, conn->timer_fd, &ev) != 0)
		return kvs_err_sys(err, "cannot make a descriptor to poll");
	return 0;
}

static void etcd_close(void *arg);

static int etcd_open(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		     size_t name_size, struct kvs_err *err)
{
	struct etcd_conn *conn = kvs_zalloc(sizeof(*conn));
	KVS_AUTO_ENDPOINTS struct kvs_endpoints list = { .all = NULL };
	int code;

	if (!conn)
		return kvs_err_oom(err);
	conn->sink = args->sink;
	conn->core = args->core;
	conn->epoll_fd = conn->timer_fd = -1;
	conn->timeout = kvs_opts_ms(args->opts, "operation-timeout", DEFAULT_TIMEOUT_MS);
	code = read_endpoints(conn, args->opts, &list, err);
	if (!code)
		code = print_name(conn, &list, ret_name, name_size, err);
	if (!code)
		code = etcd_auth_init(conn, args->opts, ret_name, err);
	if (!code)
		code = make_fds(conn, err);
	if (code) {
		etcd_close(conn);
		return code;
	}
	*ret_conn = conn;
	return 0;
}

/* ---- delivery ---- */

/* How many. */
static size_t run_all(struct etcd_event *ev)
{
	struct etcd_event *next;
	size_t n = 0;

	for (; ev; ev = next, n++) {
		next = ev->next; /* fn may free it, or use it again */
		ev->fn(ev, ev->ok);
	}
	return n;
}

/* How long to wait for more, behind n events. */
static unsigned int linger(size_t n, uint64_t began)
{
	return n >= BURST && kvsi_monotonic_ms() - began < BURST_MS ? LINGER_MS : 0;
}

static void run_finished(struct etcd_cq *cq)
{
	uint64_t began = kvsi_monotonic_ms();
	struct etcd_event *list;
	size_t n = 0;

	do {
		list = etcd_cq_take(cq, linger(n, began));
		n += run_all(list);
	} while (list && n < MAX_EVENTS);
	etcd_cq_give_back(cq);
}

static int etcd_dispatch(void *arg, struct kvs_err *err)
{
	struct etcd_conn *conn = arg;
	uint64_t due;
	ssize_t n = read(conn->timer_fd, &due, sizeof(due));

	/* Read only to silence it: what is due is found out below. */
	(void)n;
	(void)err;
	if (!conn->cq)
		return 0;
	etcd_gate_dispatch(conn);
	run_finished(conn->cq);
	return 0;
}

static int etcd_fd(void *arg)
{
	return ((struct etcd_conn *)arg)->epoll_fd;
}

/* ---- close ---- */

/* Everything under way is cancelled; what it still had to say is nobody's business any more. */
static void stop_grpc(struct etcd_conn *conn)
{
	struct etcd_job *job, *next;

	conn->closing = true;
	HASH_ITER (hh, conn->jobs, job, next)
		job->cancel(job);
	etcd_auth_cancel(conn);
	etcd_streams_cancel(conn);
	(void)run_all(etcd_cq_stop(conn->cq));
	etcd_link_release(&conn->link);
	etcd_cq_free(conn->cq);
}

/* Still known, so that their memory is not taken for lost. */
static struct etcd_conn *left_running;

static void etcd_close(void *arg)
{
	struct etcd_conn *conn = arg;
	ETCD_NO_SIGNALS;

	/* The kernel is quicker than gRPC at taking everything down. */
	if (conn->cq && kvsi_leaving()) {
		LL_PREPEND(left_running, conn);
		return;
	}
	if (conn->cq)
		stop_grpc(conn);
	else
		etcd_link_release(&conn->link);
	etcd_auth_release(conn);
	kvs_srv_free(conn->srv);
	kvsi_free(conn->srv_record);
	kvs_cleanup_fd(&conn->timer_fd);
	kvs_cleanup_fd(&conn->epoll_fd);
	kvsi_free(conn);
}

KVS_BACKEND_DEFINE(etcd) = {
	.abi = KVS_BACKEND_ABI,
	.size = sizeof(struct kvs_backend),
	.name = "etcd",
	.description = "etcd v3, over gRPC",
	.caps = KVS_CAP_LEASES | KVS_CAP_READ_AT | KVS_CAP_WRITE_INDEX | KVS_CAP_BUMP_EQUAL |
		KVS_CAP_BINARY_KEYS | KVS_CAP_EVERY_EVENT | KVS_CAP_DURABLE | KVS_CAP_COMPACT,
	.limits = {
		.size = sizeof(struct kvs_limits),
		.max_ops = 128,
		.max_key = ETCD_MAX_KEY,
		.max_value = ETCD_MAX_REQUEST - 8192, /* leaves room for a key with a condition */
		.max_request = ETCD_MAX_REQUEST,
	},
	.open = etcd_open,
	.close = etcd_close,
	.get = etcd_get,
	.list = etcd_list,
	.put = etcd_put,
	.delete_ = etcd_delete,
	.txn = etcd_txn,
	.index = etcd_index,
	.watch = etcd_watch,
	.lease = etcd_lease,
	.status = etcd_status,
	.compact = etcd_compact,
	.cancel = etcd_cancel,
	.fd = etcd_fd,
	.dispatch = etcd_dispatch,
	.op_size = etcd_op_size,
	.unsent = etcd_unsent,
};
