/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys to verify signatures with: from --verify, else from the configuration.
 */
#ifndef KVS_CLI_VERIFY_KEYS_H
#define KVS_CLI_VERIFY_KEYS_H

#include "base/opt.h"
#include "base/signkey.h"

struct cli;

struct verify_keys {
	struct kvs_signkey **keys;
	size_t n; /* 0: signatures do not matter */
};

/* Reads the files; given ones go before those of the configuration.  CONFIG (also if the configuration
 * requires signatures and there is no key), SYS, NOMEM. */
int verify_keys_init(struct verify_keys *v, const struct cli *cli, const struct kvs_optlist *given,
		     struct kvs_err *err);
void verify_keys_release(struct verify_keys *v);

#define AUTO_VERIFY_KEYS __attribute__((cleanup(verify_keys_release)))

#endif
