/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which store: -s, consul_server in the file of -C, KVSYNC_STORE, and the Consul agent of this
 * machine as kvexpress has it.  CONSUL_HTTP_ADDR and the default store of kvsync.yaml do not count,
 * for they would take a line that has always meant the agent elsewhere.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/kvexpress.h"
#include "cli/store_env.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "config/config.h"

#include <stdlib.h>

#define DEFAULT_SERVER "localhost:8500"
#define DEFAULT_TOKEN  "anonymous"

/* As long as kvexpress tries. */
#define TIMEOUT_MS 20000

const char *kvx_setting(const struct kvx *x, enum kvx_setting which)
{
	return x->settings ? kvs_flat_get(x->settings, which, NULL) : NULL;
}

static bool is_given(const char *word)
{
	return word && *word;
}

static int choose_server(struct kvx *x, const char *server, struct kvs_err *err)
{
	struct cli_globals *g = &x->cli->globals;
	int code = 0;

	if (store_url_says_kind(server)) {
		x->server = kvs_strdup(server);
		code = x->server ? 0 : kvs_err_oom(err);
	} else {
		code = store_env_consul_url(server, &x->server, err);
		g->backend = "consul";
	}
	if (code)
		return code;
	g->endpoints.items = kvs_realloc_array(NULL, 1, sizeof(*g->endpoints.items));
	if (!g->endpoints.items)
		return kvs_err_oom(err);
	g->endpoints.items[0] = x->server;
	g->endpoints.n = 1;
	return 0;
}

static void set_deadline(struct cli *cli)
{
	bool configured = cli->config->at[KVS_CONFIG_TIMEOUT].line != 0;
	uint64_t timeout = configured ? cli->config->timeout_ms : TIMEOUT_MS;

	if (timeout && __builtin_add_overflow(kvsi_monotonic_ms(), timeout, &cli->deadline))
		cli->deadline = 0;
}

int kvx_choose_store(struct kvx *x, struct kvs_err *err)
{
	const char *server = is_given(x->o->server) ? x->o->server
						    : kvx_setting(x, KVX_CONSUL_SERVER);
	struct cli *cli = x->cli;
	int code;

	cli->globals.token = x->o->token.value ?: kvx_setting(x, KVX_TOKEN);
	cli->globals.default_token = DEFAULT_TOKEN;
	code = kvs_config_load(NULL, NULL, &cli->config, err);
	if (code)
		return code;
	set_deadline(cli);
	if (!server && is_given(getenv("KVSYNC_STORE")))
		return 0;
	return choose_server(x, server ?: DEFAULT_SERVER, err);
}

int kvx_open_store(struct kvx *x, struct kvs_err *err)
{
	int code = cli_open_store(x->cli, &x->store, err);

	x->t.store = x->store;
	return code;
}

void kvx_init_transfer(struct kvx *x)
{
	cli_transfer_init(x->cli, NULL, &x->t);
	x->t.prefix = x->prefix;
	x->t.free_names = true;
	x->t.refusal = &x->refusal;
}
