/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration in force, key by key.
 */
#include "config/loader.h"

#include "core/common_opts.h"

#include <string.h>
#include <utlist.h>

typedef int visit_fn(void *arg, const struct kvs_config_item *item);

struct visitor {
	visit_fn *fn;
	void *arg;
	const char *values[KVS_CONFIG_MAX_OPTIONS];
};

static int visit_top(struct visitor *v, const struct kvs_config *config)
{
	int rc = 0;

	for (size_t id = 0; id < KVS_CONFIG_N_KEYS && !rc; id++) {
		const struct kvs_config_item item = { .key = kvs_config_keys[id].name,
						      .values = &config->values[id],
						      .n_values = 1,
						      .at = config->at[id] };

		if (config->values[id])
			rc = v->fn(v->arg, &item);
	}
	return rc;
}

/* Collects a key's values from the section. */
static size_t given_values(struct visitor *v, const struct kvs_config_store *store, const char *key,
			   struct kvs_config_item *item)
{
	size_t n = 0;

	for (size_t i = 0; i < store->n_opts; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];

		if (strcmp(opt->name, key) != 0)
			continue;
		if (!n)
			item->at = opt->key_at;
		item->is_list = opt->in_list;
		v->values[n++] = opt->shown;
	}
	return n;
}

static int visit_row(struct visitor *v, const struct kvs_config_store *store, const char *key,
		     const char *fallback)
{
	struct kvs_config_item item = { .store = store, .key = key, .values = v->values };

	item.n_values = given_values(v, store, key, &item);
	if (!item.n_values && !fallback)
		return 0;
	if (!item.n_values)
		v->values[item.n_values++] = fallback;
	return v->fn(v->arg, &item);
}

static int visit_table(struct visitor *v, const struct kvs_config_store *store,
		       const struct kvs_backend_opt *table, const struct kvs_backend_opt *except)
{
	int rc = 0;

	for (; table && table->name && !rc; table++) {
		if (opt_find(except, table->name))
			continue;
		if (strcmp(table->name, "backend") == 0)
			rc = visit_row(v, store, table->name, store->backend);
		else
			rc = visit_row(v, store, table->name, table->fallback);
	}
	return rc;
}

/* What no table knows, since the backend is not installed. */
static int visit_rest(struct visitor *v, const struct kvs_config_store *store,
		      const struct kvs_backend_opt *own)
{
	const char *last = NULL;
	int rc = 0;

	for (size_t i = 0; i < store->n_opts && !rc; i++) {
		const char *name = store->opts[i].name;

		if (name == last || opt_find(own, name) || opt_find(kvsi_common_opts, name) ||
		    opt_find(kvs_config_store_keys, name))
			continue;
		last = name;
		rc = visit_row(v, store, name, NULL);
	}
	return rc;
}

static int visit_store(struct visitor *v, const struct kvs_config_store *store)
{
	const struct kvs_backend_opt *own = NULL;
	int rc;

	/* Without the backend its defaults are unknown, and nothing else is lost. */
	(void)kvsi_backend_opts(store->backend, &own, NULL);
	rc = visit_table(v, store, kvs_config_store_keys, NULL);
	if (!rc)
		rc = visit_table(v, store, kvsi_common_opts, own);
	if (!rc)
		rc = visit_table(v, store, own, NULL);
	return rc ? rc : visit_rest(v, store, own);
}

int kvs_config_visit(const struct kvs_config *config, visit_fn *fn, void *arg)
{
	struct visitor v = { .fn = fn, .arg = arg };
	const struct kvs_config_store *store;
	int rc = visit_top(&v, config);

	DL_FOREACH (config->stores, store) {
		if (!rc)
			rc = visit_store(&v, store);
	}
	return rc;
}
