/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests that are waited for, through the module. */
#include "fetch/fetch.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/scripted.h"
#include "tests/lib/tap.h"

#include <stdlib.h>
#include <string.h>

static struct scripted *server;
static char last_request[4096];

struct page {
	const char *path;
	const char *answer;
	enum scripted_end end;
};

static const struct page pages[] = {
	{ "/file", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", SCRIPTED_CLOSE },
	{ "/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", SCRIPTED_CLOSE },
	{ "/moved", "HTTP/1.1 302 Found\r\nLocation: /file\r\nContent-Length: 4\r\n\r\ngone",
	  SCRIPTED_CLOSE },
	{ "/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n",
	  SCRIPTED_CLOSE },
	{ "/elsewhere",
	  "HTTP/1.1 302 Found\r\nLocation: ftp://localhost/x\r\nContent-Length: 0\r\n\r\n",
	  SCRIPTED_CLOSE },
	{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhel", SCRIPTED_CLOSE },
	{ "/slow", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhel", SCRIPTED_HANG },
	{ "/other", "SSH-2.0-x\r\n", SCRIPTED_CLOSE },
};

static void answer(void *arg, const char *request, struct scripted_answer *ret)
{
	const char *path = strchr(request, ' ') + 1;

	(void)arg;
	(void)snprintf(last_request, sizeof(last_request), "%s", request);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		size_t n = strlen(pages[i].path);

		if (strncmp(path, pages[i].path, n) == 0 && path[n] == ' ')
			*ret = (struct scripted_answer){ pages[i].answer, strlen(pages[i].answer),
							 pages[i].end };
	}
}

struct outcome {
	int code;
	int status;
	struct kvs_buf body;
	struct kvs_err err;
};

static int take(void *arg, int status, const void *p, size_t n, struct kvs_err *err)
{
	struct outcome *o = arg;

	if (status != 200)
		return kvs_err_set(err, KVS_E_GUARD, "not wanted");
	kvs_buf_add(&o->body, p, n);
	return 0;
}

/* Asks for a page; with `model` for the other members. */
static void ask(struct outcome *o, const char *path, struct kvs_fetch_request model)
{
	KVS_AUTO_FREE char *url = kvs_asprintf("http://127.0.0.1:%u%s", scripted_port(server),
					       path);

	*o = (struct outcome){ 0 };
	kvs_buf_init(&o->body, 1024);
	model.url = url;
	model.arg = o;
	model.max_answer = model.max_answer ?: 1024;
	o->code = kvs_fetch(&model, &o->status, &o->err);
}

#define ASK(o_, path_, ...) ask((o_), (path_), (struct kvs_fetch_request){ __VA_ARGS__ })

static void test_answers(void)
{
	static const char *const headers[] = { "X-Key: secret", NULL };
	struct outcome o;

	ASK(&o, "/file", .body_sink = take, .repeatable = true);
	is_code(o.code, 0, &o.err, "a page");
	is_int(o.status, 200, "its status");
	is_slice(kvs_buf_slice(&o.body), kvs_s("hello"), "its bytes");
	kvs_buf_release(&o.body);
	ASK(&o, "/none", .repeatable = true);
	is_code(o.code, 0, &o.err, "a page that is not there is an answer");
	is_int(o.status, 404, "its status");
	ASK(&o, "/none", .body_sink = take, .repeatable = true);
	is_err(o.code, KVS_E_GUARD, &o.err, "not wanted", "the sink ends it with words of its own");
	ASK(&o, "/file", .method = "POST", .headers = headers, .body = kvs_s("{}"));
	is_code(o.code, 0, &o.err, "a body is sent");
	has_str(last_request, "POST /file HTTP/1.1\r\n", "the method");
	has_str(last_request, "X-Key: secret\r\n", "a header");
	has_str(last_request, "\r\n\r\n{}", "the body");
}

static void test_redirects(void)
{
	struct outcome o;

	ASK(&o, "/moved", .repeatable = true);
	is_code(o.code, 0, &o.err, "a redirect");
	is_int(o.status, 302, "is an answer");
	ASK(&o, "/moved", .body_sink = take, .repeatable = true, .max_redirects = 3);
	is_code(o.code, 0, &o.err, "or followed");
	is_slice(kvs_buf_slice(&o.body), kvs_s("hello"), "to the end, whose bytes alone count");
	kvs_buf_release(&o.body);
	ASK(&o, "/circle", .repeatable = true, .max_redirects = 3);
	is_err(o.code, KVS_E_PROTOCOL, &o.err, "(3) redirects", "but not for ever");
	ASK(&o, "/elsewhere", .repeatable = true, .max_redirects = 3);
	is_err(o.code, KVS_E_PROTOCOL, &o.err, "ftp", "nor to another scheme");
}

static void test_failures(void)
{
	struct outcome o;
	int status;

	ASK(&o, "/cut", .repeatable = true);
	is_code(o.code, KVS_E_UNAVAILABLE, &o.err, "an answer that is cut");
	ASK(&o, "/cut", .method = "POST");
	is_code(o.code, KVS_E_UNCERTAIN, &o.err, "the same where it may have had an effect");
	ASK(&o, "/slow", .repeatable = true, .timeout_ms = 100);
	is_code(o.code, KVS_E_TIMEOUT, &o.err, "an answer that takes too long");
	ASK(&o, "/file", .repeatable = true, .max_answer = 4);
	is_code(o.code, KVS_E_TOOBIG, &o.err, "an answer that is too big");
	ASK(&o, "/other", .repeatable = true);
	is_code(o.code, KVS_E_PROTOCOL, &o.err, "something else than HTTP");
	o.code = kvs_fetch(&(struct kvs_fetch_request){ .url = "http://127.0.0.1:1/" }, &status,
			   &o.err);
	is_code(o.code, KVS_E_UNAVAILABLE, &o.err, "nobody there");
}

static const struct {
	const char *url, *shown;
} urls[] = {
	{ "ftp://host/x", "ftp://host/x" },
	{ "file:///etc/passwd", "file:///etc/passwd" },
	{ "http://", "http://" },
	{ "http:///x", "http:///x" },
	{ "https://?x", "https://" },
	{ "/etc/hosts", "/etc/hosts" },
	{ "http\x1b://h", "http\\x1b://h" },
};

static void test_urls(void)
{
	struct kvs_err err;
	int status;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		int rc = kvs_fetch(&(struct kvs_fetch_request){ .url = urls[i].url }, &status,
				   &err);

		is_err(rc, KVS_E_ARG, &err, urls[i].shown, "no URL for us: %s", urls[i].shown);
	}
}

static void test_shown(void)
{
	static const char *const secret[] = {
		"https://me:secret@host/path",
		"https://host/path?secret",
		"https://host/path#secret",
		"https://a@b:secret@host/path?b@c",
	};
	KVS_AUTO_BUF struct kvs_buf buf;

	kvs_buf_init(&buf, 200);
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		kvs_buf_reset(&buf);
		kvs_fetch_show(secret[i], &buf);
		is_str(buf.data, "https://host/path", "what may be secret is not shown (%zu)", i);
	}
}

static void test_without(void)
{
	struct outcome o;

	setenv("KVS_MODULE_DIR", "/nonexistent", 1);
	ASK(&o, "/file", .repeatable = true);
	is_err(o.code, KVS_E_UNSUPPORTED, &o.err, "fetch module", "without the module");
}

int main(void)
{
	test_urls();
	test_shown();
	server = scripted_start(answer, NULL);
	test_answers();
	test_redirects();
	test_failures();
	test_without();
	scripted_stop(server);
	return tap_end();
}
