/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"

#include <string.h>

#define MAX_HOST 255

enum scheme {
	SCHEME_NONE,
	SCHEME_PLAIN,
	SCHEME_TLS,
	SCHEME_UNIX,
};

static const struct {
	const char *prefix;
	enum scheme scheme;
} schemes[] = {
	{ "http://", SCHEME_PLAIN },
	{ "https://", SCHEME_TLS },
	{ "unix://", SCHEME_UNIX },
};

/* ---- one endpoint ---- */

static int not_an_endpoint(const char *word, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_CONFIG,
			   "endpoint \"%s\" is not host, host:port, [IPv6]:port, http://..., "
			   "https://... or unix:///path",
			   KVS_Q(kvs_s(word)));
}

static enum scheme take_scheme(const char **word)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].prefix);

		if (strncmp(*word, schemes[i].prefix, n) == 0) {
			*word += n;
			return schemes[i].scheme;
		}
	}
	return SCHEME_NONE;
}

/* Length of the host at s, without brackets, in *ret_host; what follows it in *ret_rest. */
static bool take_host(const char *s, struct kvs_str *ret_host, const char **ret_rest)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	static const char address[] = "0123456789abcdefABCDEF:.";

	if (*s == '[') {
		*ret_host = kvs_sn(s + 1, strspn(s + 1, address));
		*ret_rest = s + 1 + ret_host->n;
		if (**ret_rest != ']')
			return false;
		++*ret_rest;
	} else {
		*ret_host = kvs_sn(s, strspn(s, name));
		*ret_rest = s + ret_host->n;
	}
	return ret_host->n && ret_host->n <= MAX_HOST;
}

/* "HOST[:PORT]", perhaps with one slash behind it.  ARG if it is none. */
static int parse_server(const char *server, uint16_t default_port, struct kvs_endpoint *ret,
			struct kvs_err *err)
{
	KVS_AUTO_FREE char *digits = NULL;
	uint64_t port = default_port;
	struct kvs_str name;
	const char *rest;

	if (!take_host(server, &name, &rest))
		return KVS_E_ARG;
	if (*rest == ':') {
		digits = kvs_memdup0(rest + 1, strcspn(rest + 1, "/"));
		if (!digits)
			return kvs_err_oom(err);
		if (kvs_parse_uint(digits, 1, UINT16_MAX, &port, NULL))
			return KVS_E_ARG;
		rest += 1 + strlen(digits);
	}
	if (*rest && strcmp(rest, "/") != 0)
		return KVS_E_ARG;
	ret->host = kvs_memdup0(name.p, name.n);
	ret->port = (uint16_t)port;
	return ret->host ? 0 : kvs_err_oom(err);
}

static int add_server(struct kvs_endpoints *list, const char *word, const char *server,
		      uint16_t default_port, struct kvs_err *err)
{
	struct kvs_endpoint one = { 0 };
	int rc = parse_server(server, default_port, &one, err);

	if (rc == 0)
		rc = kvs_endpoints_add(list, one.host, one.port, err);
	kvsi_free(one.host);
	return rc == KVS_E_ARG ? not_an_endpoint(word, err) : rc;
}

int kvs_endpoint_parse(const char *word, uint16_t default_port, struct kvs_endpoint *ret_endpoint,
		       struct kvs_err *err)
{
	int rc = parse_server(word, default_port, ret_endpoint, err);

	if (rc == KVS_E_ARG)
		return kvs_err_set(err, rc, "'%s' is not HOST, HOST:PORT or [IPv6]:PORT",
				   KVS_Q(kvs_s(word)));
	return rc;
}

int kvs_endpoints_add(struct kvs_endpoints *list, const char *host, uint16_t port,
		      struct kvs_err *err)
{
	struct kvs_endpoint *all;
	char *copy;

	if (list->n >= KVS_MAX_ENDPOINTS)
		return kvs_err_set(err, KVS_E_TOOBIG, "more than %d endpoints", KVS_MAX_ENDPOINTS);
	all = kvs_realloc_array(list->all, list->n + 1, sizeof(*all));
	if (!all)
		return kvs_err_oom(err);
	list->all = all;
	copy = kvs_strdup(host);
	if (!copy)
		return kvs_err_oom(err);
	all[list->n++] = (struct kvs_endpoint){ .host = copy, .port = port };
	return 0;
}

void kvs_endpoint_print(const struct kvs_endpoint *endpoint, struct kvs_buf *buf)
{
	if (!endpoint->port)
		kvs_buf_fmt(buf, "unix://%s", endpoint->host);
	else if (strchr(endpoint->host, ':'))
		kvs_buf_fmt(buf, "[%s]:%u", endpoint->host, (unsigned)endpoint->port);
	else
		kvs_buf_fmt(buf, "%s:%u", endpoint->host, (unsigned)endpoint->port);
}

/* ---- the list ---- */

static bool has_tls_files(const struct kvs_opts *opts)
{
	return kvs_opts_get(opts, "ca-file") || kvs_opts_get(opts, "cert-file") ||
	       kvs_opts_get(opts, "key-file");
}

/* What the endpoints say of TLS together; those without a word follow the files. */
static int decide_tls(const struct kvs_opts *opts, bool *ret_tls, struct kvs_err *err)
{
	bool insecure = kvs_opts_bool(opts, "insecure-transport", 0);
	bool fallback = has_tls_files(opts) && !insecure;
	size_t n = kvs_opts_count(opts, "endpoints");
	bool plain = false, tls = false;

	for (size_t i = 0; i < n; i++) {
		const char *word = kvs_opts_at(opts, "endpoints", i);

		switch (take_scheme(&word)) {
		case SCHEME_NONE:
			tls = tls || fallback;
			plain = plain || !fallback;
			break;
		case SCHEME_TLS:
			tls = true;
			break;
		case SCHEME_PLAIN:
		case SCHEME_UNIX:
			plain = true;
			break;
		}
	}
	if (tls && plain)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "endpoints with and without TLS in one list; write https:// (or "
				   "http://) before each");
	if (tls && insecure)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "https endpoints and insecure-transport contradict each other");
	*ret_tls = n ? tls : fallback;
	return 0;
}

static int add_word(struct kvs_endpoints *list, const char *word, uint16_t port,
		    struct kvs_err *err)
{
	const char *rest = word;

	if (take_scheme(&rest) != SCHEME_UNIX)
		return add_server(list, word, rest, port, err);
	if (*rest != '/')
		return kvs_err_set(err, KVS_E_CONFIG, "endpoint \"%s\" needs an absolute path",
				   KVS_Q(kvs_s(word)));
	return kvs_endpoints_add(list, rest, 0, err);
}

static int add_all(struct kvs_endpoints *list, const struct kvs_opts *opts, uint16_t port,
		   struct kvs_err *err)
{
	size_t n = kvs_opts_count(opts, "endpoints");
	int code = 0;

	if (kvs_opts_get(opts, "srv"))
		return n ? kvs_err_set(err, KVS_E_CONFIG, "endpoints and srv are given together")
			 : 0;
	if (!n)
		return kvs_endpoints_add(list, "127.0.0.1", port, err);
	for (size_t i = 0; i < n && !code; i++)
		code = add_word(list, kvs_opts_at(opts, "endpoints", i), port, err);
	return code;
}

int kvs_endpoints_read(const struct kvs_opts *opts, uint16_t plain_port, uint16_t tls_port,
		       struct kvs_endpoints *ret_list, struct kvs_err *err)
{
	struct kvs_endpoints list = { 0 };
	int code = decide_tls(opts, &list.tls, err);

	if (!code)
		code = add_all(&list, opts, list.tls ? tls_port : plain_port, err);
	if (code) {
		kvs_endpoints_release(&list);
		return code;
	}
	*ret_list = list;
	return 0;
}

void kvs_endpoints_release(struct kvs_endpoints *list)
{
	for (size_t i = 0; i < list->n; i++)
		kvsi_free(list->all[i].host);
	kvsi_free(list->all);
	*list = (struct kvs_endpoints){ 0 };
}
