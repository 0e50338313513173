/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store says of one file: its guards, its checksum, its data.
 */
#ifndef KVS_TRANSFER_PAIR_H
#define KVS_TRANSFER_PAIR_H

#include "transfer/common.h"

/* The value of a checksum key without the white space around it; empty for no entry. */
struct kvs_str kvs_checksum_value(const struct kvs_entry *checksum);

/* Copies a checksum that is to be relied on.  INTEGRITY if it is none. */
int kvs_checksum_parse(const struct kvs_entry *checksum, const char *name,
		       char ret_hex[KVS_SHA256_HEX], struct kvs_err *err);

/* FROZEN with the reason, if the stop of this key is set, or the lock of this path. */
int kvs_stop_check(const struct kvs_transfer *t, const struct kvs_entry *stop, const char *key,
		   struct kvs_err *err);
int kvs_lock_check(const struct kvs_transfer *t, const struct kvs_entry *lock, const char *path,
		   struct kvs_err *err);

#endif
