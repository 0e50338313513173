/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of the consul CLI and of etcdctl, as options of a store.  These values fill only
 * a store that was chosen by --endpoint, --backend or this very environment, never a section of the
 * configuration, so that one site's token does not travel to another.
 */
#ifndef KVS_CLI_STORE_ENV_H
#define KVS_CLI_STORE_ENV_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

/* Is there an address of a store of this kind ("consul", "etcd") in the environment?  The
 * variable's name, or NULL. */
const char *store_env_address(const char *backend);

/* Adds what the environment says for a store of this kind to opts, where opts do not say it yet;
 * the address only if it is wanted.  Errors: ARG, naming the variable; NOMEM. */
int store_env_fill(const char *backend, bool want_address, struct kvs_opts *opts,
		   struct kvs_err *err);

/* A server of Consul's as a URL or HOST:PORT, with https:// in front where CONSUL_HTTP_SSL asks for
 * TLS.  Fresh memory.  ARG (the variable), NOMEM. */
int store_env_consul_url(const char *address, char **ret_url, struct kvs_err *err);

/* Adds each part of a comma-separated list as "endpoints". */
int store_env_add_endpoints(struct kvs_opts *opts, const char *list, struct kvs_err *err);

#endif
