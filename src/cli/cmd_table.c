/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd.h"

#include <string.h>

extern const struct cmd cmd_in, cmd_out, cmd_raw, cmd_copy, cmd_clean, cmd_diff, cmd_history,
	cmd_rollback, cmd_keygen;
extern const struct cmd cmd_stop, cmd_start, cmd_lock, cmd_unlock;
extern const struct cmd cmd_get, cmd_put, cmd_del, cmd_ls, cmd_txn, cmd_watch, cmd_index;
extern const struct cmd cmd_status, cmd_backends;
extern const struct cmd cmd_config, cmd_help, cmd_version;

/* clang-format off */
const struct cmd *const cmd_table[] = {
	&cmd_in,
	&cmd_out,
	&cmd_raw,
	&cmd_copy,
	&cmd_clean,
	&cmd_diff,
	&cmd_history,
	&cmd_rollback,
	&cmd_keygen,
	&cmd_stop,
	&cmd_start,
	&cmd_lock,
	&cmd_unlock,
	&cmd_get,
	&cmd_put,
	&cmd_del,
	&cmd_ls,
	&cmd_txn,
	&cmd_watch,
	&cmd_index,
	&cmd_status,
	&cmd_backends,
	&cmd_config,
	&cmd_help,
	&cmd_version,
	NULL,
};
/* clang-format on */

const struct cmd *cmd_find(const char *name)
{
	for (const struct cmd *const *c = cmd_table; *c; c++)
		if (strcmp((*c)->name, name) == 0 ||
		    ((*c)->alias && strcmp((*c)->alias, name) == 0))
			return *c;
	return NULL;
}

const char *cmd_group_name(enum cmd_group group)
{
	static const char *const names[] = {
		[CMD_GROUP_TRANSFER] = "transfer", [CMD_GROUP_FREEZE] = "freeze",
		[CMD_GROUP_KEYS] = "keys",	   [CMD_GROUP_STORES] = "stores",
		[CMD_GROUP_ITSELF] = "itself",
	};

	return names[group];
}
