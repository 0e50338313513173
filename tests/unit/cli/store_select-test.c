/* SPDX-License-Identifier: Apache-2.0 */
/* Which store: the order, the environment of other tools, the words of each refusal. */
#include "cli/store_select.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "cli/cli.h"
#include "config/config.h"
#include "tests/lib/tap.h"

#include <kvsync/backend.h>

#include <stdlib.h>
#include <string.h>

#define WORDS 8

#define TWO_STORES "stores: {a: {url: 'local:/a'}, b: {backend: mem, user: ub}}\n"

/* What is on the command line and in the environment, and what must come of it. */
struct select_case {
	const char *name;
	const char *store, *backend, *srv, *token_file, *user;
	const char *endpoints[3];
	const char *env[WORDS];	 /* NAME=value */
	const char *yaml;	 /* the configuration */
	const char *url;	 /* NULL: the options say all */
	const char *opts[WORDS]; /* name=value, in this order; no others */
	const char *says;	 /* an error with these words instead */
	int code;
};

static const struct select_case cases[] = {
	{ .name = "nothing at all",
	  .code = KVS_E_CONFIG,
	  .says = "no store configured; set KVSYNC_STORE, --store or /etc/kvsync/kvsync.yaml (to "
		  "try "
		  "it without a server: --backend local)" },
	/* 1 */
	{ .name = "--store beats everything",
	  .store = "local:/a",
	  .env = { "KVSYNC_STORE=local:/b", "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_TOKEN=t" },
	  .url = "local:/a" },
	{ .name = "flags of TLS and credentials go with it",
	  .store = "consul://h",
	  .token_file = "/t",
	  .url = "consul://h",
	  .opts = { "token-file=/t" } },
	{ .name = "--store with --backend",
	  .store = "local:/a",
	  .backend = "local",
	  .code = KVS_E_ARG,
	  .says = "--backend has no meaning with --store" },
	{ .name = "--store URL with --endpoint",
	  .store = "consul://a",
	  .endpoints = { "b" },
	  .code = KVS_E_ARG,
	  .says = "--endpoint has no meaning with --store, which says it already" },
	{ .name = "--store host:port",
	  .store = "h:8500",
	  .code = KVS_E_ARG,
	  .says = "--store: not a store URL" },
	{ .name = "--store http://",
	  .store = "http://h:8500",
	  .code = KVS_E_ARG,
	  .says = "--store: not a store URL" },
	{ .name = "an empty --store", .store = "", .code = KVS_E_ARG, .says = "--store is empty" },
	{ .name = "--store by name",
	  .store = "b",
	  .yaml = TWO_STORES,
	  .env = { "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_TOKEN=t" },
	  .opts = { "backend=mem", "user=ub" } },
	{ .name = "a flag beats the section",
	  .store = "b",
	  .yaml = TWO_STORES,
	  .user = "me",
	  .opts = { "user=me", "backend=mem" } },
	{ .name = "a section by URL",
	  .store = "a",
	  .yaml = TWO_STORES,
	  .url = "local:/a",
	  .opts = { "backend=local" } },
	{ .name = "--endpoint with a section by URL",
	  .store = "a",
	  .yaml = TWO_STORES,
	  .endpoints = { "h" },
	  .code = KVS_E_ARG,
	  .says = "--store: --endpoint has no meaning with the store a" },
	{ .name = "--endpoint with a section",
	  .store = "b",
	  .yaml = TWO_STORES,
	  .endpoints = { "h" },
	  .opts = { "endpoints=h", "backend=mem", "user=ub" } },
	{ .name = "--store by a name that is not there",
	  .store = "c",
	  .yaml = TWO_STORES,
	  .code = KVS_E_CONFIG,
	  .says = "--store: " },
	{ .name = "--store by name without a configuration",
	  .store = "main",
	  .code = KVS_E_CONFIG,
	  .says = "--store: " },
	/* 2 */
	{ .name = "--backend is the only section of that kind",
	  .backend = "mem",
	  .yaml = TWO_STORES,
	  .env = { "KVSYNC_STORE=local:/x" },
	  .opts = { "backend=mem", "user=ub" } },
	{ .name = "--backend with several sections",
	  .backend = "mem",
	  .yaml = "stores: {x: {backend: mem}, y: {backend: mem}}",
	  .code = KVS_E_ARG,
	  .says = "several such stores; choose one with --store: x, y" },
	{ .name = "--backend and --endpoint pass the sections by",
	  .backend = "mem",
	  .endpoints = { "h" },
	  .yaml = TWO_STORES,
	  .opts = { "endpoints=h", "backend=mem" } },
	{ .name = "--backend consul takes that tool's environment",
	  .backend = "consul",
	  .env = { "KVSYNC_STORE=local:/b", "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_TOKEN=t",
		   "ETCDCTL_ENDPOINTS=e:1" },
	  .opts = { "backend=consul", "endpoints=c:1", "token=t" } },
	{ .name = "and without any, its default",
	  .backend = "consul",
	  .opts = { "backend=consul" } },
	{ .name = "--backend etcd",
	  .backend = "etcd",
	  .env = { "ETCDCTL_ENDPOINTS=a:1,https://b:2", "ETCD_ENDPOINTS=c:3", "ETCDCTL_USER=u:p",
		   "ETCDCTL_PASSWORD=q", "ETCDCTL_CACERT=/ca", "CONSUL_HTTP_TOKEN=t" },
	  .opts = { "backend=etcd", "endpoints=a:1", "endpoints=https://b:2", "ca-file=/ca",
		    "user=u", "password=p" } },
	{ .name = "ETCD_ENDPOINTS alone",
	  .backend = "etcd",
	  .env = { "ETCD_ENDPOINTS=c:3", "ETCDCTL_CERT=/c", "ETCDCTL_KEY=/k",
		   "ETCDCTL_INSECURE_SKIP_TLS_VERIFY=true", "ETCDCTL_USER=u",
		   "ETCDCTL_PASSWORD=q" },
	  .opts = { "backend=etcd", "endpoints=c:3", "cert-file=/c", "key-file=/k", "user=u",
		    "password=q", "insecure-skip-tls-verify=true" } },
	{ .name = "--endpoint beats the environment's address, not its token",
	  .backend = "consul",
	  .endpoints = { "a:1,b:2", "c:3" },
	  .env = { "CONSUL_HTTP_ADDR=d:4", "CONSUL_HTTP_TOKEN_FILE=/t", "CONSUL_HTTP_TOKEN=t" },
	  .opts = { "endpoints=a:1", "endpoints=b:2", "endpoints=c:3", "backend=consul",
		    "token-file=/t" } },
	{ .name = "--token-file beats the environment's token",
	  .backend = "consul",
	  .token_file = "/mine",
	  .env = { "CONSUL_HTTP_TOKEN=t" },
	  .opts = { "token-file=/mine", "backend=consul" } },
	{ .name = "--endpoint with a store URL",
	  .endpoints = { "consul+https://h?dc=east" },
	  .env = { "CONSUL_HTTP_ADDR=d:4", "CONSUL_CACERT=/ca" },
	  .url = "consul+https://h?dc=east",
	  .opts = { "ca-file=/ca" } },
	{ .name = "--endpoint of an embedded store",
	  .endpoints = { "local:/a" },
	  .url = "local:/a" },
	{ .name = "--endpoint and a --backend that contradicts",
	  .backend = "etcd",
	  .endpoints = { "consul://h" },
	  .code = KVS_E_ARG,
	  .says = "--backend etcd contradicts the consul URL of --endpoint" },
	{ .name = "several store URLs",
	  .endpoints = { "etcd://a", "etcd://b" },
	  .backend = "etcd",
	  .code = KVS_E_ARG,
	  .says = "--backend etcd --endpoint HOST:PORT,HOST:PORT" },
	{ .name = "--endpoint that does not say what it is",
	  .endpoints = { "https://h:1" },
	  .code = KVS_E_ARG,
	  .says = "--endpoint does not say what kind of store it is" },
	{ .name = "--srv alone",
	  .srv = "_consul._tcp.h",
	  .code = KVS_E_ARG,
	  .says = "--srv does not say what kind of store it is" },
	{ .name = "--srv with its backend beats the environment's address",
	  .srv = "r",
	  .backend = "etcd",
	  .env = { "ETCDCTL_ENDPOINTS=a:1" },
	  .opts = { "srv=r", "backend=etcd" } },
	{ .name = "--backend local", .backend = "local", .opts = { "backend=local" } },
	{ .name = "--backend local has no servers",
	  .backend = "local",
	  .endpoints = { "/a" },
	  .code = KVS_E_ARG,
	  .says = "the local store has no servers; write --store local:/path" },
	/* 3 */
	{ .name = "KVSYNC_STORE",
	  .env = { "KVSYNC_STORE=local:/b", "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_TOKEN=t" },
	  .url = "local:/b" },
	{ .name = "an empty KVSYNC_STORE is none",
	  .env = { "KVSYNC_STORE=", "CONSUL_HTTP_ADDR=c:1" },
	  .opts = { "backend=consul", "endpoints=c:1" } },
	{ .name = "a bad KVSYNC_STORE is named",
	  .env = { "KVSYNC_STORE=h:1" },
	  .code = KVS_E_ARG,
	  .says = "KVSYNC_STORE: not a store URL" },
	{ .name = "KVSYNC_STORE by name",
	  .env = { "KVSYNC_STORE=b" },
	  .yaml = TWO_STORES,
	  .opts = { "backend=mem", "user=ub" } },
	/* 4 */
	{ .name = "default-store",
	  .yaml = TWO_STORES "default-store: b",
	  .env = { "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_TOKEN=t" },
	  .opts = { "backend=mem", "user=ub" } },
	{ .name = "the only store",
	  .yaml = "stores: {x: {backend: mem}}",
	  .opts = { "backend=mem" } },
	{ .name = "several and no default",
	  .yaml = TWO_STORES,
	  .code = KVS_E_CONFIG,
	  .says = "several stores; choose one with --store, KVSYNC_STORE or default-store: a, b" },
	{ .name = "several and no default: the environment has its turn",
	  .yaml = TWO_STORES,
	  .env = { "CONSUL_HTTP_ADDR=c:1" },
	  .opts = { "backend=consul", "endpoints=c:1" } },
	/* 5 */
	{ .name = "all of Consul's environment",
	  .env = { "CONSUL_HTTP_ADDR=http://c:1", "CONSUL_HTTP_SSL=true", "CONSUL_CLIENT_CERT=/c",
		   "CONSUL_CLIENT_KEY=/k", "CONSUL_TLS_SERVER_NAME=n",
		   "CONSUL_HTTP_SSL_VERIFY=false", "CONSUL_NAMESPACE=ns", "CONSUL_PARTITION=pt" },
	  .opts = { "backend=consul", "endpoints=https://c:1", "cert-file=/c", "key-file=/k",
		    "tls-server-name=n", "insecure-skip-tls-verify=true", "namespace=ns",
		    "partition=pt" } },
	{ .name = "a socket stays one",
	  .env = { "CONSUL_HTTP_ADDR=unix:///run/c", "CONSUL_HTTP_SSL=1" },
	  .opts = { "backend=consul", "endpoints=unix:///run/c" } },
	{ .name = "CONSUL_HTTP_SSL gives host:port a scheme",
	  .env = { "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_SSL=1" },
	  .opts = { "backend=consul", "endpoints=https://c:1" } },
	{ .name = "a bad value names its variable",
	  .env = { "CONSUL_HTTP_ADDR=c:1", "CONSUL_HTTP_SSL_VERIFY=maybe" },
	  .code = KVS_E_ARG,
	  .says = "CONSUL_HTTP_SSL_VERIFY: 'maybe' is neither true nor false" },
	{ .name = "etcd's environment",
	  .env = { "ETCD_ENDPOINTS=c:3" },
	  .opts = { "backend=etcd", "endpoints=c:3" } },
	{ .name = "both kinds",
	  .env = { "CONSUL_HTTP_ADDR=c:1", "ETCD_ENDPOINTS=c:3" },
	  .code = KVS_E_ARG,
	  .says = "both CONSUL_HTTP_ADDR and ETCD_ENDPOINTS are set" },
	{ .name = "a token alone is no address",
	  .env = { "CONSUL_HTTP_TOKEN=t" },
	  .code = KVS_E_CONFIG,
	  .says = "no store configured" },
};

static void set_env(const struct select_case *c)
{
	const char *modules = getenv("KVS_MODULE_DIR");
	KVS_AUTO_FREE char *kept = modules ? kvs_strdup(modules) : NULL;

	(void)clearenv();
	if (kept)
		(void)setenv("KVS_MODULE_DIR", kept, 1);
	for (int i = 0; i < WORDS && c->env[i]; i++) {
		const char *eq = strchr(c->env[i], '=');
		KVS_AUTO_FREE char *name = kvs_memdup0(c->env[i], (size_t)(eq - c->env[i]));

		(void)setenv(name, eq + 1, 1);
	}
}

/* Every option that a case may end with, in one list: "name=value,...". */
static void list_opts(const struct kvs_opts *opts, const char *want, struct kvs_buf *b)
{
	const char *eq = strchr(want, '=');
	KVS_AUTO_FREE char *name = kvs_memdup0(want, (size_t)(eq - want));
	size_t n = kvs_opts_count(opts, name);

	for (size_t i = 0; i < n; i++)
		kvs_buf_fmt(b, "%s=%s;", name, kvs_opts_at(opts, name, i));
}

static void check_opts(const struct select_case *c, const struct kvs_opts *opts)
{
	static const char *const all[] = {
		"backend=",   "endpoints=",	  "srv=",
		"token=",     "token-file=",	  "user=",
		"password=",  "ca-file=",	  "cert-file=",
		"key-file=",  "tls-server-name=", "insecure-skip-tls-verify=",
		"namespace=", "partition=",
	};
	struct kvs_buf got KVS_AUTO_BUF, want KVS_AUTO_BUF;

	kvs_buf_init(&got, 4096);
	kvs_buf_init(&want, 4096);
	kvs_buf_str(&got, "");
	kvs_buf_str(&want, "");
	for (size_t a = 0; a < sizeof(all) / sizeof(all[0]); a++) {
		list_opts(opts, all[a], &got);
		for (int i = 0; i < WORDS && c->opts[i]; i++)
			if (strncmp(c->opts[i], all[a], strlen(all[a])) == 0)
				kvs_buf_fmt(&want, "%s;", c->opts[i]);
	}
	is_str(got.data, want.data, "%s: the options", c->name);
}

static void run_case(const struct select_case *c)
{
	struct cli cli = { .globals = { .store = c->store,
					.backend = c->backend,
					.srv = c->srv,
					.token_file = c->token_file,
					.user = c->user } };
	const char *endpoints[3] = { c->endpoints[0], c->endpoints[1], c->endpoints[2] };
	struct store_choice choice = { 0 };
	struct kvs_err err = { 0 };
	int code;

	cli.globals.endpoints.items = endpoints;
	while (cli.globals.endpoints.n < 3 && endpoints[cli.globals.endpoints.n])
		cli.globals.endpoints.n++;
	set_env(c);
	if (!is_code(kvs_config_parse("kvsync.yaml", kvs_s(c->yaml ? c->yaml : ""), NULL,
				      &cli.config, &err),
		     0, &err, "%s: the configuration", c->name))
		return;
	code = store_choose(&cli, &choice, &err);
	kvs_config_free(cli.config);
	if (c->says) {
		is_err(code, c->code, &err, c->says, "%s", c->name);
		return;
	}
	if (!is_code(code, 0, &err, "%s", c->name))
		return;
	is_str(choice.url, c->url, "%s: the URL", c->name);
	check_opts(c, choice.opts);
	store_choice_release(&choice);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i]);
	return tap_end();
}
