/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store says of one file: its guards, its checksum, its data.
 */
#ifndef KVS_TRANSFER_PAIR_H
#define KVS_TRANSFER_PAIR_H

#include "transfer/common.h"
#include "transfer/compress.h"
#include "transfer/layout.h"

/* The value of a checksum key without the white space around it; empty for no entry. */
struct kvs_str kvs_checksum_value(const struct kvs_entry *checksum);

/* Copies a checksum that is to be relied on.  INTEGRITY if it is none. */
int kvs_checksum_parse(const struct kvs_entry *checksum, const char *name,
		       char ret_hex[KVS_SHA256_HEX], struct kvs_err *err);

/* The same for the checksum of a file that is to be read.  NOTFOUND (there is no entry), INTEGRITY. */
int kvs_pair_checksum(const struct kvs_transfer *t, const struct kvs_names *names,
		      const struct kvs_entry *checksum, char ret_hex[KVS_SHA256_HEX],
		      struct kvs_err *err);

/*
 * Reads the data of a checksum that was just read.  What does not belong to it is INTEGRITY: a
 * write may have come between, so all is worth reading again.  ret->bytes are in *ret_data or in
 * room, whose limit holds for what is unpacked.
 */
int kvs_pair_fetch(const struct kvs_transfer *t, const struct kvs_names *names,
		   const char *checksum, struct kvs_buf *room, struct kvs_entry **ret_data,
		   struct kvs_decoded *ret, struct kvs_err *err);

/* Is it worth reading the pair again that failed with rc the nth time?  Sleeps before it. */
bool kvs_pair_again(const struct kvs_transfer *t, int rc, unsigned attempts);

/* FROZEN with the reason, if the stop of this key is set, or the lock of this path. */
int kvs_stop_check(const struct kvs_transfer *t, const struct kvs_entry *stop, const char *key,
		   struct kvs_err *err);
int kvs_lock_check(const struct kvs_transfer *t, const struct kvs_entry *lock, const char *path,
		   struct kvs_err *err);

#endif
