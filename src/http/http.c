/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: curl's sockets and its one timer, behind one epoll descriptor. */
#include "http/http_internal.h"

#include "base/alloc.h"
#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utlist.h>

#define BATCH		   64
#define DEFAULT_CONNECT_MS 10000

/* ---- curl's side ---- */

static CURLcode global_result;

static void init_curl(void)
{
	global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct kvs_http *http = arg;
	struct epoll_event ev = { .data.fd = fd };

	http_transfer_waits(easy, fd, what != CURL_POLL_REMOVE);
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(http->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
		return -1;
	(void)curl_multi_assign(http->multi, fd, http);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct kvs_http *http = arg;
	struct itimerspec when = { { 0 } };

	(void)multi;
	if (ms >= 0) {
		when.it_value.tv_sec = ms / 1000;
		/* A timer of 0 would be disarmed. */
		when.it_value.tv_nsec = (ms % 1000) * 1000000L + (ms == 0);
	}
	return timerfd_settime(http->timer_fd, 0, &when, NULL);
}

/* ---- life ---- */

static int copy_opt(char **member, const char *value)
{
	if (!value)
		return 0;
	*member = kvs_strdup(value);
	return *member ? 0 : KVS_E_NOMEM;
}

static int copy_opts(struct kvs_http *http, const struct kvs_http_opts *opts, struct kvs_err *err)
{
	http->skip_verify = opts->skip_verify;
	http->connect_ms = opts->connect_ms ? opts->connect_ms : DEFAULT_CONNECT_MS;
	if (copy_opt(&http->user_agent, opts->user_agent) ||
	    copy_opt(&http->ca_file, opts->ca_file) ||
	    copy_opt(&http->cert_file, opts->cert_file) ||
	    copy_opt(&http->key_file, opts->key_file) ||
	    copy_opt(&http->key_password, opts->key_password))
		return kvs_err_oom(err);
	return 0;
}

static int make_fds(struct kvs_http *http, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };

	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	http->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ev.data.fd = http->timer_fd;
	if (http->epoll_fd < 0 || http->timer_fd < 0 ||
	    epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, http->timer_fd, &ev) != 0)
		return kvs_err_sys(err, "cannot make a descriptor to poll");
	return 0;
}

static int make_multi(struct kvs_http *http, const struct kvs_http_opts *opts, struct kvs_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init_curl);
	http->multi = global_result == CURLE_OK ? curl_multi_init() : NULL;
	if (!http->multi)
		return kvs_err_oom(err);
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, opts->max_connections);
	return 0;
}

int kvs_http_new(const struct kvs_http_opts *opts, struct kvs_http **ret_http, struct kvs_err *err)
{
	struct kvs_http *http = kvs_zalloc(sizeof(*http));
	int code;

	if (!http)
		return kvs_err_oom(err);
	http->epoll_fd = http->timer_fd = -1;
	code = copy_opts(http, opts, err);
	if (!code)
		code = make_fds(http, err);
	if (!code)
		code = make_multi(http, opts, err);
	if (code) {
		kvs_http_free(http);
		return code;
	}
	*ret_http = http;
	return 0;
}

void kvs_http_free(struct kvs_http *http)
{
	struct kvs_http_transfer *t, *next;

	if (!http)
		return;
	DL_FOREACH_SAFE (http->transfers, t, next)
		http_transfer_free(t);
	if (http->multi)
		(void)curl_multi_cleanup(http->multi);
	kvs_cleanup_fd(&http->epoll_fd);
	kvs_cleanup_fd(&http->timer_fd);
	kvsi_free(http->user_agent);
	kvsi_free(http->ca_file);
	kvsi_free(http->cert_file);
	kvsi_free(http->key_file);
	if (http->key_password)
		explicit_bzero(http->key_password, strlen(http->key_password));
	kvsi_free(http->key_password);
	kvsi_free(http);
}

int kvs_http_fd(const struct kvs_http *http)
{
	return http->epoll_fd;
}

/* ---- the loop ---- */

static CURLMcode act(struct kvs_http *http, const struct epoll_event *ev)
{
	int mask = 0, running;
	uint64_t ignored;

	if (ev->data.fd == http->timer_fd) {
		if (read(http->timer_fd, &ignored, sizeof(ignored)) < 0)
			return CURLM_OK; /* set anew meanwhile */
		return curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		mask |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (ev->events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	return curl_multi_socket_action(http->multi, ev->data.fd, mask, &running);
}

static void finish(struct kvs_http_transfer *t, CURLcode rc)
{
	const struct kvs_http_callbacks *callbacks = t->callbacks;
	void *arg = t->arg;
	struct kvs_http_result result;
	struct kvs_err why = { 0 };

	http_transfer_result(t, rc, &result, &why);
	http_transfer_free(t);
	callbacks->done(arg, &result);
}

static void finish_all(struct kvs_http *http)
{
	struct kvs_http_transfer *t;
	const CURLMsg *msg;
	CURLcode rc;
	int left;

	while ((msg = curl_multi_info_read(http->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		rc = msg->data.result;
		if (curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t) == CURLE_OK)
			finish(t, rc);
	}
}

int kvs_http_dispatch(struct kvs_http *http, struct kvs_err *err)
{
	struct epoll_event events[BATCH];
	CURLMcode rc = CURLM_OK;
	int n = epoll_wait(http->epoll_fd, events, BATCH, 0);

	if (n < 0 && errno != EINTR)
		return kvs_err_sys(err, "epoll_wait");
	for (int i = 0; i < n && rc == CURLM_OK; i++)
		rc = act(http, &events[i]);
	finish_all(http);
	if (rc != CURLM_OK)
		return kvs_err_set(err, KVS_E_BUG, "curl: %s", curl_multi_strerror(rc));
	return 0;
}
