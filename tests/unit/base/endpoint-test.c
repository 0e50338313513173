/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"
#include "tests/lib/tap.h"

#include <string.h>

#define MAX_OPTS 8

struct row {
	const char *opts[MAX_OPTS]; /* name, value, ... */
	const char *want;	    /* "tls " and the printed list, or the words of the error */
	int code;
};

static const struct row rows[] = {
	{ { 0 }, "127.0.0.1:1", 0 },
	{ { "ca-file", "/ca" }, "tls 127.0.0.1:2", 0 },
	{ { "ca-file", "/ca", "insecure-transport", "true" }, "127.0.0.1:1", 0 },
	{ { "endpoints", "host" }, "host:1", 0 },
	{ { "endpoints", "host:99/" }, "host:99", 0 },
	{ { "endpoints", "host", "key-file", "/k" }, "tls host:2", 0 },
	{ { "endpoints", "http://host", "key-file", "/k" }, "host:1", 0 },
	{ { "endpoints", "https://a", "endpoints", "https://b:5" }, "tls a:2 b:5", 0 },
	{ { "endpoints", "[::1]", "endpoints", "[fe80::1]:7" }, "[::1]:1 [fe80::1]:7", 0 },
	{ { "endpoints", "unix:///run/x.sock" }, "unix:///run/x.sock", 0 },
	{ { "srv", "_x._tcp.example.org" }, "", 0 },
	{ { "srv", "_x._tcp.example.org", "cert-file", "/c" }, "tls ", 0 },
	{ { "endpoints", "https://a", "endpoints", "b" }, "with and without TLS", KVS_E_CONFIG },
	{ { "endpoints", "a", "endpoints", "http://b", "ca-file", "/ca" },
	  "with and without TLS",
	  KVS_E_CONFIG },
	{ { "endpoints", "https://a", "insecure-transport", "yes" }, "contradict", KVS_E_CONFIG },
	{ { "endpoints", "a", "srv", "_x" }, "together", KVS_E_CONFIG },
	{ { "endpoints", "unix://run" }, "absolute path", KVS_E_CONFIG },
	{ { "endpoints", "host:0" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "host:65536" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "host:" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "::1" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "[::1" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "a,b" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "user:pw@host" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "http://host/path" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "ftp://host" }, "is not host", KVS_E_CONFIG },
	{ { "endpoints", "ho\nst" }, "ho\\x0ast", KVS_E_CONFIG },
};

static struct kvs_opts *make_opts(const struct row *row)
{
	struct kvs_opts *opts = NULL;

	if (kvs_opts_new(&opts, NULL))
		bail("no memory");
	for (size_t i = 0; i < MAX_OPTS && row->opts[i]; i += 2)
		if (kvs_opts_add(opts, row->opts[i], row->opts[i + 1], NULL))
			bail("no memory");
	return opts;
}

static void check(const struct row *row)
{
	const char *first = row->opts[1] ? row->opts[1] : "nothing";
	struct kvs_opts *opts = make_opts(row);
	struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
	struct kvs_buf got KVS_AUTO_BUF = { 0 };
	struct kvs_err err = { 0 };
	int code = kvs_endpoints_read(opts, 1, 2, &list, &err);

	kvs_opts_free(opts);
	if (row->code) {
		is_err(code, row->code, &err, row->want, "\"%s\" is refused", first);
		return;
	}
	kvs_buf_init(&got, 4096);
	kvs_buf_str(&got, list.tls ? "tls " : "");
	for (size_t i = 0; i < list.n; i++) {
		kvs_buf_str(&got, i ? " " : "");
		kvs_endpoint_print(&list.all[i], &got);
	}
	is_code(code, 0, &err, "\"%s\" is read", first);
	is_str(got.data, row->want, "\"%s\" means that", first);
}

static void test_cap(void)
{
	struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
	struct kvs_err err = { 0 };

	for (int i = 0; i < KVS_MAX_ENDPOINTS; i++)
		if (kvs_endpoints_add(&list, "host", 1, &err))
			bail("%s", err.msg);
	is_err(kvs_endpoints_add(&list, "host", 1, &err), KVS_E_TOOBIG, &err, "more than",
	       "a list has an end");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
	test_cap();
	return tap_end();
}
