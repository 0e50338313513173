/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

struct unlock_options {
	const char *file;
};

static const struct kvs_option unlock_options[] = {
	{ "file", 'f', KVS_OPTION_PATH(struct unlock_options, file), "FILE", "the same as FILE" },
	{ NULL },
};

static int print_json(const char *file, const char *reason, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_bytes(&j, "file", kvs_s(file));
	kvs_json_bool(&j, "changed", reason != NULL);
	if (reason)
		kvs_json_bytes(&j, "reason", kvs_s(reason));
	return out_json(&j, err);
}

static void print_text(const char *file, const char *reason)
{
	if (reason)
		out_text("%s: unlocked; it was locked: %s\n", KVS_Q(kvs_s(file)),
			 KVS_Q(kvs_s(reason)));
	else
		out_text("%s: nothing to do, it was not locked\n", KVS_Q(kvs_s(file)));
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct unlock_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	KVS_AUTO_FREE char *reason = NULL;
	struct kvs_transfer t;
	const char *file;
	int code;

	if ((o->file != NULL) + cli->n_operands != 1)
		return kvs_err_set(err, KVS_E_ARG, "give one file; usage: kvsync unlock FILE");
	file = o->file ? o->file : cli->operands[0];
	code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_unlock(&t, file, &reason, err);
	cli_tell_lock(cli, &t,
		      &(struct kvs_report){ .action = KVS_ACTION_UNLOCK,
					    .file = file,
					    .changed = reason != NULL },
		      code, err);
	if (code || cli_json(cli))
		return code ? code : print_json(file, reason, err);
	if (cli_talks(cli))
		print_text(file, reason);
	return 0;
}

const struct cmd cmd_unlock = {
	.name = "unlock",
	.group = CMD_GROUP_FREEZE,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "lift the lock of a file",
	.operands = "FILE",
	.options = unlock_options,
	.options_size = sizeof(struct unlock_options),
	.max_operands = CMD_ANY_OPERANDS,
	.run = run,
};
