/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store URLs.
 *
 *	local:/path/store.db           scheme, then a path or nothing: the backend's own location
 *	consul://host:8500,host2       scheme, "//", servers: each becomes an "endpoints" option
 *	consul+https://host?dc=east    "+https" and "+tls": TLS to every server; the query: options
 *	consul+unix:///run/consul.sock "+unix": a socket's path
 *
 * The backend is the scheme up to its "+".
 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <string.h>

#define MAX_URL 8192

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place.  False: a "%" without two digits, or a NUL. */
static bool percent_decode(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s != '%') {
			*out++ = *s;
			continue;
		}
		if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
			return false;
		*out = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
		if (!*out++)
			return false;
		s += 2;
	}
	*out = '\0';
	return true;
}

static int add_query(char *query, struct kvs_opts *opts, struct kvs_err *err)
{
	char *pair, *value, *save = NULL;
	int code;

	for (pair = strtok_r(query, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
		value = strchr(pair, '=');
		if (!value)
			return kvs_err_set(err, KVS_E_CONFIG,
					   "store URL: \"%s\" in the query is not name=value",
					   KVS_Q(kvs_s(pair)));
		*value++ = '\0';
		if (!percent_decode(pair) || !percent_decode(value))
			return kvs_err_set(err, KVS_E_CONFIG,
					   "store URL: the query has a malformed %% escape");
		if (!strcmp(pair, "token") || !strcmp(pair, "password"))
			return kvs_err_set(err, KVS_E_CONFIG,
					   "store URL: no secrets here; use %s-file", pair);
		code = kvs_opts_add(opts, pair, value, err);
		if (code)
			return code;
	}
	return 0;
}

static int add_endpoint(const char *transport, const char *host, struct kvs_opts *opts,
			struct kvs_err *err)
{
	KVS_AUTO_FREE char *endpoint = NULL;

	if (strchr(host, '@'))
		return kvs_err_set(err, KVS_E_CONFIG,
				   "store URL: no credentials here; use user and password-file, or "
				   "token-file");
	if (strpbrk(host, "/#"))
		return kvs_err_set(err, KVS_E_CONFIG,
				   "store URL: \"%s\" is not host or host:port; a path stands "
				   "behind the colon alone, as in local:/path",
				   KVS_Q(kvs_s(host)));
	endpoint = kvs_asprintf("%s%s", transport, host);
	if (!endpoint)
		return kvs_err_oom(err);
	return kvs_opts_add(opts, "endpoints", endpoint, err);
}

static int add_servers(const char *scheme, char *servers, struct kvs_opts *opts,
		       struct kvs_err *err)
{
	const char *plus = strchr(scheme, '+');
	const char *transport = "";
	char *host, *save = NULL;
	size_t n = strlen(servers);
	int code;

	if (plus && !strcmp(plus, "+unix")) {
		KVS_AUTO_FREE char *endpoint = kvs_asprintf("unix://%s", servers);

		if (servers[0] != '/')
			return kvs_err_set(err, KVS_E_CONFIG,
					   "store URL: %s:// needs an absolute path", scheme);
		if (!endpoint)
			return kvs_err_oom(err);
		return kvs_opts_add(opts, "endpoints", endpoint, err);
	}
	if (plus && (!strcmp(plus, "+https") || !strcmp(plus, "+tls")))
		transport = "https://";
	else if (plus && !strcmp(plus, "+http"))
		transport = "http://";
	else if (plus)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "store URL: unknown transport \"%s\" (https, tls, http, unix)",
				   KVS_Q(kvs_s(plus + 1)));
	if (n && servers[n - 1] == '/')
		servers[n - 1] = '\0';
	if (!percent_decode(servers))
		return kvs_err_set(err, KVS_E_CONFIG, "store URL: malformed %% escape");
	for (host = strtok_r(servers, ",", &save); host; host = strtok_r(NULL, ",", &save)) {
		code = add_endpoint(transport, host, opts, err);
		if (code)
			return code;
	}
	return 0;
}

static int split(char *copy, struct kvs_opts *opts, struct store_url *u, struct kvs_err *err)
{
	char *rest = strchr(copy, ':');
	char *query;
	int code;

	if (!rest || rest == copy)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "\"%s\" is not a store URL (for example local:/path, "
				   "consul://host:8500, etcd://host:2379)",
				   KVS_Q(kvs_s(copy)));
	*rest++ = '\0';
	u->scheme = kvs_strdup(copy);
	u->backend = kvs_memdup0(copy, strcspn(copy, "+"));
	if (!u->scheme || !u->backend)
		return kvs_err_oom(err);
	query = strchr(rest, '?');
	if (query) {
		*query++ = '\0';
		code = add_query(query, opts, err);
		if (code)
			return code;
	}
	if (!strncmp(rest, "//", 2))
		return add_servers(u->scheme, rest + 2, opts, err);
	if (!percent_decode(rest))
		return kvs_err_set(err, KVS_E_CONFIG, "store URL: malformed %% escape");
	u->location = kvs_strdup(rest);
	return u->location ? 0 : kvs_err_oom(err);
}

int url_parse(const char *url, struct kvs_opts *opts, struct store_url *ret_url,
	      struct kvs_err *err)
{
	KVS_AUTO_FREE char *copy = NULL;
	struct store_url u = { NULL };
	int code;

	if (strlen(url) > MAX_URL)
		return kvs_err_set(err, KVS_E_CONFIG, "store URL is over %d bytes", MAX_URL);
	copy = kvs_strdup(url);
	if (!copy)
		return kvs_err_oom(err);
	code = split(copy, opts, &u, err);
	if (code) {
		url_release(&u);
		return code;
	}
	*ret_url = u;
	return 0;
}

void url_release(struct store_url *url)
{
	kvsi_free(url->backend);
	kvsi_free(url->scheme);
	kvsi_free(url->location);
	*url = (struct store_url){ NULL };
}
