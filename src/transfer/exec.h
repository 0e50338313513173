/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that a job runs.
 */
#ifndef KVS_TRANSFER_EXEC_H
#define KVS_TRANSFER_EXEC_H

#include "transfer/transfer.h"

/* What a command is told in its environment. */
struct kvs_subject {
	const char *key;      /* KVSYNC_KEY */
	const char *file;     /* KVSYNC_FILE */
	const char *checksum; /* KVSYNC_CHECKSUM */
};

/* The limit in force, in ms; 0: none. */
uint64_t kvs_command_limit(const struct kvs_command *command);

/* How long another run is waited for that has the same commands: this one's part of it. */
uint64_t kvs_command_time(const struct kvs_command *command);

/*
 * Runs a command to its end and logs what it says; `role` is a word of ours for it.  Errors: COMMAND
 * if it could not be started, failed or took too long; CANCELED if we were told to end meanwhile, by
 * *ret_signal, which is 0 otherwise; SYS, NOMEM.
 */
int kvs_command_run(const struct kvs_command *command, const char *role,
		    const struct kvs_subject *subject, int *ret_signal, struct kvs_err *err);

#endif
