/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signkey.h"

#include "base/digest.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/secret.h"
#include "base/str.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX     16384
#define PUBLIC_BYTES 32

struct kvs_signkey {
	EVP_PKEY *pkey;
	char id[KVS_SIGNKEY_ID];
};

static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void free_bio(BIO **bio)
{
	BIO_free_all(*bio);
}

static void free_md(EVP_MD_CTX **md)
{
	EVP_MD_CTX_free(*md);
}

#define AUTO_PKEY KVS_CLEANUP(free_pkey)
#define AUTO_BIO  KVS_CLEANUP(free_bio)
#define AUTO_MD	  KVS_CLEANUP(free_md)

/* OpenSSL's words for its last failure, which is then forgotten. */
static int openssl_failed(struct kvs_err *err, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
		return kvs_err_oom(err);
	return kvs_err_set(err, KVS_E_SYS, "%s: OpenSSL says: %s", what,
			   reason ? reason : "nothing");
}

/* ---- the key itself ---- */

static int fill_id(struct kvs_signkey *key, struct kvs_err *err)
{
	unsigned char raw[PUBLIC_BYTES];
	char digest[KVS_SHA256_HEX];
	size_t n = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &n) != 1 || n != sizeof(raw))
		return openssl_failed(err, "read a public key");
	kvs_sha256_of(kvs_sn(raw, n), digest);
	memcpy(key->id, digest, sizeof(key->id) - 1);
	key->id[sizeof(key->id) - 1] = '\0';
	return 0;
}

/* Takes pkey. */
static int adopt(EVP_PKEY *pkey, struct kvs_signkey **ret_key, struct kvs_err *err)
{
	KVS_AUTO_SIGNKEY struct kvs_signkey *key = kvs_zalloc(sizeof(*key));
	int rc;

	if (!key) {
		EVP_PKEY_free(pkey);
		return kvs_err_oom(err);
	}
	key->pkey = pkey;
	rc = fill_id(key, err);
	if (rc == 0)
		*ret_key = kvs_steal_ptr(key);
	return rc;
}

const char *kvs_signkey_id(const struct kvs_signkey *key)
{
	return key->id;
}

void kvs_signkey_free(struct kvs_signkey *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	kvsi_free(key);
}

/* ---- reading ---- */

/* What a key's file must not allow to others. */
struct rule {
	mode_t forbidden;
	const char *fault;
	const char *remedy;
	const char *content;
	EVP_PKEY *(*parse)(BIO *bio, EVP_PKEY **x, pem_password_cb *cb, void *arg);
};

static const struct rule private_rule = {
	.forbidden = 0077,
	.fault = "is a private key that others may read or change",
	.remedy = "chmod 600",
	.content = "private",
	.parse = PEM_read_bio_PrivateKey,
};

static const struct rule public_rule = {
	.forbidden = 0022,
	.fault = "is a key that others may change",
	.remedy = "chmod go-w",
	.content = "public",
	.parse = PEM_read_bio_PUBKEY,
};

static int open_checked(const char *file, const struct rule *rule, int *ret_fd, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) != 0)
		return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(file)));
	rc = kvs_file_check(file, &st, err);
	if (rc)
		return rc;
	if (st.st_mode & rule->forbidden)
		return kvs_err_set(err, KVS_E_CONFIG, "%s %s (mode %04o): %s it",
				   KVS_Q(kvs_s(file)), rule->fault, (unsigned)st.st_mode & 07777,
				   rule->remedy);
	*ret_fd = kvs_steal_fd(&fd);
	return 0;
}

/* An encrypted key: there is nobody to ask for a password. */
static int no_password(char *buf, int size, int writing, void *arg)
{
	return 0;
}

static int parse(const char *file, const struct rule *rule, struct kvs_str pem,
		 struct kvs_signkey **ret_key, struct kvs_err *err)
{
	AUTO_BIO BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	AUTO_PKEY EVP_PKEY *pkey = NULL;

	if (!bio)
		return kvs_err_oom(err);
	pkey = rule->parse(bio, NULL, no_password, NULL);
	ERR_clear_error();
	if (!pkey || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "%s holds no Ed25519 %s key in PEM without a password; kvsync "
				   "keygen makes a pair",
				   KVS_Q(kvs_s(file)), rule->content);
	return adopt(kvs_steal_ptr(pkey), ret_key, err);
}

static int read_key(const char *file, const struct rule *rule, struct kvs_signkey **ret_key,
		    struct kvs_err *err)
{
	KVS_AUTO_FD int fd = -1;
	struct kvs_buf pem;
	int rc = open_checked(file, rule, &fd, err);

	if (rc)
		return rc;
	kvs_buf_init(&pem, FILE_MAX);
	/* all at once: memory that grows leaves copies behind */
	(void)kvs_buf_reserve(&pem, FILE_MAX);
	rc = kvs_fd_read(fd, file, &pem, err);
	if (rc == KVS_E_TOOBIG)
		rc = kvs_err_set(err, KVS_E_CONFIG, "%s is over %d bytes; a key was expected",
				 KVS_Q(kvs_s(file)), FILE_MAX);
	rc = rc ? rc : parse(file, rule, kvs_buf_slice(&pem), ret_key, err);
	kvs_wipe_free(pem.data, pem.size);
	return rc;
}

int kvs_signkey_read_private(const char *file, struct kvs_signkey **ret_key, struct kvs_err *err)
{
	return read_key(file, &private_rule, ret_key, err);
}

int kvs_signkey_read_public(const char *file, struct kvs_signkey **ret_key, struct kvs_err *err)
{
	return read_key(file, &public_rule, ret_key, err);
}

/* ---- making ---- */

static int check_absent(const char *file, struct kvs_err *err)
{
	struct stat st;

	if (lstat(file, &st) == 0)
		return kvs_err_set(err, KVS_E_ARG,
				   "%s is there already; a key is never overwritten: give another "
				   "name, or remove it",
				   KVS_Q(kvs_s(file)));
	return 0;
}

/* Writes what is in the BIO. */
static int write_pem(const char *file, mode_t mode, BIO *bio, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .rights = { .set_mode = true, .mode = mode } };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	enum kvs_published how;
	char *pem = NULL;
	long n = BIO_get_mem_data(bio, &pem);
	int rc = kvs_newfile_open(&f, file, &opts, err);

	rc = rc ? rc : kvs_newfile_write(&f, pem, (size_t)n, err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	return rc ? rc : kvs_newfile_publish(&f, &how, err);
}

static int write_pair(const EVP_PKEY *pkey, const char *file, const char *public_file,
		      struct kvs_err *err)
{
	/* secure memory is wiped when it is freed */
	AUTO_BIO BIO *secret = BIO_new(BIO_s_secmem());
	AUTO_BIO BIO *open = BIO_new(BIO_s_mem());
	int rc;

	if (!secret || !open)
		return kvs_err_oom(err);
	if (PEM_write_bio_PKCS8PrivateKey(secret, pkey, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_PUBKEY(open, pkey) != 1)
		return openssl_failed(err, "write a key");
	rc = write_pem(file, 0600, secret, err);
	if (rc)
		return rc;
	rc = write_pem(public_file, 0644, open, err);
	if (rc)
		(void)unlink(file); /* half a pair is none */
	return rc;
}

int kvs_signkey_generate(const char *file, const char *public_file, char ret_id[KVS_SIGNKEY_ID],
			 struct kvs_err *err)
{
	KVS_AUTO_SIGNKEY struct kvs_signkey *key = NULL;
	EVP_PKEY *pkey;
	int rc = check_absent(file, err);

	rc = rc ? rc : check_absent(public_file, err);
	if (rc)
		return rc;
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!pkey)
		return openssl_failed(err, "make a key");
	rc = adopt(pkey, &key, err);
	rc = rc ? rc : write_pair(key->pkey, file, public_file, err);
	if (rc == 0)
		memcpy(ret_id, key->id, sizeof(key->id));
	return rc;
}

/* ---- using ---- */

int kvs_signkey_sign(const struct kvs_signkey *key, struct kvs_str message,
		     unsigned char ret_signature[KVS_SIGNATURE_BYTES], struct kvs_err *err)
{
	AUTO_MD EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char signature[KVS_SIGNATURE_BYTES];
	size_t n = sizeof(signature);

	if (!md)
		return kvs_err_oom(err);
	if (EVP_DigestSignInit(md, NULL, NULL, NULL, key->pkey) != 1 ||
	    EVP_DigestSign(md, signature, &n, message.p, message.n) != 1 || n != sizeof(signature))
		return openssl_failed(err, "sign");
	memcpy(ret_signature, signature, sizeof(signature));
	return 0;
}

int kvs_signkey_verify(const struct kvs_signkey *key, struct kvs_str message,
		       const unsigned char signature[KVS_SIGNATURE_BYTES], bool *ret_good,
		       struct kvs_err *err)
{
	AUTO_MD EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (!md)
		return kvs_err_oom(err);
	if (EVP_DigestVerifyInit(md, NULL, NULL, NULL, key->pkey) != 1)
		return openssl_failed(err, "verify a signature");
	*ret_good = EVP_DigestVerify(md, signature, KVS_SIGNATURE_BYTES, message.p, message.n) == 1;
	ERR_clear_error();
	return 0;
}
