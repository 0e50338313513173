/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the command line to the transfer engine.
 */
#ifndef KVS_CLI_TRANSFER_SETUP_H
#define KVS_CLI_TRANSFER_SETUP_H

#include "transfer/transfer.h"

struct cli;

/* What every job of the engine needs: prefix, deadline, a report that is logged.  store is
 * borrowed. */
void cli_transfer_init(const struct cli *cli, struct kvs_store *store, struct kvs_transfer *ret);

/* Does the configuration allow what kvexpress cannot read? */
bool cli_no_compat(const struct cli *cli);

/* Does the command say on standard output what it did? */
bool cli_talks(const struct cli *cli);

#endif
