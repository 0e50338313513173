/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "base/suggest.h"

#include <string.h>
#include <utlist.h>

void kvs_config_free(struct kvs_config *config)
{
	struct kvs_config_store *store, *next;

	if (!config)
		return;
	DL_FOREACH_SAFE (config->stores, store, next) {
		kvsi_free(store->opts);
		kvsi_free(store);
	}
	kvsi_free(config->verify_keys.items);
	kvsi_free(config->files);
	config_texts_free(config);
	kvsi_free(config);
}

static const struct kvs_config_store *find_store(const struct kvs_config *config, const char *name)
{
	const struct kvs_config_store *store;

	DL_FOREACH (config->stores, store) {
		if (strcmp(store->name, name) == 0)
			return store;
	}
	return NULL;
}

int kvs_config_find_store(const struct kvs_config *config, const char *name,
			  const struct kvs_config_store **ret_store, struct kvs_err *err)
{
	const struct kvs_config_store *store = find_store(config, name);
	struct kvs_suggestion near = KVS_SUGGESTION(name);

	if (store) {
		*ret_store = store;
		return 0;
	}
	DL_FOREACH (config->stores, store)
		kvs_suggest(&near, store->name);
	if (near.best)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "no store \"%s\" in the configuration (did you mean \"%s\"?)",
				   KVS_Q(kvs_s(name)), near.best);
	if (config->n_stores)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "no store \"%s\" in the configuration, which has %zu others "
				   "(kvsync config dump lists them)",
				   KVS_Q(kvs_s(name)), config->n_stores);
	return kvs_err_set(err, KVS_E_CONFIG, "no store \"%s\": no configuration file defines any",
			   KVS_Q(kvs_s(name)));
}

const struct kvs_config_store *kvs_config_default_store(const struct kvs_config *config)
{
	if (config->default_store)
		return find_store(config, config->default_store);
	return config->n_stores == 1 ? config->stores : NULL;
}

const char *kvs_config_opt_type_name(uint32_t type)
{
	static const char *const names[] = {
		[KVS_OPT_STRING] = "string",
		[KVS_OPT_BOOL] = "boolean",
		[KVS_OPT_UINT] = "number",
		[KVS_OPT_DURATION] = "duration",
		[KVS_OPT_LIST] = "list of strings",
		[KVS_OPT_FILE] = "file",
		[KVS_OPT_BARE_NS] = "duration, or nanoseconds",
		[KVS_OPT_BARE_S] = "duration, or seconds",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "unknown";
}

const char *kvs_config_key_type_name(enum kvs_config_type type)
{
	static const char *const names[] = {
		[KVS_CONFIG_TYPE_STORES] = "mapping",	 [KVS_CONFIG_TYPE_STRING] = "string",
		[KVS_CONFIG_TYPE_PATH] = "path",	 [KVS_CONFIG_TYPE_CHOICE] = "choice",
		[KVS_CONFIG_TYPE_DURATION] = "duration", [KVS_CONFIG_TYPE_BOOL] = "boolean",
		[KVS_CONFIG_TYPE_ADDRESS] = "address",	 [KVS_CONFIG_TYPE_URL] = "URL",
		[KVS_CONFIG_TYPE_SECRET] = "file",	 [KVS_CONFIG_TYPE_FILES] = "list of files",
		[KVS_CONFIG_TYPE_DAEMON] = "reserved",
	};

	return names[type];
}
