/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that is to run after a target has changed.
 */
#ifndef KVS_TRANSFER_EXEC_H
#define KVS_TRANSFER_EXEC_H

#include "transfer/transfer.h"

/*
 * Runs the command of an `out`, with KVSYNC_KEY, KVSYNC_FILE and KVSYNC_CHECKSUM in its
 * environment; what it says is logged.  COMMAND if it could not be started, failed or took too
 * long; SYS, NOMEM.
 */
int kvs_transfer_exec(const struct kvs_out_params *params, const char *file, const char *checksum,
		      struct kvs_err *err);

#endif
