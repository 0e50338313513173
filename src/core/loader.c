/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backends as modules: one folder fixed by configure, a name of [a-z][a-z0-9-]*, one symbol.
 * KVS_MODULE_DIR names another folder for tests; ignored in set-id programs.
 */
#include "config.h"

#include "core/core.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *loader_dir(void)
{
	const char *dir = secure_getenv("KVS_MODULE_DIR");

	return dir && *dir ? dir : KVS_BACKEND_DIR;
}

bool loader_name_ok(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= 32 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static const char *missing_member(const struct kvs_backend *be)
{
	const struct {
		const char *name;
		bool there;
	} need[] = {
		{ "name", be->name },	   { "open", be->open },	 { "close", be->close },
		{ "get", be->get },	   { "list", be->list },	 { "put", be->put },
		{ "delete", be->delete_ }, { "txn", be->txn },		 { "index", be->index },
		{ "watch", be->watch },	   { "status", be->status },	 { "cancel", be->cancel },
		{ "fd", be->fd },	   { "dispatch", be->dispatch },
	};
	size_t i;

	for (i = 0; i < sizeof(need) / sizeof(need[0]); i++)
		if (!need[i].there)
			return need[i].name;
	return NULL;
}

int loader_adopt(const struct kvs_backend *from, const char *name, const char *where,
		 struct kvs_backend *ret_be, struct kvs_err *err)
{
	struct kvs_backend be;
	const char *missing;

	if (from->abi != KVS_BACKEND_ABI)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "%s support is of another version: %s has ABI %u, this kvsync "
				   "has %u",
				   name, where, from->abi, KVS_BACKEND_ABI);
	memset(&be, 0, sizeof(be));
	memcpy(&be, from, from->size < sizeof(be) ? from->size : sizeof(be));
	missing = missing_member(&be);
	if (missing)
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "%s is not usable: it has no %s", where,
				   missing);
	if (strcmp(be.name, name) != 0)
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "%s is not usable: it says it is \"%s\"",
				   where, KVS_Q(kvs_s(be.name)));
	*ret_be = be;
	return 0;
}

static int not_installed(const char *name, const char *path, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_UNSUPPORTED,
			   "%s support is not installed: there is no %s; install kvsync's %s "
			   "backend, or build with --with-%s",
			   name, path, name, name);
}

int loader_load(const char *name, struct kvs_backend *ret_be, struct kvs_err *err)
{
	KVS_AUTO_FREE char *path = NULL;
	const struct kvs_backend *found;
	void *module;

	path = kvs_asprintf("%s/%s.so", loader_dir(), name);
	if (!path)
		return kvs_err_oom(err);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return not_installed(name, path, err);
	module = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	if (!module)
		return kvs_err_set(err, KVS_E_UNSUPPORTED, "%s support cannot be loaded: %s", name,
				   dlerror());
	found = dlsym(module, "kvs_module");
	if (!found)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "%s is not a kvsync backend: it has no kvs_module", path);
	return loader_adopt(found, name, path, ret_be, err);
}
