/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One version of a file as the store keeps it: a line of JSON that says whose it is, a newline, and
 * the file's bytes in some encoding.  Knows nothing of stores.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_VERSION_H
#define KVS_TRANSFER_VERSION_H

#include "base/json.h"
#include "transfer/transfer.h"

/* Digits of a version's number, as the last part of its key. */
#define KVS_VERSION_DIGITS 20

/* The number that a key ends in; 0 if it ends in none. */
uint64_t kvs_version_number(struct kvs_str key);

/* Appends the line of a version. NOMEM. */
int kvs_version_head(const struct kvs_version *version, struct kvs_buf *value, struct kvs_err *err);

/* What a stored value is, read: version's texts live in `json`, bytes behind the head in body. */
struct kvs_version_read {
	struct kvs_version version;
	struct kvs_str body;
	struct json_object *json;
};

/* INTEGRITY if the value is no version. */
int kvs_version_read(const struct kvs_entry *entry, struct kvs_version_read *ret,
		     struct kvs_err *err);
void kvs_version_read_release(struct kvs_version_read *read);

#define KVS_AUTO_VERSION KVS_CLEANUP(kvs_version_read_release)

#endif
