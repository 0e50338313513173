/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses: the one table.  `kvsync help --tables` prints it and the manual is checked against
 * it.  Scripts rely on the numbers: they never change their meaning.
 */
#ifndef KVS_CLI_EXIT_H
#define KVS_CLI_EXIT_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_DENIED = 4,
	EXIT_NOTFOUND = 5,
	EXIT_FROZEN = 6,
	EXIT_GUARD = 7,
	EXIT_INTEGRITY = 8,
	EXIT_COMMAND = 9,
	EXIT_CONFLICT = 10,
	EXIT_PARTIAL = 11,
	EXIT_UNCERTAIN = 12,
	EXIT_UNSUPPORTED = 13,
	EXIT_DIFFERS = 14,
};

struct exit_row {
	int status;
	const char *meaning;
	const int *codes; /* the KVS_E_* that end so, 0-terminated */
};

/* Ends with a row whose meaning is NULL. */
extern const struct exit_row exit_table[];

/* The status for a KVS_E_* code (0: done). */
int exit_status_of(int code);

#endif
