/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of named contents.  What is signed is the name, the content's checksum and the time, so
 * that a signature is good for one content under one name, and an older one can be told from a
 * newer:
 *
 *	"kvsync-sig-v1" NUL name NUL checksum NUL time NUL
 *
 * A signature is one line, without a newline:
 *
 *	v1 ed25519 <key's id> <time> <base64 of the 64 bytes>
 *
 * The time is RFC 3339 in UTC with Z and with milliseconds or whole seconds, and is signed as it
 * stands in the line.  It knows nothing of stores and of how a name is made.
 */
#ifndef KVS_BASE_SIGN_H
#define KVS_BASE_SIGN_H

#include "base/signkey.h"
#include "base/stamp.h"

#include <kvsync/kvsync.h>

#include <stdint.h>

#define KVS_SIGNATURE_TIME KVS_STAMP_SIZE
#define KVS_SIGNATURE_LINE 142 /* the longest line and a NUL */

struct kvs_signature {
	char key_id[KVS_SIGNKEY_ID];
	char time[KVS_SIGNATURE_TIME];
	uint64_t time_ms; /* since 1970 */
	unsigned char bytes[KVS_SIGNATURE_BYTES];
};

/* Signs, and writes the line.  The checksum is hex.  ARG (a NUL in the name, a time that is not in
 * 1970 to 9999), SYS, NOMEM. */
int kvs_sign(const struct kvs_signkey *key, struct kvs_str name, const char *checksum,
	     uint64_t time_ms, char ret_line[KVS_SIGNATURE_LINE], struct kvs_err *err);

/* Reads a line; anything but exactly such a line is INTEGRITY. */
int kvs_signature_parse(struct kvs_str line, struct kvs_signature *ret, struct kvs_err *err);

/* Is it a signature of that name and checksum by one of these keys?  INTEGRITY (no key of that id,
 * not its signature), NOMEM. */
int kvs_signature_verify(const struct kvs_signature *signature,
			 const struct kvs_signkey *const *keys, size_t n_keys, struct kvs_str name,
			 const char *checksum, struct kvs_err *err);

#endif
