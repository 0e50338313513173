/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which backends there are: the built-in ones, and modules once they have been loaded, which stay
 * for the life of the process.
 */
#include "config.h"

#include "core/core.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "core/common_opts.h"
#include "core/of_program.h"

#include <errno.h>
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define X(name_) extern const struct kvs_backend kvs_backend_##name_;
KVS_BUILTIN_BACKENDS
#undef X

static const struct kvs_backend *const builtin[] = {
#define X(name_) &kvs_backend_##name_,
	KVS_BUILTIN_BACKENDS
#undef X
};

struct loaded {
	struct kvs_backend be;
	struct loaded *next;
};

static struct loaded *all_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const struct kvs_backend *of_program;

void kvsi_backend_add(const struct kvs_backend *be)
{
	of_program = be;
}

static const struct kvs_backend *find_known(const char *name)
{
	const struct loaded *l;
	size_t i;

	if (of_program && !strcmp(of_program->name, name))
		return of_program;
	for (i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (!strcmp(builtin[i]->name, name))
			return builtin[i];
	for (l = all_loaded; l; l = l->next)
		if (!strcmp(l->be.name, name))
			return &l->be;
	return NULL;
}

static int load(const char *name, const struct kvs_backend **ret_be, struct kvs_err *err)
{
	KVS_AUTO_FREE struct loaded *l = kvs_zalloc(sizeof(*l));
	int code;

	if (!l)
		return kvs_err_oom(err);
	code = loader_load(name, &l->be, err);
	if (code)
		return code;
	l->next = all_loaded;
	all_loaded = l;
	*ret_be = &kvs_steal_ptr(l)->be;
	return 0;
}

int registry_get(const char *name, const struct kvs_backend **ret_be, struct kvs_err *err)
{
	const struct kvs_backend *be;
	int code = 0;

	if (!loader_name_ok(name))
		return kvs_err_set(err, KVS_E_CONFIG,
				   "\"%s\" is not a backend's name (consul, etcd, local)",
				   KVS_Q(kvs_s(name)));
	(void)pthread_mutex_lock(&lock);
	be = find_known(name);
	if (!be)
		code = load(name, &be, err);
	(void)pthread_mutex_unlock(&lock);
	if (code)
		return code;
	*ret_be = be;
	return 0;
}

int kvsi_backend_opts(const char *name, const struct kvs_backend_opt **ret_opts,
		      struct kvs_err *err)
{
	const struct kvs_backend *be;
	int code = registry_get(name, &be, err);

	if (code)
		return code;
	*ret_opts = be->opts;
	return 0;
}

static bool is_builtin(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (!strcmp(builtin[i]->name, name))
			return true;
	return false;
}

/* "etcd.so" -> "etcd".  False: not the name of a backend's file. */
static bool module_name(const char *file, char *ret_name, size_t size)
{
	size_t n = strlen(file);

	if (n < 4 || n - 3 >= size || strcmp(file + n - 3, ".so") != 0 || !strncmp(file, "lib", 3))
		return false;
	memcpy(ret_name, file, n - 3);
	ret_name[n - 3] = '\0';
	return loader_name_ok(ret_name) && !is_builtin(ret_name);
}

int kvs_backends(void (*fn)(void *arg, const char *name, const char *description,
			    const struct kvs_err *err),
		 void *arg, struct kvs_err *err)
{
	const struct kvs_backend *be;
	struct dirent **files;
	char name[64];
	size_t i;
	int f, n_files;

	for (i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		fn(arg, builtin[i]->name, builtin[i]->description, NULL);
	n_files = scandir(loader_dir(), &files, NULL, alphasort);
	if (n_files < 0)
		return errno == ENOENT ? 0 : kvs_err_sys(err, "cannot read %s", loader_dir());
	for (f = 0; f < n_files; f++) {
		struct kvs_err why = { 0 };

		if (!module_name(files[f]->d_name, name, sizeof(name)))
			;
		else if (registry_get(name, &be, &why))
			fn(arg, name, "", &why);
		else
			fn(arg, be->name, be->description, NULL);
		free(files[f]);
	}
	free(files);
	return 0;
}
