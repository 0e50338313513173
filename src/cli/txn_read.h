/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction as JSON lines, one operation a line (kvsync-txn(1)):
 *
 *	{"op":"put","key":"a","value":"1","cas":0}
 *	{"op":"delete","key":{"base64":"/w=="}}
 */
#ifndef KVS_CLI_TXN_READ_H
#define KVS_CLI_TXN_READ_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

#include <stddef.h>

struct txn_ops {
	struct kvs_op *ops;
	size_t *lines; /* the line that each came from, counted from 1 */
	size_t n;
	struct kvs_buf bytes; /* keys, values and leases, which the operations borrow */
};

/* Reads every line of text; empty ones are passed over.  Errors: ARG, naming the line; NOMEM.
 * Free with txn_ops_release(), also after a failure. */
int txn_ops_read(struct kvs_str text, struct txn_ops *ret_ops, struct kvs_err *err);
void txn_ops_release(struct txn_ops *ops);

#endif
