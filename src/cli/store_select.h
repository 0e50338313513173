/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which store a command works on.  The first of these that says something wins:
 *	1. --store NAME|URL
 *	2. --endpoint, --srv, --backend
 *	3. KVSYNC_STORE (NAME|URL)
 *	4. the configuration's default-store, or its only store
 *	5. CONSUL_HTTP_ADDR, or ETCDCTL_ENDPOINTS and ETCD_ENDPOINTS
 * and nothing else does: nobody writes to an embedded store by accident.  Within the chosen store:
 * flag, environment (2 and 5 only), configuration, default.
 */
#ifndef KVS_CLI_STORE_SELECT_H
#define KVS_CLI_STORE_SELECT_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

struct cli;

struct store_choice {
	char *url;	       /* for kvs_open(), or NULL: the options say all */
	struct kvs_opts *opts; /* flags, environment, configuration, merged */
};

/* Chooses; opens nothing.  cli->config is there.  Errors: ARG, CONFIG, SYS, NOMEM.  Free with
 * store_choice_release(). */
int store_choose(const struct cli *cli, struct store_choice *ret_choice, struct kvs_err *err);
void store_choice_release(struct store_choice *choice);

/* Is the word a store URL, which says by itself what kind of store it is? */
bool store_url_says_kind(const char *word);

/* Is it a store of this kind ("consul")? */
bool store_choice_is(const struct store_choice *choice, const char *backend);

/* Chooses and opens; the command's deadline is set on the store.  Errors also as kvs_open(). */
int cli_open_store(const struct cli *cli, struct kvs_store **ret_store, struct kvs_err *err);

static inline void cli_cleanup_store(struct kvs_store **store)
{
	kvs_close(*store);
}

#define CLI_AUTO_STORE __attribute__((cleanup(cli_cleanup_store)))

#endif
