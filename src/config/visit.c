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

/* The values of a key at the top: one, several, or none. */
static void top_values(const struct kvs_config *config, size_t id, struct kvs_config_item *item)
{
	const struct kvs_config_key *key = &kvs_config_keys[id];

	if (key->type == KVS_CONFIG_TYPE_FILES) {
		const struct kvs_config_list *list = (const void *)((const char *)config +
								    key->offset);

		item->is_list = true;
		item->values = list->items;
		item->n_values = list->n;
	} else {
		item->values = &config->values[id];
		item->n_values = config->values[id] ? 1 : 0;
	}
}

static int visit_top(struct visitor *v, const struct kvs_config *config)
{
	int rc = 0;

	for (size_t id = 0; id < KVS_CONFIG_N_KEYS && !rc; id++) {
		struct kvs_config_item item = { .key = kvs_config_keys[id].name,
						.at = config->at[id] };

		top_values(config, id, &item);
		if (item.n_values)
			rc = v->fn(v->arg, &item);
	}
	return rc;
}

/* Collects a key's values from the section. */
static void collect(struct visitor *v, const struct kvs_config_store *store,
		    struct kvs_config_item *item)
{
	for (size_t i = 0; i < store->n_opts; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];

		if (strcmp(opt->name, item->key) != 0)
			continue;
		if (!item->n_values)
			item->at = opt->key_at;
		item->is_list = opt->in_list;
		v->values[item->n_values++] = opt->shown;
	}
}

static int visit_file(struct visitor *v, struct kvs_config_item *item)
{
	const struct kvs_config_opt opt = { .at = item->at };
	KVS_AUTO_FREE char *path = opt_path(&opt, v->values[0]);

	if (path)
		v->values[0] = path;
	return v->fn(v->arg, item);
}

/* row may lack all but its name. */
static int visit_row(struct visitor *v, const struct kvs_config_store *store,
		     const struct kvs_backend_opt *row)
{
	struct kvs_config_item item = { .store = store, .key = row->name, .values = v->values };

	collect(v, store, &item);
	if (!item.n_values && !row->fallback)
		return 0;
	if (!item.n_values)
		v->values[item.n_values++] = row->fallback;
	else if (row->type == KVS_OPT_FILE && v->values[0][0] != '$')
		return visit_file(v, &item);
	return v->fn(v->arg, &item);
}

static int visit_table(struct visitor *v, const struct kvs_config_store *store,
		       const struct kvs_backend_opt *table, const struct kvs_backend_opt *except)
{
	int rc = 0;

	for (; table && table->name && !rc; table++) {
		struct kvs_backend_opt row = *table;

		if (opt_find(except, row.name))
			continue;
		if (strcmp(row.name, "backend") == 0)
			row.fallback = store->backend;
		rc = visit_row(v, store, &row);
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
		const struct kvs_backend_opt row = { .name = store->opts[i].name };

		if (row.name == last || opt_find(own, row.name) ||
		    opt_find(kvsi_common_opts, row.name) ||
		    opt_find(kvs_config_store_keys, row.name))
			continue;
		last = row.name;
		rc = visit_row(v, store, &row);
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
