/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_tls.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/pemkey.h"
#include "base/secret.h"
#include "base/str.h"

#include <grpc/grpc_security.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_PEM (1u << 20)

/* Where systems keep the certificates that they trust. */
static const char *const system_roots[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

/* ---- settings ---- */

static int copy_option(const struct kvs_opts *opts, const char *name, char **ret,
		       struct kvs_err *err)
{
	const char *value = kvs_opts_get(opts, name);

	*ret = value ? kvs_strdup(value) : NULL;
	return value && !*ret ? kvs_err_oom(err) : 0;
}

int etcd_tls_init(struct etcd_tls *tls, const struct kvs_opts *opts, bool on, struct kvs_err *err)
{
	const struct {
		const char *name;
		char **to;
	} files[] = {
		{ "ca-file", &tls->ca_file },
		{ "cert-file", &tls->cert_file },
		{ "key-file", &tls->key_file },
		{ "key-password-file", &tls->key_password_file },
		{ "tls-server-name", &tls->server_name },
	};
	size_t i;
	int code;

	tls->on = on;
	tls->any_certificate = kvs_opts_bool(opts, "insecure-skip-tls-verify", 0);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		code = copy_option(opts, files[i].name, files[i].to, err);
		if (code)
			return code;
	}
	if (!tls->cert_file != !tls->key_file)
		return kvs_err_set(err, KVS_E_CONFIG, "cert-file and key-file need each other");
	return 0;
}

void etcd_tls_release(struct etcd_tls *tls)
{
	kvsi_free(tls->ca_file);
	kvsi_free(tls->cert_file);
	kvsi_free(tls->key_file);
	kvsi_free(tls->key_password_file);
	kvsi_free(tls->server_name);
}

/* ---- changes ---- */

static int64_t newer(int64_t than, const char *path)
{
	struct stat st;
	int64_t changed;

	if (!path || stat(path, &st) != 0)
		return than;
	changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return changed > than ? changed : than;
}

static int64_t last_change(const struct etcd_tls *tls)
{
	return newer(newer(newer(0, tls->ca_file), tls->cert_file), tls->key_file);
}

bool etcd_tls_changed(const struct etcd_tls *tls)
{
	return tls->on && last_change(tls) != tls->loaded;
}

/* ---- credentials ---- */

static int read_roots(const struct etcd_tls *tls, struct kvs_buf *pem, struct kvs_err *err)
{
	size_t i;

	if (tls->ca_file)
		return kvs_file_read(tls->ca_file, pem, err);
	for (i = 0; i < sizeof(system_roots) / sizeof(system_roots[0]); i++)
		if (access(system_roots[i], R_OK) == 0)
			return kvs_file_read(system_roots[i], pem, err);
	return kvs_err_set(err, KVS_E_CONFIG,
			   "no certificates to verify the server with; set ca-file");
}

static int unlock(const struct etcd_tls *tls, struct kvs_buf *key, struct kvs_err *err)
{
	KVS_AUTO_SECRET struct kvs_secret password = { NULL };
	int code;

	if (!kvs_pem_is_locked(kvs_buf_slice(key)))
		return 0;
	if (!tls->key_password_file)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the key in %s is locked; set key-password-file",
				   KVS_Q(kvs_s(tls->key_file)));
	code = kvs_secret_read(&password, tls->key_password_file, err);
	return code ? code : kvs_pem_unlock(key, password.value, tls->key_file, err);
}

static int read_pair(const struct etcd_tls *tls, struct kvs_buf *cert, struct kvs_buf *key,
		     struct kvs_err *err)
{
	int code = kvs_file_read(tls->cert_file, cert, err);

	if (!code)
		code = kvs_file_read(tls->key_file, key, err);
	return code ? code : unlock(tls, key, err);
}

/* Accepts whatever certificate the server shows. */
static grpc_channel_credentials *trusting(const char *cert, const char *key)
{
	grpc_tls_credentials_options *opts = grpc_tls_credentials_options_create();
	grpc_tls_certificate_verifier *any = grpc_tls_certificate_verifier_no_op_create();
	grpc_tls_identity_pairs *pairs;
	grpc_tls_certificate_provider *provider;

	grpc_tls_credentials_options_set_verify_server_cert(opts, 0);
	grpc_tls_credentials_options_set_check_call_host(opts, 0);
	grpc_tls_credentials_options_set_certificate_verifier(opts, any);
	grpc_tls_certificate_verifier_release(any);
	if (cert) {
		pairs = grpc_tls_identity_pairs_create();
		grpc_tls_identity_pairs_add_pair(pairs, key, cert);
		provider = grpc_tls_certificate_provider_static_data_create(NULL, pairs);
		grpc_tls_credentials_options_set_certificate_provider(opts, provider);
		grpc_tls_credentials_options_watch_identity_key_cert_pairs(opts);
		grpc_tls_certificate_provider_release(provider);
	}
	return grpc_tls_credentials_create(opts);
}

static grpc_channel_credentials *verifying(const char *roots, const char *cert, const char *key)
{
	grpc_ssl_pem_key_cert_pair pair = { .private_key = key, .cert_chain = cert };

	return grpc_ssl_credentials_create_ex(roots, cert ? &pair : NULL, NULL, NULL);
}

int etcd_tls_credentials(struct etcd_tls *tls, grpc_channel_credentials **ret_creds,
			 struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf roots, cert;
	KVS_CLEANUP(kvs_buf_wipe) struct kvs_buf key;
	int code = 0;

	kvs_buf_init(&roots, MAX_PEM);
	kvs_buf_init(&cert, MAX_PEM);
	kvs_buf_init(&key, MAX_PEM);
	/* Before the reading: a change during it is then seen the next time. */
	tls->loaded = last_change(tls);
	if (!tls->any_certificate)
		code = read_roots(tls, &roots, err);
	if (!code && tls->cert_file)
		code = read_pair(tls, &cert, &key, err);
	if (code)
		return code;
	*ret_creds = tls->any_certificate ? trusting(cert.data, key.data)
					  : verifying(roots.data, cert.data, key.data);
	if (!*ret_creds)
		return kvs_err_set(err, KVS_E_CONFIG, "the TLS files are not usable");
	return 0;
}
