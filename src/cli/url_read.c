/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/url_read.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/tempfile.h"
#include "cli/exposure.h"
#include "fetch/fetch.h"

#include <unistd.h>

#define REDIRECTS_MAX 5
#define SHOWN_MAX     1024

#define HTTP_OK		  200
#define HTTP_SERVER_ERROR 500

static int bad_status(int status, struct kvs_err *err)
{
	return kvs_err_set(err, status >= HTTP_SERVER_ERROR ? KVS_E_UNAVAILABLE : KVS_E_SYS,
			   "the server answered with status %d", status);
}

/* Where the body goes. */
struct into {
	struct kvs_buf *content; /* or, if that is NULL: */
	int fd;
};

/* The words of a server that has nothing for us are not waited for. */
static int take(void *arg, int status, const void *p, size_t n, struct kvs_err *err)
{
	const struct into *into = arg;

	if (status != HTTP_OK)
		return bad_status(status, err);
	if (!into->content)
		return kvs_tempfile_write(into->fd, p, n, err);
	kvs_buf_add(into->content, p, n);
	return kvs_buf_check(into->content, "the answer", err);
}

static char *shown(const char *url)
{
	KVS_AUTO_BUF struct kvs_buf buf;

	kvs_buf_init(&buf, SHOWN_MAX);
	kvs_fetch_show(url, &buf);
	return kvs_strdup(kvs_buf_failed(&buf) ? "the URL" : buf.data);
}

/* 0 stands for no limit, so there is always a moment left. */
static uint64_t time_left(uint64_t deadline)
{
	uint64_t now = kvsi_monotonic_ms();

	if (!deadline)
		return 0;
	return deadline > now ? deadline - now : 1;
}

static int get(const struct url_source *source, struct into *into, uint64_t max,
	       struct kvs_err *err)
{
	const struct kvs_fetch_request request = {
		.url = source->url,
		.repeatable = true,
		.ca_file = source->ca_file,
		.timeout_ms = time_left(source->deadline),
		.max_answer = max,
		.max_redirects = REDIRECTS_MAX,
		.body_sink = take,
		.arg = into,
	};
	int status = 0;
	int code = kvs_fetch(&request, &status, err);

	return code || status == HTTP_OK ? code : bad_status(status, err);
}

static int read_into(const struct url_source *source, struct into *into, uint64_t max,
		     char **ret_shown, struct kvs_err *err)
{
	int code = kvs_fetch_check(source->url, err);

	*ret_shown = shown(source->url);
	if (!*ret_shown)
		return kvs_err_oom(err);
	if (code)
		return code;
	exposure_warn_of_url(source->url, *ret_shown);
	code = get(source, into, max, err);
	if (code == KVS_E_TIMEOUT)
		return kvs_err_set(err, code, "%s: the server took too long", *ret_shown);
	return code ? kvs_err_context(err, code, "%s", *ret_shown) : 0;
}

int url_read(const struct url_source *source, struct kvs_buf *content, char **ret_shown,
	     struct kvs_err *err)
{
	struct into into = { .content = content };

	return read_into(source, &into, content->max, ret_shown, err);
}

int url_save(const struct url_source *source, uint64_t max, int *ret_fd, char **ret_shown,
	     struct kvs_err *err)
{
	struct into into = { .fd = -1 };
	int code = kvs_tempfile_open(&into.fd, err);

	if (code)
		return code;
	code = read_into(source, &into, max, ret_shown, err);
	if (!code && lseek(into.fd, 0, SEEK_SET) < 0)
		code = kvs_err_sys(err, "rewind a temporary");
	if (code)
		(void)close(into.fd);
	else
		*ret_fd = into.fd;
	return code;
}
