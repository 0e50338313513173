/* SPDX-License-Identifier: Apache-2.0 */
/* Store URLs, and options that are refused. */
#include "base/alloc.h"
#include "core/core.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *url;
	const char *want; /* "backend location name=value ...", or NULL */
	const char *words;
} cases[] = {
	{ "local:/a/b.db", "local /a/b.db" },
	{ "local:", "local " },
	{ "local:/a%20b?path=x", "local /a b path=x" },
	{ "consul://h", "consul - endpoints=h" },
	{ "consul://h:8500/", "consul - endpoints=h:8500" },
	{ "consul+https://h:8501?dc=east", "consul - dc=east endpoints=https://h:8501" },
	{ "consul+http://[::1]:8500", "consul - endpoints=http://[::1]:8500" },
	{ "consul+unix:///run/c.sock", "consul - endpoints=unix:///run/c.sock" },
	{ "etcd://h1:1,h2:2", "etcd - endpoints=h1:1 endpoints=h2:2" },
	{ "etcd+tls://h1,h2", "etcd - endpoints=https://h1 endpoints=https://h2" },
	{ "/path", NULL, "not a store URL" },
	{ "", NULL, "not a store URL" },
	{ ":x", NULL, "not a store URL" },
	{ "etcd://user:secret@h", NULL, "no credentials here" },
	{ "etcd://h/path", NULL, "not host or host:port" },
	{ "consul+ftp://h", NULL, "unknown transport \"ftp\"" },
	{ "consul+unix://rel", NULL, "needs an absolute path" },
	{ "etcd://h?x", NULL, "not name=value" },
	{ "etcd://h?a=%zz", NULL, "malformed % escape" },
	{ "etcd://%00", NULL, "malformed % escape" },
	{ "consul://h?token=s3cret", NULL, "use token-file" },
};

static void describe(char *out, size_t size, const struct store_url *u, const struct kvs_opts *o)
{
	size_t len, i;

	(void)snprintf(out, size, "%s %s", u->backend, u->location ? u->location : "-");
	for (i = 0; i < o->n; i++) {
		len = strlen(out);
		(void)snprintf(out + len, size - len, " %s=%s", o->all[i].name, o->all[i].value);
	}
}

static void test_urls(void)
{
	struct store_url u;
	struct kvs_opts *opts;
	struct kvs_err err;
	char got[512];
	size_t i;
	int code;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (kvs_opts_new(&opts, &err))
			bail("no memory");
		code = url_parse(cases[i].url, opts, &u, &err);
		if (!cases[i].want) {
			is_err(code, KVS_E_CONFIG, &err, cases[i].words, "\"%s\"", cases[i].url);
			ok(!strstr(err.msg, "s3cret") && !strstr(err.msg, "secret@"),
			   "no secret in the words");
		} else if (is_code(code, 0, &err, "\"%s\" is taken", cases[i].url)) {
			describe(got, sizeof(got), &u, opts);
			is_str(got, cases[i].want, "\"%s\"", cases[i].url);
			url_release(&u);
		}
		kvs_opts_free(opts);
	}
}

static void refused(const char *url, const char *name, const char *value, const char *words)
{
	struct kvs_store *store;
	struct kvs_opts *opts;
	struct kvs_err err;

	if (kvs_opts_new(&opts, &err) || kvs_opts_add(opts, name, value, &err))
		bail("no memory");
	is_err(kvs_open(url, opts, &store, &err), KVS_E_CONFIG, &err, words, "%s %s=%s",
	       url ? url : "no URL", name, value);
	kvs_opts_free(opts);
}

static void test_options(void)
{
	struct kvs_store *store;
	struct kvs_opts *opts;
	struct kvs_err err;

	refused("mem:", "colour", "red", "has no option \"colour\"");
	refused("mem:", "operation-timeout", "soon", "option \"operation-timeout\"");
	refused("mem:", "operation-timeout", "3", "write the unit");
	refused("mem:", "insecure-transport", "maybe", "option \"insecure-transport\"");
	refused("mem:", "ca-file", "", "a value was expected");
	refused("mem:", "backend", "local", "the store URL is of mem");
	refused(NULL, "user", "x", "neither a store URL nor a backend");
	refused(NULL, "backend", "../evil", "not a backend's name");

	if (kvs_opts_new(&opts, &err) || kvs_opts_add(opts, "user", "a", &err) ||
	    kvs_opts_add(opts, "user", "b", &err))
		bail("no memory");
	is_err(kvs_open("mem:", opts, &store, &err), KVS_E_CONFIG, &err, "given twice",
	       "one option twice");
	kvs_opts_free(opts);
	is_err(kvs_open("nosuch:", NULL, &store, &err), KVS_E_UNSUPPORTED, &err,
	       "nosuch support is not installed", "a module that is not there");
	if (kvs_opts_new(&opts, &err) || kvs_opts_add(opts, "backend", "mem", &err))
		bail("no memory");
	if (is_code(kvs_open(NULL, opts, &store, &err), 0, &err, "a backend without a URL"))
		kvs_close(store);
	kvs_opts_free(opts);
}

int main(void)
{
	test_urls();
	test_options();
	return tap_end();
}
