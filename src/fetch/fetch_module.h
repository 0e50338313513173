/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program and its fetch module say to each other.
 */
#ifndef KVS_FETCH_MODULE_H
#define KVS_FETCH_MODULE_H

#include "base/module.h"
#include "fetch/fetch.h"

#define KVS_FETCH_ABI 1u

/* The module's file, and the one symbol that it exports: a const struct kvs_fetch_table. */
#define KVS_FETCH_FILE	 "libkvsfetch.so"
#define KVS_FETCH_SYMBOL "kvs_fetch_table"

struct kvs_fetch_table {
	struct kvs_module_head head;
	/* As kvs_fetch(). */
	int (*run)(const struct kvs_fetch_request *request, int *ret_status, struct kvs_err *err);
};

#endif
