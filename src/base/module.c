/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVS_MODULE_DIR is ignored in set-id programs.  A module that was loaded stays.
 */
#include "base/module.h"

#include "base/cleanup.h"
#include "base/err.h"

#include <dlfcn.h>
#include <stdlib.h>

int kvs_module_load(const struct kvs_module *module, const void **ret_table, struct kvs_err *err)
{
	const char *dir = secure_getenv("KVS_MODULE_DIR");
	KVS_AUTO_FREE char *path = NULL;
	const struct kvs_module_head *head;
	void *handle;

	path = kvs_asprintf("%s/%s", dir && *dir ? dir : module->dir, module->file);
	if (!path)
		return kvs_err_oom(err);
	/* when it is loaded already, that is all that this finds out */
	handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	if (!handle)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "kvsync's %s, needed %s, cannot be loaded: %s", module->what,
				   module->needed, dlerror());
	head = dlsym(handle, module->symbol);
	if (!head || head->abi != module->abi || head->size < module->size)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "%s is not the %s of this version of kvsync", path,
				   module->what);
	*ret_table = head;
	return 0;
}
