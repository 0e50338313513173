/* SPDX-License-Identifier: Apache-2.0 */
/* The module: src/http, waited for. */
#include "fetch/fetch_module.h"

#include "base/err.h"
#include "http/http.h"

#include <errno.h>
#include <poll.h>

#define USER_AGENT "kvsync"

struct job {
	const struct kvs_fetch_request *request;
	int *status;
	struct kvs_err *err;
	int sink_code; /* what ended the body */
	int code;
	bool done;
};

static int on_body(void *arg, int status, const void *p, size_t n)
{
	struct job *job = arg;
	const struct kvs_fetch_request *request = job->request;

	if (request->body_sink)
		job->sink_code = request->body_sink(request->arg, status, p, n, job->err);
	return job->sink_code;
}

static void on_done(void *arg, const struct kvs_http_result *result)
{
	struct job *job = arg;

	job->done = true;
	job->code = job->sink_code ? job->sink_code : result->code;
	*job->status = result->status;
	if (job->sink_code || !result->code)
		return;
	if (result->code == KVS_E_UNCERTAIN && job->request->repeatable)
		job->code = kvs_err_set(job->err, KVS_E_UNAVAILABLE, "%s", result->err->msg);
	else
		(void)kvs_err_copy(job->err, job->code, result->err);
}

static const struct kvs_http_callbacks callbacks = { .body = on_body, .done = on_done };

static int wait_for(struct kvs_http *http, struct kvs_err *err)
{
	struct pollfd fd = { .fd = kvs_http_fd(http), .events = POLLIN };

	if (poll(&fd, 1, -1) < 0 && errno != EINTR)
		return kvs_err_sys(err, "poll");
	return kvs_http_dispatch(http, err);
}

static void cleanup_http(struct kvs_http **http)
{
	kvs_http_free(*http);
}

static int run(const struct kvs_fetch_request *request, int *ret_status, struct kvs_err *err)
{
	const struct kvs_http_opts opts = {
		.user_agent = USER_AGENT,
		.ca_file = request->ca_file,
		.connect_ms = request->timeout_ms,
	};
	struct job job = { .request = request, .status = ret_status, .err = err };
	const struct kvs_http_request start = {
		.method = request->method ? request->method : "GET",
		.url = request->url,
		.headers = request->headers,
		.body = request->body,
		.repeatable = request->repeatable,
		.max_redirects = request->max_redirects,
		.timeout_ms = request->timeout_ms,
		.max_answer = request->max_answer,
		.callbacks = &callbacks,
		.arg = &job,
	};
	KVS_CLEANUP(cleanup_http) struct kvs_http *http = NULL;
	struct kvs_http_transfer *transfer;
	int rc = kvs_http_new(&opts, &http, err);

	rc = rc ? rc : kvs_http_start(http, &start, &transfer, err);
	while (rc == 0 && !job.done)
		rc = wait_for(http, err);
	return rc ? rc : job.code;
}

extern const struct kvs_fetch_table kvs_fetch_table;
const struct kvs_fetch_table kvs_fetch_table = {
	.head = { .abi = KVS_FETCH_ABI, .size = sizeof(struct kvs_fetch_table) },
	.run = run,
};
