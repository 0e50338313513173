/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_keys.h"

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "config/config.h"

int verify_keys_init(struct verify_keys *v, const struct cli *cli, const struct kvs_optlist *given,
		     struct kvs_err *err)
{
	const struct kvs_config_list *configured = &cli->config->verify_keys;
	const char *const *files = given->n ? given->items : configured->items;
	size_t n = given->n ? given->n : configured->n;
	int code = 0;

	*v = (struct verify_keys){ 0 };
	if (n == 0 && cli->config->require_signature)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the configuration requires signatures and there is no key to "
				   "verify them with: set verify-keys there, or give --verify");
	if (n == 0)
		return 0;
	v->keys = kvs_realloc_array(NULL, n, sizeof(struct kvs_signkey *));
	if (!v->keys)
		return kvs_err_oom(err);
	while (!code && v->n < n) {
		code = kvs_signkey_read_public(files[v->n], &v->keys[v->n], err);
		v->n += !code;
	}
	return code;
}

void verify_keys_release(struct verify_keys *v)
{
	while (v->n > 0)
		kvs_signkey_free(v->keys[--v->n]);
	kvsi_free(v->keys);
	v->keys = NULL;
}
