/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core has for kvsync's own programs only.
 */
#ifndef KVS_CORE_OF_PROGRAM_H
#define KVS_CORE_OF_PROGRAM_H

#include <kvsync/backend.h>

/* A backend that is part of a program rather than of the library or a module: for kvsync-etcd.
 * Makes it known, before anything is opened.  Borrowed for ever; one at most. */
void kvsi_backend_add(const struct kvs_backend *be);

/* Requests that this store's blocking calls made again since it was not reached. */
uint64_t kvsi_store_retries(const struct kvs_store *store);

#endif
