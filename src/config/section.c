/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store sections.  First everything is taken as text; then, since a later key may ask for it,
 * environment variables are replaced; then values are checked.
 */
#include "config/loader.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "core/common_opts.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#define DEFAULT_BACKEND "etcd"
#define MAX_NAME	64

const struct kvs_backend_opt kvs_config_store_keys[] = {
	{ "url", KVS_OPT_STRING, 0, NULL, "the store as a URL, in place of backend and endpoints" },
	{ NULL },
};

/* The row, as far as it is known without the backend's module. */
static const struct kvs_backend_opt *known_row(const char *name)
{
	const struct kvs_backend_opt *row = opt_find(kvs_config_store_keys, name);

	return row ? row : opt_find(kvsi_common_opts, name);
}

static struct kvs_config_opt *find_given(const struct kvs_config_store *store, const char *name)
{
	for (size_t i = 0; i < store->n_opts; i++) {
		if (strcmp(store->opts[i].name, name) == 0)
			return &store->opts[i];
	}
	return NULL;
}

static const char *given_value(const struct kvs_config_store *store, const char *name)
{
	const struct kvs_config_opt *opt = find_given(store, name);

	return opt ? opt->value : NULL;
}

/* ---- taking ---- */

static void add_opt(struct loader *l, struct kvs_config_store *store, struct kvs_config_opt opt)
{
	struct kvs_config_opt *opts;

	if (store->n_opts >= KVS_CONFIG_MAX_OPTIONS) {
		problem(l->problems, opt.at, "store \"%s\" has more than %d values", store->name,
			KVS_CONFIG_MAX_OPTIONS);
		l->problems->stop = KVS_E_CONFIG;
		return;
	}
	opts = kvs_realloc_array(store->opts, store->n_opts + 1, sizeof(*opts));
	if (!opts) {
		problem_oom(l->problems);
		return;
	}
	store->opts = opts;
	opts[store->n_opts++] = opt;
}

/* opt has its name and key_at. */
static void take_value(struct loader *l, struct kvs_config_store *store, struct kvs_config_opt opt,
		       const yaml_node_t *node)
{
	char what[200];

	(void)snprintf(what, sizeof(what), "\"%s\"", KVS_Q(kvs_s(opt.name)));
	opt.value = opt.shown = node_value(l, node, what);
	opt.at = node_pos(l, node);
	if (opt.value)
		add_opt(l, store, opt);
}

static void take_list(struct loader *l, struct kvs_config_store *store, struct kvs_config_opt opt,
		      const yaml_node_t *list)
{
	const yaml_node_t *member;

	opt.in_list = true;
	if (!node_member(l, list, 0))
		problem(l->problems, node_pos(l, list), "\"%s\" is an empty list",
			KVS_Q(kvs_s(opt.name)));
	for (size_t i = 0; (member = node_member(l, list, i)) && !l->problems->stop; i++)
		take_value(l, store, opt, member);
}

/* Secrets stand in files of their own; a key that looks like one gets better words than "unknown".
 */
static bool is_secret(struct loader *l, const char *name, struct kvs_config_pos at)
{
	if (strcmp(name, "token") != 0 && strcmp(name, "password") != 0 &&
	    strcmp(name, "key-password") != 0)
		return false;
	problem(l->problems, at,
		"\"%s\" is a secret: put it into a file and name that as \"%s-file\"", name, name);
	return true;
}

static void take_key(struct loader *l, const char *key, const yaml_node_t *key_node,
		     const yaml_node_t *value, void *arg)
{
	struct kvs_config_store *store = arg;
	const struct kvs_config_opt *first = find_given(store, key);
	struct kvs_config_opt opt = { .key_at = node_pos(l, key_node) };

	if (first) {
		problem_duplicate(l->problems, opt.key_at, key, first->key_at);
		return;
	}
	if (is_secret(l, key, opt.key_at))
		return;
	opt.name = config_text(l->config, l->problems, key, strlen(key));
	if (!opt.name)
		return;
	if (value->type == YAML_SEQUENCE_NODE)
		take_list(l, store, opt, value);
	else
		take_value(l, store, opt, value);
}

/* ---- expanding ---- */

static void expand_opt(struct loader *l, struct kvs_config_opt *opt)
{
	KVS_AUTO_BUF struct kvs_buf out;
	struct kvs_err why;
	const char *text;
	int rc;

	kvs_buf_init(&out, KVS_CONFIG_MAX_VALUE);
	rc = expand_env(opt->shown, &out, &why);
	if (rc == KVS_E_NOMEM)
		problem_oom(l->problems);
	else if (rc)
		problem(l->problems, opt->at, "\"%s\": %s", KVS_Q(kvs_s(opt->name)), why.msg);
	if (rc)
		return;
	text = config_text(l->config, l->problems, out.data ? out.data : "", out.len);
	if (text)
		opt->value = text;
}

static void expand_all(struct loader *l, struct kvs_config_store *store)
{
	const char *wanted = given_value(store, "expand-env-variables");
	bool on = false;

	/* A value that is no boolean is told by the check. */
	if (!wanted || kvs_parse_bool(wanted, &on, NULL) || !on)
		return;
	for (size_t i = 0; i < store->n_opts && !l->problems->stop; i++) {
		if (strchr(store->opts[i].shown, '$'))
			expand_opt(l, &store->opts[i]);
	}
}

/* ---- checking ---- */

static void check_values(struct loader *l, const struct kvs_config_store *store)
{
	for (size_t i = 0; i < store->n_opts && !l->problems->stop; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];
		const struct kvs_backend_opt *row = known_row(opt->name);

		if (row)
			(void)opt_check(l->problems, opt, row);
	}
}

static bool backend_name_ok(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* The backend that the URL is for: its scheme up to the "+". */
static void set_backend_from_url(struct loader *l, struct kvs_config_store *store)
{
	const struct kvs_config_opt *url = find_given(store, "url");
	const struct kvs_config_opt *endpoints = find_given(store, "endpoints");
	const char *backend = given_value(store, "backend");
	const char *scheme;

	if (!strchr(url->value, ':')) {
		problem(l->problems, url->at,
			"\"url\" must be a store's URL such as consul://host:8500 or local:/path");
		return;
	}
	scheme = config_text(l->config, l->problems, url->value, strcspn(url->value, "+:"));
	if (!scheme)
		return;
	store->url = url->value;
	store->backend = scheme;
	if (backend && strcmp(backend, scheme) != 0)
		problem(l->problems, find_given(store, "backend")->at,
			"\"backend\" is %s, but the URL is for %s", KVS_Q(kvs_s(backend)),
			KVS_Q(kvs_s(scheme)));
	if (endpoints)
		problem(l->problems, endpoints->at, "\"endpoints\" and \"url\" exclude each other");
}

static void set_backend(struct loader *l, struct kvs_config_store *store)
{
	const char *backend = given_value(store, "backend");

	store->backend = backend ? backend : DEFAULT_BACKEND;
	if (given_value(store, "url"))
		set_backend_from_url(l, store);
	if (!backend_name_ok(store->backend))
		problem(l->problems, store->at,
			"\"%s\" is not the name of a backend, as consul, etcd or "
			"local is",
			KVS_Q(kvs_s(store->backend)));
}

/* ---- sections ---- */

bool store_name_ok(const char *name)
{
	size_t n = strspn(name,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n && n <= MAX_NAME && name[n] == '\0' && name[0] != '-' && name[0] != '.';
}

/* False: a problem was told. */
static bool check_name(struct loader *l, const char *name, struct kvs_config_pos at)
{
	const struct kvs_config_store *other;

	if (!store_name_ok(name)) {
		problem(l->problems, at,
			"\"%s\" cannot be a store's name: it takes letters, digits, \"_\", \"-\" "
			"and "
			"\".\", at most %d",
			KVS_Q(kvs_s(name)), MAX_NAME);
		return false;
	}
	DL_FOREACH (l->config->stores, other) {
		if (strcmp(other->name, name) == 0) {
			problem_duplicate(l->problems, at, name, other->at);
			return false;
		}
	}
	if (l->config->n_stores >= KVS_CONFIG_MAX_STORES) {
		problem(l->problems, at, "more than %d stores", KVS_CONFIG_MAX_STORES);
		l->problems->stop = KVS_E_CONFIG;
		return false;
	}
	return true;
}

static struct kvs_config_store *add_store(struct loader *l, const char *name,
					  struct kvs_config_pos at)
{
	struct kvs_config_store *store = kvs_zalloc(sizeof(*store));

	if (!store) {
		problem_oom(l->problems);
		return NULL;
	}
	DL_APPEND(l->config->stores, store);
	l->config->n_stores++;
	store->at = at;
	store->name = config_text(l->config, l->problems, name, strlen(name));
	return store->name ? store : NULL;
}

static void load_store(struct loader *l, const char *name, const yaml_node_t *key_node,
		       const yaml_node_t *value, void *arg)
{
	struct kvs_config_pos at = node_pos(l, key_node);
	struct kvs_config_store *store;
	char what[200];

	if (!check_name(l, name, at))
		return;
	store = add_store(l, name, at);
	if (!store)
		return;
	(void)snprintf(what, sizeof(what), "store \"%s\"", name);
	/* "main: consul://host" is short for a section with nothing but its URL. */
	if (value->type == YAML_SCALAR_NODE)
		take_value(l, store, (struct kvs_config_opt){ .name = "url", .key_at = at }, value);
	else if (node_expect(l, value, YAML_MAPPING_NODE, what))
		node_each(l, value, take_key, store);
	expand_all(l, store);
	check_values(l, store);
	set_backend(l, store);
}

void load_stores(struct loader *l, const yaml_node_t *stores)
{
	if (node_expect(l, stores, YAML_MAPPING_NODE, "\"stores\""))
		node_each(l, stores, load_store, NULL);
}
