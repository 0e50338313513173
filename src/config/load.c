/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files there are, and in which order they are read.
 */
#include "config/loader.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/path.h"
#include "base/str.h"
#include "base/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define FOLDER "conf.d"

/* ---- one file ---- */

static bool add_file(struct loader *l)
{
	struct kvs_config *config = l->config;
	const char **files = kvs_realloc_array(config->files, config->n_files + 1, sizeof(*files));

	if (!files) {
		problem_oom(l->problems);
		return false;
	}
	config->files = files;
	files[config->n_files++] = l->file;
	return true;
}

static void load_bytes(struct loader *l, const char *path, struct kvs_str bytes, load_fn *fn)
{
	l->file = config_text(l->config, l->problems, path, strlen(path));
	if (l->file && add_file(l))
		yaml_load(l, bytes, fn);
}

void load_file(struct loader *l, const char *path, load_fn *fn)
{
	const struct kvs_config_pos at = { .file = path };
	KVS_AUTO_BUF struct kvs_buf bytes;
	struct kvs_err why;
	int rc;

	kvs_buf_init(&bytes, KVS_CONFIG_MAX_FILE);
	rc = kvs_file_read(path, &bytes, &why);
	if (rc == KVS_E_NOMEM)
		problem_oom(l->problems);
	else if (rc == KVS_E_TOOBIG)
		problem(l->problems, at, "cannot be read: it is over %zu bytes", bytes.max);
	else if (rc)
		problem(l->problems, at, "cannot be read: %s", strerrordesc_np(why.sys_errno));
	else
		load_bytes(l, path, kvs_buf_slice(&bytes), fn);
}

/* ---- conf.d ---- */

static int is_wanted(const struct dirent *entry)
{
	static const char *const suffixes[] = { ".yaml", ".yml", ".json" };
	const char *dot = strrchr(entry->d_name, '.');

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (dot && entry->d_name[0] != '.' && strcmp(dot, suffixes[i]) == 0)
			return 1;
	}
	return 0;
}

/* By bytes, whatever the locale says. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_member(struct loader *l, const char *folder, const char *name)
{
	KVS_AUTO_FREE char *path = kvs_asprintf("%s/%s", folder, name);

	if (path)
		load_file(l, path, load_top);
	else
		problem_oom(l->problems);
}

static void load_folder(struct loader *l, const char *folder)
{
	const struct kvs_config_pos at = { .file = folder };
	struct dirent **entries;
	int n = scandir(folder, &entries, is_wanted, by_name);

	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		problem(l->problems, at, "cannot be read: %s", strerrordesc_np(errno));
	if (n > KVS_CONFIG_MAX_FILES) {
		problem(l->problems, at, "more than %d files", KVS_CONFIG_MAX_FILES);
		l->problems->stop = KVS_E_CONFIG;
	}
	for (int i = 0; i < n; i++) {
		if (!l->problems->stop)
			load_member(l, folder, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void load_folder_beside(struct loader *l, const char *path)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(path);
	KVS_AUTO_FREE char *folder = dir ? kvs_asprintf("%s/%s", dir, FOLDER) : NULL;

	if (folder)
		load_folder(l, folder);
	else
		problem_oom(l->problems);
}

/* ---- the whole ---- */

/* What can be judged only when everything was read. */
static void check_whole(struct problems *p, const struct kvs_config *config)
{
	struct kvs_suggestion near = KVS_SUGGESTION(config->default_store);
	const struct kvs_config_store *store;

	if (!config->default_store)
		return;
	DL_FOREACH (config->stores, store) {
		if (strcmp(store->name, config->default_store) == 0)
			return;
		kvs_suggest(&near, store->name);
	}
	problem(p, config->at[KVS_CONFIG_DEFAULT_STORE],
		"\"default-store\" names %s, which is no store%s%s%s", KVS_Q(kvs_s(near.typed)),
		near.best ? " (did you mean \"" : "", near.best ? near.best : "",
		near.best ? "\"?)" : "");
}

const char *kvs_config_path(const char *path)
{
	const char *from_env = secure_getenv("KVSYNC_CONFIG");

	if (path)
		return path;
	return from_env && *from_env ? from_env : KVS_CONFIG_DEFAULT_FILE;
}

static bool may_be_missing(const char *path)
{
	return strcmp(path, KVS_CONFIG_DEFAULT_FILE) == 0;
}

static int new_config(struct kvs_config **ret_config, struct kvs_err *err)
{
	struct kvs_config *config = kvs_zalloc(sizeof(*config));
	int rc;

	if (!config)
		return kvs_err_oom(err);
	rc = config_set_defaults(config, err);
	if (rc)
		kvs_config_free(config);
	else
		*ret_config = config;
	return rc;
}

/* Everything that belongs to it. */
static void load_all(struct loader *l, const char *path)
{
	const char *first = kvs_config_path(path);

	if (path || !may_be_missing(first) || access(first, F_OK) == 0 || errno != ENOENT)
		load_file(l, first, load_top);
	if (!l->problems->stop)
		load_folder_beside(l, first);
	if (!l->problems->stop)
		check_whole(l->problems, l->config);
}

/* Hands the config out if all went well. */
static int finish(struct loader *l, struct kvs_config **ret_config, struct kvs_err *err)
{
	int rc = problems_result(l->problems, err);

	if (rc)
		kvs_config_free(l->config);
	else
		*ret_config = l->config;
	return rc;
}

int kvs_config_load(const char *path, const struct kvs_config_report *report,
		    struct kvs_config **ret_config, struct kvs_err *err)
{
	struct problems p = { .report = report };
	struct loader l = { .problems = &p };
	int rc = new_config(&l.config, err);

	if (rc)
		return rc;
	load_all(&l, path);
	return finish(&l, ret_config, err);
}

int kvs_config_parse(const char *path, struct kvs_str bytes, const struct kvs_config_report *report,
		     struct kvs_config **ret_config, struct kvs_err *err)
{
	struct problems p = { .report = report };
	struct loader l = { .problems = &p };
	int rc = new_config(&l.config, err);

	if (rc)
		return rc;
	load_bytes(&l, path, bytes, load_top);
	if (!p.stop)
		check_whole(&p, l.config);
	return finish(&l, ret_config, err);
}

int kvs_config_check(const char *path, const struct kvs_config_report *report,
		     struct kvs_config_summary *ret_summary, struct kvs_err *err)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	struct problems p = { .report = report };
	struct loader l = { .problems = &p };
	int rc = new_config(&config, err);

	if (rc)
		return rc;
	l.config = config;
	load_all(&l, path);
	if (!p.stop)
		check_secrets(&p, config);
	if (!p.stop)
		check_stores(&p, config);
	if (p.stop == KVS_E_NOMEM)
		return kvs_err_oom(err);
	*ret_summary = (struct kvs_config_summary){ .n_files = config->n_files,
						    .n_stores = config->n_stores,
						    .n_errors = p.n,
						    .n_warnings = p.n_warnings };
	return 0;
}
