/* SPDX-License-Identifier: Apache-2.0 */
/* The Consul backend's table: what a store is, and what drives it. */
#include "backends/consul/consul.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/leaving.h"
#include "base/str.h"

#include <kvsync/version.h>

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utlist.h>

#define MAX_WAITING (256u << 20)
/* Watches may hold CONSUL_MAX_QUERIES of them; some are always left for other requests. */
#define MAX_CONNECTIONS (CONSUL_MAX_QUERIES + 48)

/* ---- requests ---- */

int consul_request_new(struct consul *c, uint64_t tag, size_t size,
		       const struct consul_request_ops *ops, struct consul_request **ret_r,
		       struct kvs_err *err)
{
	struct consul_request *r = kvs_zalloc(size);
	int code = r ? kvs_replyq_open(&c->q, tag, err) : kvs_err_oom(err);

	if (code) {
		kvsi_free(r);
		return code;
	}
	r->c = c;
	r->tag = tag;
	r->ops = ops;
	DL_APPEND(c->requests, r);
	*ret_r = r;
	return 0;
}

static void request_free(struct consul_request *r)
{
	DL_DELETE(r->c->requests, r);
	r->ops->release(r);
}

void consul_request_done(struct consul_request *r, int code, struct kvs_reply *reply,
			 const struct kvs_err *err)
{
	reply->size = sizeof(*reply);
	kvs_replyq_done(&r->c->q, r->tag, code, reply, err);
	request_free(r);
}

void consul_request_drop(struct consul_request *r)
{
	kvs_replyq_cancel(&r->c->q, r->tag);
	request_free(r);
}

static void forget(struct consul *c, uint64_t tag)
{
	struct consul_request *r;

	if (consul_watch_cancel(c, tag))
		return;
	DL_SEARCH_SCALAR(c->requests, r, tag, tag);
	if (!r)
		return;
	consul_call_cancel(r->call);
	request_free(r);
}

static void stopped(void *arg, uint64_t tag)
{
	forget(arg, tag);
}

static int consul_unsent(void *conn, uint64_t tag)
{
	const struct consul *c = conn;
	const struct consul_request *r;

	DL_SEARCH_SCALAR(c->requests, r, tag, tag);
	return r && r->call && consul_call_unsent(r->call);
}

static void consul_cancel(void *conn, uint64_t tag)
{
	struct consul *c = conn;

	kvs_replyq_cancel(&c->q, tag);
	forget(c, tag);
}

/* ---- open, close ---- */

static int read_key_password(const struct kvs_opts *opts, struct kvs_secret *ret,
			     struct kvs_err *err)
{
	const char *file = kvs_opts_get(opts, "key-password-file");

	return file ? kvs_secret_read(ret, file, err) : 0;
}

static int make_http(struct consul *c, const struct kvs_opts *opts, struct kvs_err *err)
{
	struct kvs_secret password KVS_AUTO_SECRET = { 0 };
	int code = read_key_password(opts, &password, err);
	const struct kvs_http_opts http = {
		.user_agent = "kvsync/" KVS_VERSION,
		.ca_file = kvs_opts_get(opts, "ca-file"),
		.cert_file = kvs_opts_get(opts, "cert-file"),
		.key_file = kvs_opts_get(opts, "key-file"),
		.key_password = password.value,
		.skip_verify = kvs_opts_bool(opts, "insecure-skip-tls-verify", 0),
		.connect_ms = kvs_opts_ms(opts, "dial-timeout", 1000),
		.max_connections = MAX_CONNECTIONS,
	};

	return code ? code : kvs_http_new(&http, &c->http, err);
}

static int check_location(const char *location, struct kvs_err *err)
{
	if (location && *location)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "a store URL of Consul is consul://host:8500, "
				   "consul+https://host:8501 or consul+unix:///path");
	return 0;
}

static int name_store(const struct consul_config *config, char *ret_name, size_t size,
		      struct kvs_err *err)
{
	struct kvs_buf name KVS_AUTO_BUF;

	kvs_buf_init(&name, size - 1);
	kvs_buf_str(&name, config->servers.tls ? "consul+https://" : "consul://");
	if (config->srv)
		kvs_buf_fmt(&name, "srv:%s", config->srv);
	for (size_t i = 0; i < config->servers.n; i++) {
		kvs_buf_str(&name, i ? "," : "");
		kvs_endpoint_print(&config->servers.all[i], &name);
	}
	if (*config->scope)
		kvs_buf_fmt(&name, "?%s", config->scope);
	if (kvs_buf_failed(&name))
		return kvs_buf_check(&name, "the store's name", err);
	memcpy(ret_name, name.data, name.len + 1);
	return 0;
}

static void consul_free(struct consul *c)
{
	struct consul_request *r, *next;

	consul_watch_free_all(c);
	consul_scope_reset(c);
	DL_FOREACH_SAFE (c->requests, r, next) {
		consul_call_cancel(r->call);
		request_free(r);
	}
	kvs_http_free(c->http);
	kvs_srv_free(c->srv);
	kvs_replyq_release(&c->q);
	kvs_cleanup_fd(&c->epoll_fd);
	kvs_cleanup_fd(&c->timer_fd);
	consul_config_release(&c->config);
	kvsi_free(c);
}

/* Still known, so that their memory is not taken for lost. */
static struct consul *left_running;

static void consul_close(void *conn)
{
	struct consul *c = conn;

	/* The kernel is quicker than libcurl, and all that it is linked to, at taking this down. */
	if (kvsi_leaving())
		LL_PREPEND(left_running, c);
	else
		consul_free(c);
}

static int consul_open(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		       size_t name_size, struct kvs_err *err)
{
	struct consul *c = kvs_zalloc(sizeof(*c));
	int code;

	if (!c)
		return kvs_err_oom(err);
	c->epoll_fd = c->timer_fd = -1;
	kvs_replyq_init(&c->q, args->sink, args->core, MAX_WAITING);
	c->q.stopped = stopped;
	c->q.stopped_arg = c;
	code = check_location(args->location, err);
	if (!code)
		code = consul_config_read(args->opts, &c->config, err);
	if (!code)
		code = make_http(c, args->opts, err);
	if (!code)
		code = name_store(&c->config, ret_name, name_size, err);
	if (code) {
		consul_free(c);
		return code;
	}
	*ret_conn = c;
	return 0;
}

/* ---- the loop ---- */

static int add_fd(const struct consul *c, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int make_fds(struct consul *c)
{
	int queue_fd = kvs_replyq_fd(&c->q, NULL);

	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (queue_fd < 0 || c->timer_fd < 0 || c->epoll_fd < 0)
		return -1;
	return add_fd(c, queue_fd) || add_fd(c, c->timer_fd) || add_fd(c, kvs_http_fd(c->http));
}

void consul_arm_timer(struct consul *c)
{
	uint64_t due = consul_watch_next(c);
	struct itimerspec when = { { 0 } };

	if (c->timer_fd < 0)
		return;
	when.it_value.tv_sec = (time_t)(due / 1000);
	when.it_value.tv_nsec = (long)(due % 1000) * 1000000L;
	(void)timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* A lookup's descriptor comes and goes; adding it again is harmless. */
static void poll_lookup(const struct consul *c)
{
	if (c->srv && c->epoll_fd >= 0)
		(void)add_fd(c, kvs_srv_fd(c->srv));
}

static int consul_fd(void *conn)
{
	struct consul *c = conn;

	if (c->epoll_fd < 0 && make_fds(c)) {
		kvs_cleanup_fd(&c->epoll_fd);
		kvs_cleanup_fd(&c->timer_fd);
		c->epoll_fd = c->timer_fd = -1;
	}
	poll_lookup(c);
	consul_arm_timer(c);
	return c->epoll_fd;
}

static void take_servers(struct consul *c)
{
	struct kvs_endpoints found = { .tls = c->config.servers.tls };
	struct kvs_err err = { 0 };
	int code;

	if (!c->srv || !kvs_srv_ready(c->srv))
		return;
	code = kvs_srv_finish(c->srv, &found, &err);
	kvs_srv_free(c->srv);
	c->srv = NULL;
	if (code) {
		kvs_endpoints_release(&found);
	} else {
		kvs_endpoints_release(&c->config.servers);
		c->config.servers = found;
	}
	consul_call_servers_known(c, code, &err);
}

static int consul_dispatch(void *conn, struct kvs_err *err)
{
	struct consul *c = conn;
	int code;

	take_servers(c);
	consul_watch_wake(c, kvsi_monotonic_ms());
	code = kvs_http_dispatch(c->http, err);
	if (code)
		return code;
	consul_watch_relieve(c);
	kvs_replyq_dispatch(&c->q);
	poll_lookup(c);
	consul_arm_timer(c);
	return 0;
}

KVS_BACKEND_DEFINE(consul) = {
	.abi = KVS_BACKEND_ABI,
	.size = sizeof(struct kvs_backend),
	.name = "consul",
	.description = "Consul's key-value store, over HTTP",
	.opts = consul_opts,
	.caps = KVS_CAP_FLAGS | KVS_CAP_LEASES | KVS_CAP_TRIM_SLASH | KVS_CAP_DURABLE |
		KVS_CAP_STICKY,
	.traits = KVS_TRAIT_SNAPSHOTS,
	.limits = {
		.size = sizeof(struct kvs_limits),
		.max_ops = CONSUL_MAX_OPS,
		.max_key = 2048,
		.max_value = CONSUL_MAX_VALUE,
		.max_request = CONSUL_MAX_REQUEST - 2,
	},
	.open = consul_open,
	.close = consul_close,
	.get = consul_get,
	.list = consul_list,
	.put = consul_put,
	.delete_ = consul_delete,
	.txn = consul_txn,
	.index = consul_index,
	.watch = consul_watch,
	.lease = consul_lease,
	.status = consul_status,
	.cancel = consul_cancel,
	.fd = consul_fd,
	.dispatch = consul_dispatch,
	.op_size = consul_op_size,
	.unsent = consul_unsent,
};
