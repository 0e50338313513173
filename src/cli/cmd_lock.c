/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

struct lock_options {
	const char *file;
	const char *reason;
};

static const struct kvs_option lock_options[] = {
	{ "file", 'f', KVS_OPTION_PATH(struct lock_options, file), "FILE", "the same as FILE" },
	{ "reason", 'r', KVS_OPTION_STRING(struct lock_options, reason), "REASON",
	  "the same as REASON" },
	{ NULL },
};

/* Each of the two words comes as an option or as the next operand; *ret_reason may stay NULL. */
static int find_words(const struct cli *cli, const struct lock_options *o, const char **ret_file,
		      const char **ret_reason, struct kvs_err *err)
{
	int used = 0;

	*ret_file = o->file;
	if (!*ret_file && used < cli->n_operands)
		*ret_file = cli->operands[used++];
	*ret_reason = o->reason;
	if (!*ret_reason && used < cli->n_operands)
		*ret_reason = cli->operands[used++];
	if (!*ret_file)
		return kvs_err_set(err, KVS_E_ARG,
				   "the file is missing; usage: kvsync lock FILE [REASON]");
	if (used < cli->n_operands)
		return kvs_err_set(
			err, KVS_E_ARG,
			"unexpected operand '%s'; a reason of several words needs quotes",
			KVS_Q(kvs_s(cli->operands[used])));
	return 0;
}

static int print(const struct cli *cli, const char *file, bool changed, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli))
			out_text("%s: %s\n", KVS_Q(kvs_s(file)),
				 changed ? "locked on this machine"
					 : "nothing to do, locked already");
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_bytes(&j, "file", kvs_s(file));
	kvs_json_bool(&j, "changed", changed);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	const char *file, *reason;
	struct kvs_transfer t;
	bool changed;
	int code = find_words(cli, options, &file, &reason, err);

	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_lock(&t, file, reason, &changed, err);
	cli_tell_lock(cli, &t,
		      &(struct kvs_report){ .action = KVS_ACTION_LOCK,
					    .file = file,
					    .reason = reason,
					    .changed = !code && changed },
		      code, err);
	return code ? code : print(cli, file, changed, err);
}

const struct cmd cmd_lock = {
	.name = "lock",
	.group = CMD_GROUP_FREEZE,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "lock a file on this machine: nothing is installed there",
	.operands = "FILE [REASON]",
	.options = lock_options,
	.options_size = sizeof(struct lock_options),
	.max_operands = CMD_ANY_OPERANDS,
	.run = run,
};
