/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loadable modules of our own that export one table: what few runs need, and what a library that
 * is slow to load stands behind.  (Backends have a loader of their own, core/loader.c.)
 */
#ifndef KVS_BASE_MODULE_H
#define KVS_BASE_MODULE_H

#include <kvsync/kvsync.h>

/* What every such table begins with. */
struct kvs_module_head {
	uint32_t abi;
	uint32_t size; /* of the whole table */
};

struct kvs_module {
	const char *dir;  /* where it is installed; KVS_MODULE_DIR names another folder for tests */
	const char *file; /* "libkvscodec.so" */
	const char *symbol; /* that it exports */
	const char *what;   /* "codec module", for messages */
	const char *needed; /* "for compressed values" */
	uint32_t abi;
	uint32_t size;
};

/* Loads it, once for all times; *ret_table is its table, which begins with a struct
 * kvs_module_head.  UNSUPPORTED (not installed, or of another version), NOMEM. */
int kvs_module_load(const struct kvs_module *module, const void **ret_table, struct kvs_err *err);

#endif
