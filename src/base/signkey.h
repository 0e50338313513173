/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 keys in files: PEM as every tool writes it (PKCS #8, and SubjectPublicKeyInfo for the public
 * one), one key a file.  A key's id is the first 16 hex digits of the SHA-256 of its 32 public
 * bytes.  It knows nothing of what is signed.
 */
#ifndef KVS_BASE_SIGNKEY_H
#define KVS_BASE_SIGNKEY_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

/* 16 digits and a NUL. */
#define KVS_SIGNKEY_ID 17

struct kvs_signkey;

/*
 * Makes a pair: the private key into `file` (0600), the public one into `public_file` (0644).  Neither
 * may be there yet.  ARG (one is), SYS, NOMEM.
 */
int kvs_signkey_generate(const char *file, const char *public_file, char ret_id[KVS_SIGNKEY_ID],
			 struct kvs_err *err);

/* Reads a key to sign with.  CONFIG (others may read the file, no such key in it), SYS, NOMEM. */
int kvs_signkey_read_private(const char *file, struct kvs_signkey **ret_key, struct kvs_err *err);

/* Reads a key to verify with.  CONFIG (others may change the file, no such key in it), SYS, NOMEM. */
int kvs_signkey_read_public(const char *file, struct kvs_signkey **ret_key, struct kvs_err *err);

/* Borrowed from the key. */
const char *kvs_signkey_id(const struct kvs_signkey *key);

/* NULL is fine. */
void kvs_signkey_free(struct kvs_signkey *key);

/* ---- for base/sign.c ---- */

#define KVS_SIGNATURE_BYTES 64

/* Signs with a private key.  SYS (OpenSSL refuses), NOMEM. */
int kvs_signkey_sign(const struct kvs_signkey *key, struct kvs_str message,
		     unsigned char ret_signature[KVS_SIGNATURE_BYTES], struct kvs_err *err);

/* *ret_good: is this the signature of the message by that key?  NOMEM. */
int kvs_signkey_verify(const struct kvs_signkey *key, struct kvs_str message,
		       const unsigned char signature[KVS_SIGNATURE_BYTES], bool *ret_good,
		       struct kvs_err *err);

static inline void kvs_cleanup_signkey(struct kvs_signkey **key)
{
	kvs_signkey_free(*key);
}

#define KVS_AUTO_SIGNKEY KVS_CLEANUP(kvs_cleanup_signkey)

#endif
