/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that others may read on their way: a warning, for whoever wrote the line or the file may not
 * have thought of it. */
#ifndef KVS_CLI_EXPOSURE_H
#define KVS_CLI_EXPOSURE_H

#include <kvsync/kvsync.h>

struct cli;
struct store_choice;

/* A store to which a token or a password goes without TLS, to another host. */
void exposure_warn_of_store(const struct cli *cli, const struct store_choice *choice,
			    const struct kvs_store *store);

/* The same of a URL with a password in it; `shown` is what may be said of it. */
void exposure_warn_of_url(const char *url, const char *shown);

#endif
