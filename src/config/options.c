/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of store sections against the tables: the common one, and each backend's own.
 */
#include "config/loader.h"

#include "base/alloc.h"
#include "base/endpoint.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/suggest.h"
#include "core/common_opts.h"

#include <string.h>
#include <utlist.h>

const struct kvs_backend_opt *opt_find(const struct kvs_backend_opt *table, const char *name)
{
	for (; table && table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

/* As the core looks: a backend's own row goes before a common one. */
static const struct kvs_backend_opt *find_row(const struct kvs_backend_opt *own, const char *name)
{
	const struct kvs_backend_opt *row = opt_find(own, name);

	return row ? row : opt_find(kvsi_common_opts, name);
}

static bool is_config_only(const struct kvs_config_opt *opt)
{
	return opt_find(kvs_config_store_keys, opt->name) != NULL;
}

/* ---- checks ---- */

bool opt_check(struct problems *p, const struct kvs_config_opt *opt,
	       const struct kvs_backend_opt *row)
{
	struct kvs_err why;

	if (opt->in_list && row->type != KVS_OPT_LIST) {
		problem(p, opt->at, "\"%s\" must be a single value, not a list", row->name);
		return false;
	}
	if (kvsi_opt_check_value(row, opt->value, &why)) {
		problem(p, opt->at, "\"%s\": %s", row->name, why.msg);
		return false;
	}
	return true;
}

static void suggest_from(struct kvs_suggestion *near, const struct kvs_backend_opt *table)
{
	for (; table && table->name; table++)
		kvs_suggest(near, table->name);
}

static void refuse_unknown(struct problems *p, const struct kvs_config_opt *opt,
			   const struct kvs_backend_opt *own)
{
	struct kvs_suggestion near = KVS_SUGGESTION(opt->name);

	suggest_from(&near, kvs_config_store_keys);
	suggest_from(&near, kvsi_common_opts);
	suggest_from(&near, own);
	problem_unknown(p, opt->key_at, opt->name, near.best);
}

/* The keys that are not common: those were checked when the file was loaded. */
static void check_own(struct problems *p, const struct kvs_config_store *store,
		      const struct kvs_backend_opt *own)
{
	const char *refused = NULL;

	for (size_t i = 0; i < store->n_opts && !p->stop; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];
		const struct kvs_backend_opt *row = opt_find(own, opt->name);

		if (row) {
			(void)opt_check(p, opt, row);
		} else if (!find_row(NULL, opt->name) && !is_config_only(opt) &&
			   opt->name != refused) {
			/* The members of a list share their key. */
			refused = opt->name;
			refuse_unknown(p, opt, own);
		}
	}
}

static bool names_secret(const struct kvs_config_opt *opt)
{
	for (const char *const *name = kvs_secret_file_options; *name; name++) {
		if (strcmp(opt->name, *name) == 0)
			return true;
	}
	return false;
}

static void warn_if_exposed(struct problems *p, struct kvs_config_pos at, const char *path)
{
	if (kvs_secret_is_exposed(path))
		problem_warning(p, at, "everybody on this host may read or change %s",
				KVS_Q(kvs_s(path)));
}

static void warn_of_exposed(struct problems *p, const struct kvs_config_store *store)
{
	for (size_t i = 0; i < store->n_opts; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];
		KVS_AUTO_FREE char *path = names_secret(opt) ? opt_path(opt, opt->value) : NULL;

		if (path)
			warn_if_exposed(p, opt->at, path);
	}
}

/* ---- a section's options for kvs_open() ---- */

char *opt_path(const struct kvs_config_opt *opt, const char *path)
{
	const char *slash = strrchr(opt->at.file, '/');

	if (path[0] == '/' || !slash)
		return kvs_strdup(path);
	return kvs_asprintf("%.*s%s", (int)(slash - opt->at.file) + 1, opt->at.file, path);
}

static int fill_path(const struct kvs_config_opt *opt, struct kvs_opts *opts, struct kvs_err *err)
{
	KVS_AUTO_FREE char *path = opt_path(opt, opt->value);

	return path ? kvs_opts_add(opts, opt->name, path, err) : kvs_err_oom(err);
}

/* "a,b" where a list is wanted. */
static int fill_list(const struct kvs_config_opt *opt, struct kvs_opts *opts, struct kvs_err *err)
{
	KVS_AUTO_FREE char *copy = kvs_strdup(opt->value);
	char *item, *save = NULL;
	int rc = 0;

	if (!copy)
		return kvs_err_oom(err);
	for (item = strtok_r(copy, ", ", &save); item && !rc; item = strtok_r(NULL, ", ", &save))
		rc = kvs_opts_add(opts, opt->name, item, err);
	return rc;
}

static int fill_opt(const struct kvs_config_opt *opt, const struct kvs_backend_opt *row,
		    struct kvs_opts *opts, struct kvs_err *err)
{
	if (row->type == KVS_OPT_FILE)
		return fill_path(opt, opts, err);
	if (row->type == KVS_OPT_LIST && !opt->in_list)
		return fill_list(opt, opts, err);
	return kvs_opts_add(opts, opt->name, opt->value, err);
}

/* Did opts have the option before the section was looked at?  Since a list adds its name again and
 * again, the question is asked once a key: when it begins. */
static bool begins_overridden(const struct kvs_config_store *store, size_t i,
			      const struct kvs_opts *opts, bool before)
{
	bool goes_on = i && store->opts[i].name == store->opts[i - 1].name;

	return goes_on ? before : kvs_opts_count(opts, store->opts[i].name) > 0;
}

static int fill(const struct kvs_config_store *store, const struct kvs_backend_opt *own,
		struct kvs_opts *opts, struct kvs_err *err)
{
	bool overridden = false;
	int rc = 0;

	for (size_t i = 0; i < store->n_opts && !rc; i++) {
		const struct kvs_config_opt *opt = &store->opts[i];

		overridden = begins_overridden(store, i, opts, overridden);
		if (!overridden && !is_config_only(opt))
			rc = fill_opt(opt, find_row(own, opt->name), opts, err);
	}
	if (!rc && kvs_opts_count(opts, "backend") == 0)
		rc = kvs_opts_add(opts, "backend", store->backend, err);
	return rc;
}

int kvs_config_fill_opts(const struct kvs_config_store *store, struct kvs_opts *opts,
			 struct kvs_err *err)
{
	struct problems p = { 0 };
	const struct kvs_backend_opt *own;
	int rc = kvsi_backend_opts(store->backend, &own, err);

	if (rc)
		return rc;
	check_own(&p, store, own);
	rc = problems_result(&p, err);
	return rc ? rc : fill(store, own, opts, err);
}

/* ---- everything of a section that can be judged without its servers ---- */

static const struct kvs_config_opt *first_opt(const struct kvs_config_store *store,
					      const char *name)
{
	for (size_t i = 0; i < store->n_opts; i++) {
		if (strcmp(store->opts[i].name, name) == 0)
			return &store->opts[i];
	}
	return NULL;
}

/* Words that are no servers, and lists that mix TLS and none. */
static int check_endpoints(struct problems *p, const struct kvs_config_store *store,
			   const struct kvs_config_opt *endpoints, const struct kvs_opts *opts,
			   struct kvs_err *err)
{
	KVS_AUTO_ENDPOINTS struct kvs_endpoints list = { 0 };
	int rc = kvs_endpoints_read(opts, 1, 1, &list, err);

	if (rc != KVS_E_CONFIG)
		return rc;
	problem(p, endpoints->at, "%s", err->msg);
	return 0;
}

static void check_store(struct problems *p, const struct kvs_config_store *store,
			const struct kvs_backend_opt *own)
{
	const struct kvs_config_opt *endpoints = first_opt(store, "endpoints");
	struct kvs_opts *opts = NULL;
	size_t before = p->n;
	struct kvs_err why;
	int rc;

	check_own(p, store, own);
	if (!endpoints || p->n != before)
		return;
	rc = kvs_opts_new(&opts, &why);
	if (!rc)
		rc = fill(store, own, opts, &why);
	if (!rc)
		rc = check_endpoints(p, store, endpoints, opts, &why);
	if (rc)
		problem_oom(p);
	kvs_opts_free(opts);
}

void check_secrets(struct problems *p, const struct kvs_config *config)
{
	for (size_t id = 0; id < KVS_CONFIG_N_KEYS; id++)
		if (kvs_config_keys[id].type == KVS_CONFIG_TYPE_SECRET && config->values[id])
			warn_if_exposed(p, config->at[id], config->values[id]);
}

void check_stores(struct problems *p, const struct kvs_config *config)
{
	const struct kvs_config_store *store;

	DL_FOREACH (config->stores, store) {
		const struct kvs_backend_opt *own;
		struct kvs_err why;
		int rc = kvsi_backend_opts(store->backend, &own, &why);

		warn_of_exposed(p, store);
		if (rc == 0)
			check_store(p, store, own);
		else if (rc == KVS_E_NOMEM)
			problem_oom(p);
		else if (rc == KVS_E_UNSUPPORTED)
			problem_warning(p, store->at, "%s; keys of its own were not checked",
					why.msg);
	}
}
