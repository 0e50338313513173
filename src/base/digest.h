/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, streaming, as the lowercase hex in which checksums are stored.  Nothing here allocates,
 * fails, or touches OpenSSL's process-wide state (doc/decisions/0002).
 */
#ifndef KVS_BASE_DIGEST_H
#define KVS_BASE_DIGEST_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

/* 64 digits and a NUL. */
#define KVS_SHA256_HEX 65

struct kvs_sha256 {
	uint32_t state[28]; /* the library's context */
};

void kvs_sha256_init(struct kvs_sha256 *h);
void kvs_sha256_add(struct kvs_sha256 *h, const void *p, size_t n);
/* Ends the computation; h may be used again after kvs_sha256_init(). */
void kvs_sha256_hex(struct kvs_sha256 *h, char ret_hex[KVS_SHA256_HEX]);

/* The digest of bytes that are all there. */
void kvs_sha256_of(struct kvs_str bytes, char ret_hex[KVS_SHA256_HEX]);

/* The digest of everything from fd's position to its end.  `name` is for messages.  SYS. */
int kvs_sha256_fd(int fd, const char *name, char ret_hex[KVS_SHA256_HEX], struct kvs_err *err);

/* 64 lowercase hex digits, and nothing else? */
bool kvs_sha256_is_hex(struct kvs_str s);

#endif
