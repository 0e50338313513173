/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, started once, so that nothing is hidden by a second try of the library.
 */
#ifndef KVS_TESTS_ONCE_H
#define KVS_TESTS_ONCE_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

struct outcome {
	bool done;
	int code;
	int entries;
	struct kvs_reply reply;
	struct kvs_err err;
};

/* Starts it and dispatches until it is done. */
struct outcome once(struct kvs_store *store, const struct kvs_request *req);

/* The put of "v" under "k". */
struct kvs_op once_put(void);

/* Starts one of this kind and waits, on the key "k"; writes put "v", a transaction if it is absent. */
struct outcome once_of(struct kvs_store *store, uint32_t kind, uint64_t timeout);

#endif
