/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "core/common_opts.h"

#include <string.h>

#define MAX_OPTS 1000

const struct kvs_backend_opt kvsi_common_opts[] = {
	{ "backend", KVS_OPT_STRING, 0, NULL, "the kind of store: consul, etcd, local" },
	{ "endpoints", KVS_OPT_LIST, 0, NULL, "servers, as host:port or URL" },
	{ "srv", KVS_OPT_STRING, 0, NULL, "DNS SRV record that names the servers" },
	{ "ca-file", KVS_OPT_FILE, 0, NULL, "certificates that servers are verified with" },
	{ "cert-file", KVS_OPT_FILE, 0, NULL, "client certificate" },
	{ "key-file", KVS_OPT_FILE, 0, NULL, "key of the client certificate" },
	{ "key-password-file", KVS_OPT_FILE, 0, NULL, "file with the password of that key" },
	{ "tls-server-name", KVS_OPT_STRING, 0, NULL, "name that the certificate must have" },
	{ "insecure-skip-tls-verify", KVS_OPT_BOOL, 0, "false", "accept any certificate" },
	{ "insecure-transport", KVS_OPT_BOOL, 0, "false", "no TLS, though certificates are given" },
	{ "token-file", KVS_OPT_FILE, 0, NULL, "file with the access token" },
	{ "user", KVS_OPT_STRING, 0, NULL, "user name" },
	{ "password-file", KVS_OPT_FILE, 0, NULL, "file with the user's password" },
	{ "dial-timeout", KVS_OPT_BARE_NS, 0, "1s", "time for one connection to be made" },
	{ "operation-timeout", KVS_OPT_BARE_NS, 0, "10s", "time for one call, retries included" },
	{ "reconnect-interval", KVS_OPT_BARE_NS, 0, "2s",
	  "longest pause between tries of a watch" },
	{ "session-ttl", KVS_OPT_BARE_S, 0, "5s", "time to live of leases for locks" },
	{ "auto-compact", KVS_OPT_BARE_NS, 0, "0s",
	  "interval of compactions by kvsyncd; 0s: none" },
	{ "resync-after-reconnect", KVS_OPT_BOOL, 0, "true", "taken for compatibility; always so" },
	{ "allow-delayed-start", KVS_OPT_BOOL, 0, "true", "taken for compatibility; always so" },
	{ "expand-env-variables", KVS_OPT_BOOL, 0, "false",
	  "replace ${NAME} in values of the file" },
	{ NULL },
};

int kvs_opts_new(struct kvs_opts **ret_opts, struct kvs_err *err)
{
	struct kvs_opts *opts = kvs_zalloc(sizeof(*opts));

	if (!opts)
		return kvs_err_oom(err);
	*ret_opts = opts;
	return 0;
}

int kvs_opts_add(struct kvs_opts *opts, const char *name, const char *value, struct kvs_err *err)
{
	struct kvs_opt *all, *o;

	if (!opts || !name || !value)
		return kvs_err_set(err, KVS_E_ARG, "an option needs a name and a value");
	if (opts->n >= MAX_OPTS)
		return kvs_err_set(err, KVS_E_ARG, "more than %d options", MAX_OPTS);
	all = kvs_realloc_array(opts->all, opts->n + 1, sizeof(*all));
	if (!all)
		return kvs_err_oom(err);
	opts->all = all;
	o = &all[opts->n];
	o->name = kvs_strdup(name);
	o->value = kvs_strdup(value);
	if (!o->name || !o->value) {
		kvsi_free(o->name);
		kvsi_free(o->value);
		return kvs_err_oom(err);
	}
	opts->n++;
	return 0;
}

void kvs_opts_free(struct kvs_opts *opts)
{
	size_t i;

	if (!opts)
		return;
	for (i = 0; i < opts->n; i++) {
		kvsi_free(opts->all[i].name);
		explicit_bzero(opts->all[i].value, strlen(opts->all[i].value));
		kvsi_free(opts->all[i].value);
	}
	kvsi_free(opts->all);
	kvsi_free(opts);
}

int opts_copy(const struct kvs_opts *from, struct kvs_opts **ret_opts, struct kvs_err *err)
{
	struct kvs_opts *opts;
	size_t i;
	int code = kvs_opts_new(&opts, err);

	if (code)
		return code;
	for (i = 0; from && i < from->n && !code; i++)
		code = kvs_opts_add(opts, from->all[i].name, from->all[i].value, err);
	if (code) {
		kvs_opts_free(opts);
		return code;
	}
	*ret_opts = opts;
	return 0;
}

static const struct kvs_backend_opt *row_of(const struct kvs_backend_opt *table, const char *name)
{
	for (; table && table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

/* Secrets come this way from files or the environment only: no table that users see has them. */
static bool is_secret(const char *name)
{
	return !strcmp(name, "token") || !strcmp(name, "password");
}

int kvsi_opt_check_value(const struct kvs_backend_opt *row, const char *value, struct kvs_err *err)
{
	uint64_t number;
	bool on;

	switch (row->type) {
	case KVS_OPT_BOOL:
		return kvs_parse_bool(value, &on, err);
	case KVS_OPT_UINT:
		return kvs_parse_uint(value, 0, UINT64_MAX, &number, err);
	case KVS_OPT_DURATION:
		return kvs_parse_duration(value, KVS_BARE_REFUSED, &number, err);
	case KVS_OPT_BARE_NS:
		return kvs_parse_duration(value, KVS_BARE_NS, &number, err);
	case KVS_OPT_BARE_S:
		return kvs_parse_duration(value, KVS_BARE_S, &number, err);
	case KVS_OPT_STRING:
	case KVS_OPT_LIST:
	case KVS_OPT_FILE:
		if (!*value)
			return kvs_err_set(err, KVS_E_ARG, "a value was expected");
		return 0;
	default:
		return kvs_err_set(err, KVS_E_BUG, "has the unknown type %u", row->type);
	}
}

int opts_check(const struct kvs_opts *opts, const struct kvs_backend *be, struct kvs_err *err)
{
	const struct kvs_backend_opt *row;
	const char *name;
	struct kvs_err why;
	size_t i;

	for (i = 0; i < opts->n; i++) {
		name = opts->all[i].name;
		if (is_secret(name))
			continue;
		row = row_of(be->opts, name);
		if (!row)
			row = row_of(kvsi_common_opts, name);
		if (!row)
			return kvs_err_set(err, KVS_E_CONFIG, "the %s backend has no option \"%s\"",
					   be->name, KVS_Q(kvs_s(name)));
		if (kvsi_opt_check_value(row, opts->all[i].value, &why))
			return kvs_err_set(err, KVS_E_CONFIG, "option \"%s\": %s", name, why.msg);
		if (row->type != KVS_OPT_LIST && kvs_opts_count(opts, name) > 1)
			return kvs_err_set(err, KVS_E_CONFIG, "option \"%s\" is given twice", name);
	}
	return 0;
}

const char *kvs_opts_at(const struct kvs_opts *opts, const char *name, size_t i)
{
	size_t k;

	for (k = 0; opts && k < opts->n; k++)
		if (!strcmp(opts->all[k].name, name) && i-- == 0)
			return opts->all[k].value;
	return NULL;
}

const char *kvs_opts_get(const struct kvs_opts *opts, const char *name)
{
	return kvs_opts_at(opts, name, 0);
}

size_t kvs_opts_count(const struct kvs_opts *opts, const char *name)
{
	size_t k, n = 0;

	for (k = 0; opts && k < opts->n; k++)
		n += !strcmp(opts->all[k].name, name);
	return n;
}

int kvs_opts_bool(const struct kvs_opts *opts, const char *name, int fallback)
{
	const char *value = kvs_opts_get(opts, name);
	bool on;

	return value && kvs_parse_bool(value, &on, NULL) == 0 ? on : fallback;
}

uint64_t kvs_opts_uint(const struct kvs_opts *opts, const char *name, uint64_t fallback)
{
	const char *value = kvs_opts_get(opts, name);
	uint64_t n;

	return value && kvs_parse_uint(value, 0, UINT64_MAX, &n, NULL) == 0 ? n : fallback;
}

/* What the option table said of bare numbers was checked at the door; here a bare number can only
 * belong to one of the two kinds, told apart by the option's row. */
uint64_t kvs_opts_ms(const struct kvs_opts *opts, const char *name, uint64_t fallback)
{
	const struct kvs_backend_opt *row = row_of(kvsi_common_opts, name);
	const char *value = kvs_opts_get(opts, name);
	enum kvs_bare bare = KVS_BARE_REFUSED;
	uint64_t ms;

	if (row && row->type == KVS_OPT_BARE_NS)
		bare = KVS_BARE_NS;
	else if (row && row->type == KVS_OPT_BARE_S)
		bare = KVS_BARE_S;
	return value && kvs_parse_duration(value, bare, &ms, NULL) == 0 ? ms : fallback;
}
