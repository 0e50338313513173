/* SPDX-License-Identifier: Apache-2.0 */
/* The three low-level calls start nothing else in libcrypto; the EVP layer would read openssl.cnf.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include "base/err.h"
#include "base/str.h"

#include <openssl/sha.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct kvs_sha256), "kvs_sha256 holds the context");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct kvs_sha256), "kvs_sha256 is aligned for it");

static SHA256_CTX *context(struct kvs_sha256 *h)
{
	return (SHA256_CTX *)h->state;
}

void kvs_sha256_init(struct kvs_sha256 *h)
{
	(void)SHA256_Init(context(h));
}

void kvs_sha256_add(struct kvs_sha256 *h, const void *p, size_t n)
{
	(void)SHA256_Update(context(h), p, n);
}

void kvs_sha256_hex(struct kvs_sha256 *h, char ret_hex[KVS_SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[SHA256_DIGEST_LENGTH];
	size_t i;

	(void)SHA256_Final(raw, context(h));
	for (i = 0; i < sizeof(raw); i++) {
		ret_hex[2 * i] = digits[raw[i] >> 4];
		ret_hex[2 * i + 1] = digits[raw[i] & 15];
	}
	ret_hex[2 * i] = '\0';
}

void kvs_sha256_of(struct kvs_str bytes, char ret_hex[KVS_SHA256_HEX])
{
	struct kvs_sha256 h;

	kvs_sha256_init(&h);
	kvs_sha256_add(&h, bytes.p, bytes.n);
	kvs_sha256_hex(&h, ret_hex);
}

int kvs_sha256_fd(int fd, const char *name, char ret_hex[KVS_SHA256_HEX], struct kvs_err *err)
{
	char chunk[32 * 1024];
	struct kvs_sha256 h;
	ssize_t n;

	kvs_sha256_init(&h);
	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			break;
		if (n > 0)
			kvs_sha256_add(&h, chunk, (size_t)n);
		else if (errno != EINTR)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(name)));
	}
	kvs_sha256_hex(&h, ret_hex);
	return 0;
}

bool kvs_sha256_is_hex(struct kvs_str s)
{
	const char *p = s.p;
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(p[i] >= '0' && p[i] <= '9') && !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
	return s.n == KVS_SHA256_HEX - 1;
}
