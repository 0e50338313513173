/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/help.h"

struct help_options {
	bool tables;
	bool complete;
};

static const struct kvs_option help_options[] = {
	{ "tables", 0, KVS_OPTION_FLAG(struct help_options, tables), NULL,
	  "print commands, options and exit statuses as tab-separated lines for scripts" },
	{ "complete", 0, KVS_OPTION_FLAG(struct help_options, complete), NULL,
	  "print what the last of the words behind -- may become, for shells" },
	{ NULL },
};

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct help_options *o = options;
	const struct cmd *cmd;

	if (o->complete) {
		complete(cli->operands, cli->n_operands);
		return 0;
	}
	if (cli->n_operands > !o->tables)
		return kvs_err_set(err, KVS_E_ARG, "unexpected operand '%s'",
				   KVS_Q(kvs_s(cli->operands[!o->tables])));
	if (o->tables) {
		help_tables();
		return 0;
	}
	if (cli->n_operands == 0) {
		help_overview();
		return 0;
	}
	cmd = cli_find_cmd(cli->operands[0], err);
	if (!cmd)
		return KVS_E_ARG;
	help_command(cmd);
	return 0;
}

const struct cmd cmd_help = {
	.name = "help",
	.group = CMD_GROUP_ITSELF,
	.summary = "show what there is, or one command",
	.operands = "[COMMAND]",
	.options = help_options,
	.options_size = sizeof(struct help_options),
	.max_operands = CMD_ANY_OPERANDS,
	.run = run,
};
