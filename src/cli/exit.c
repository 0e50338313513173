/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exit.h"

#include <kvsync/kvsync.h>

#define CODES(...)                                                                                 \
	(const int[])                                                                              \
	{                                                                                          \
		__VA_ARGS__, 0                                                                     \
	}
#define NO_CODE                                                                                    \
	(const int[])                                                                              \
	{                                                                                          \
		0                                                                                  \
	}

const struct exit_row exit_table[] = {
	{ EXIT_DONE, "done, or nothing to do", NO_CODE },
	{ EXIT_FAILED, "failed: a file, the system, or an answer that makes no sense",
	  CODES(KVS_E_SYS, KVS_E_NOMEM, KVS_E_PROTOCOL, KVS_E_COMPACTED, KVS_E_CANCELED,
		KVS_E_BUG) },
	{ EXIT_USAGE, "wrong usage or configuration", CODES(KVS_E_ARG, KVS_E_CONFIG) },
	{ EXIT_UNREACHABLE, "the store was not reached, or was too slow",
	  CODES(KVS_E_UNAVAILABLE, KVS_E_TIMEOUT) },
	{ EXIT_DENIED, "denied by the store", CODES(KVS_E_DENIED) },
	{ EXIT_NOTFOUND, "no such key", CODES(KVS_E_NOTFOUND) },
	{ EXIT_FROZEN, "frozen by a stop, or locked", CODES(KVS_E_FROZEN) },
	{ EXIT_GUARD, "refused by a guard: too short, too big, shrank or would delete too much",
	  CODES(KVS_E_GUARD, KVS_E_TOOBIG) },
	{ EXIT_INTEGRITY, "a checksum or signature does not match", CODES(KVS_E_INTEGRITY) },
	{ EXIT_COMMAND, "a check or command failed", CODES(KVS_E_COMMAND) },
	{ EXIT_CONFLICT, "conflict: somebody else wrote", CODES(KVS_E_CONFLICT) },
	{ EXIT_PARTIAL, "done in part; what was skipped is named", NO_CODE },
	{ EXIT_UNCERTAIN, "unknown whether the write happened", CODES(KVS_E_UNCERTAIN) },
	{ EXIT_UNSUPPORTED, "not supported by this store, or not installed",
	  CODES(KVS_E_UNSUPPORTED) },
	{ EXIT_DIFFERS, "differs, or a dry run would change something", NO_CODE },
	{ 0 },
};

int exit_status_of(int code)
{
	if (code == 0)
		return EXIT_DONE;
	for (const struct exit_row *row = exit_table; row->meaning; row++)
		for (const int *c = row->codes; *c; c++)
			if (*c == code)
				return row->status;
	return EXIT_FAILED;
}
