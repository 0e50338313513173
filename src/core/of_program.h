/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that is part of a program rather than of the library or a module: for kvsync-etcd.
 */
#ifndef KVS_CORE_OF_PROGRAM_H
#define KVS_CORE_OF_PROGRAM_H

#include <kvsync/backend.h>

/* Makes it known, before anything is opened.  Borrowed for ever; one at most. */
void kvsi_backend_add(const struct kvs_backend *be);

#endif
