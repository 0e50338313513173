/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pemkey.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <openssl/pem.h>
#include <string.h>

static void free_bio(BIO **bio)
{
	BIO_free_all(*bio);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

bool kvs_pem_is_locked(struct kvs_str pem)
{
	static const char mark[] = "ENCRYPTED"; /* in the first line, or in Proc-Type */

	return pem.n && memmem(pem.p, pem.n, mark, sizeof(mark) - 1);
}

static int give_password(char *to, int size, int writing, void *password)
{
	size_t n = strlen(password);

	(void)writing;
	if (size < 0 || n > (size_t)size)
		return -1;
	memcpy(to, password, n);
	return (int)n;
}

int kvs_pem_unlock(struct kvs_buf *pem, const char *password, const char *name, struct kvs_err *err)
{
	KVS_CLEANUP(free_bio) BIO *in = BIO_new_mem_buf(pem->data, (int)pem->len);
	KVS_CLEANUP(free_bio) BIO *out = BIO_new(BIO_s_secmem());
	KVS_CLEANUP(free_key) EVP_PKEY *key = NULL;
	char *open;
	long n;

	if (!in || !out)
		return kvs_err_oom(err);
	key = PEM_read_bio_PrivateKey(in, NULL, give_password, (void *)(uintptr_t)password);
	if (!key)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the key in %s does not open with its password",
				   KVS_Q(kvs_s(name)));
	if (PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
		return kvs_err_oom(err);
	n = BIO_get_mem_data(out, &open);
	explicit_bzero(pem->data, pem->len);
	kvs_buf_reset(pem);
	kvs_buf_add(pem, open, (size_t)n);
	return kvs_buf_check(pem, "a key", err);
}
