/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_env.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"

#include <kvsync/backend.h>

#include <stdlib.h>
#include <string.h>

struct env_row {
	const char *backend;
	const char *variable;
	const char *option;
	/* Says the same thing as the option: where it is given, the variable is not read. */
	const char *rival;
	int (*add)(struct kvs_opts *opts, const struct env_row *row, const char *value,
		   struct kvs_err *err);
};

static const char *env(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

static int add_plain(struct kvs_opts *opts, const struct env_row *row, const char *value,
		     struct kvs_err *err)
{
	return kvs_opts_add(opts, row->option, value, err);
}

int store_env_add_endpoints(struct kvs_opts *opts, const char *list, struct kvs_err *err)
{
	while (*list) {
		size_t n = strcspn(list, ",");
		KVS_AUTO_FREE char *one = kvs_memdup0(list, n);
		int code;

		if (!one)
			return kvs_err_oom(err);
		code = n ? kvs_opts_add(opts, "endpoints", one, err) : 0;
		if (code)
			return code;
		list += n + (list[n] == ',');
	}
	return 0;
}

static int add_list(struct kvs_opts *opts, const struct env_row *row, const char *value,
		    struct kvs_err *err)
{
	return store_env_add_endpoints(opts, value, err);
}

static int parse_bool(const struct env_row *row, const char *value, bool *ret, struct kvs_err *err)
{
	int code = kvs_parse_bool(value, ret, err);

	return code ? kvs_err_context(err, code, "%s", row->variable) : 0;
}

/* CONSUL_HTTP_SSL asks for TLS also where the URL says http. */
int store_env_consul_url(const char *address, char **ret_url, struct kvs_err *err)
{
	static const struct env_row ssl = { .variable = "CONSUL_HTTP_SSL" };
	const char *wish = env(ssl.variable);
	const char *scheme = "";
	bool tls = false;
	int code = wish ? parse_bool(&ssl, wish, &tls, err) : 0;

	if (code)
		return code;
	if (tls && strncmp(address, "unix://", 7) != 0 && strncmp(address, "https://", 8) != 0) {
		scheme = "https://";
		address += strncmp(address, "http://", 7) == 0 ? 7 : 0;
	}
	*ret_url = kvs_asprintf("%s%s", scheme, address);
	return *ret_url ? 0 : kvs_err_oom(err);
}

static int add_consul_address(struct kvs_opts *opts, const struct env_row *row, const char *value,
			      struct kvs_err *err)
{
	KVS_AUTO_FREE char *url = NULL;
	int code = store_env_consul_url(value, &url, err);

	return code ? code : kvs_opts_add(opts, row->option, url, err);
}

/* CONSUL_HTTP_SSL_VERIFY=false */
static int add_not_verify(struct kvs_opts *opts, const struct env_row *row, const char *value,
			  struct kvs_err *err)
{
	bool verify;
	int code = parse_bool(row, value, &verify, err);

	return code ? code : kvs_opts_add(opts, row->option, verify ? "false" : "true", err);
}

static int add_bool(struct kvs_opts *opts, const struct env_row *row, const char *value,
		    struct kvs_err *err)
{
	bool on;
	int code = parse_bool(row, value, &on, err);

	return code ? code : kvs_opts_add(opts, row->option, on ? "true" : "false", err);
}

/* ETCDCTL_USER: a name, or name:password. */
static int add_user(struct kvs_opts *opts, const struct env_row *row, const char *value,
		    struct kvs_err *err)
{
	const char *colon = strchr(value, ':');
	KVS_AUTO_FREE char *name = kvs_memdup0(value,
					       colon ? (size_t)(colon - value) : strlen(value));
	int code;

	if (!name)
		return kvs_err_oom(err);
	code = kvs_opts_add(opts, "user", name, err);
	if (code || !colon || kvs_opts_get(opts, "password-file"))
		return code;
	return kvs_opts_add(opts, "password", colon + 1, err);
}

/* The first variable of a backend that is set wins for an option. */
static const struct env_row rows[] = {
	{ "consul", "CONSUL_HTTP_ADDR", "endpoints", "srv", add_consul_address },
	{ "consul", "CONSUL_HTTP_TOKEN_FILE", "token-file", "token", add_plain },
	{ "consul", "CONSUL_HTTP_TOKEN", "token", "token-file", add_plain },
	{ "consul", "CONSUL_CACERT", "ca-file", NULL, add_plain },
	{ "consul", "CONSUL_CLIENT_CERT", "cert-file", NULL, add_plain },
	{ "consul", "CONSUL_CLIENT_KEY", "key-file", NULL, add_plain },
	{ "consul", "CONSUL_TLS_SERVER_NAME", "tls-server-name", NULL, add_plain },
	{ "consul", "CONSUL_HTTP_SSL_VERIFY", "insecure-skip-tls-verify", NULL, add_not_verify },
	{ "consul", "CONSUL_NAMESPACE", "namespace", NULL, add_plain },
	{ "consul", "CONSUL_PARTITION", "partition", NULL, add_plain },
	{ "etcd", "ETCDCTL_ENDPOINTS", "endpoints", "srv", add_list },
	{ "etcd", "ETCD_ENDPOINTS", "endpoints", "srv", add_list },
	{ "etcd", "ETCDCTL_CACERT", "ca-file", NULL, add_plain },
	{ "etcd", "ETCDCTL_CERT", "cert-file", NULL, add_plain },
	{ "etcd", "ETCDCTL_KEY", "key-file", NULL, add_plain },
	{ "etcd", "ETCDCTL_USER", "user", NULL, add_user },
	{ "etcd", "ETCDCTL_PASSWORD", "password", "password-file", add_plain },
	{ "etcd", "ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "insecure-skip-tls-verify", NULL, add_bool },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_address(const struct env_row *row)
{
	return strcmp(row->option, "endpoints") == 0;
}

const char *store_env_address(const char *backend)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].backend, backend) == 0 && is_address(&rows[i]) &&
		    env(rows[i].variable))
			return rows[i].variable;
	return NULL;
}

int store_env_fill(const char *backend, bool want_address, struct kvs_opts *opts,
		   struct kvs_err *err)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct env_row *row = &rows[i];
		const char *value = strcmp(row->backend, backend) == 0 ? env(row->variable) : NULL;
		int code;

		if (!value || (is_address(row) && !want_address) ||
		    kvs_opts_get(opts, row->option) ||
		    (row->rival && kvs_opts_get(opts, row->rival)))
			continue;
		code = row->add(opts, row, value, err);
		if (code)
			return code;
	}
	return 0;
}
