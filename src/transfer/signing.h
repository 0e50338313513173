/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which signature belongs to a file in a store.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_SIGNING_H
#define KVS_TRANSFER_SIGNING_H

#include "base/sign.h"
#include "transfer/layout.h"

/* Who may have signed. */
struct kvs_signers {
	const struct kvs_signkey *const *keys;
	size_t n; /* 0: signatures do not matter */
};

/* What a file's signature is for: PREFIX/KEY, without a leading slash where the store drops one.
 * Borrowed from names. */
struct kvs_str kvs_signed_name(const struct kvs_store *store, const struct kvs_names *names);

/* Is the entry (NULL: there is none) a signature of that name and checksum by one of the signers?
 * *ret_ms is when it was made.  INTEGRITY, NOMEM. */
int kvs_signature_check(const struct kvs_entry *entry, const struct kvs_signers *signers,
			struct kvs_str name, const char *checksum, uint64_t *ret_ms,
			struct kvs_err *err);

/*
 * Signs now; but later than `seen`, if that is a signature by the same key of what the store holds
 * (`held`, its checksum): a reader who has installed that takes nothing older, whatever our clock
 * says.
 */
int kvs_signature_make(const struct kvs_signkey *key, struct kvs_str name, const char *checksum,
		       const struct kvs_entry *seen, struct kvs_str held,
		       char ret_line[KVS_SIGNATURE_LINE], struct kvs_err *err);

#endif
