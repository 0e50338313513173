/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

struct start_options {
	const char *key;
};

static const struct kvs_option start_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct start_options, key), "KEY", "the same as KEY" },
	{ NULL },
};

static int print(const struct cli *cli, const char *key, const char *reason, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (!cli_talks(cli))
			return 0;
		if (reason)
			out_text("%s: started; it was stopped: %s\n", KVS_Q(kvs_s(key)),
				 KVS_Q(kvs_s(reason)));
		else
			out_text("%s: nothing to do, it was not stopped\n", KVS_Q(kvs_s(key)));
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "key", key);
	kvs_json_bool(&j, "changed", reason != NULL);
	if (reason)
		kvs_json_bytes(&j, "reason", kvs_s(reason));
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct start_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	KVS_AUTO_FREE char *reason = NULL;
	struct kvs_transfer t;
	const char *key;
	int code;

	if ((o->key != NULL) + cli->n_operands != 1)
		return kvs_err_set(err, KVS_E_ARG, "give one key; usage: kvsync start KEY");
	key = o->key ? o->key : cli->operands[0];
	code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_start(&t, key, &reason, err);
	cli_tell(cli, &t,
		 &(struct kvs_report){
			 .action = KVS_ACTION_START, .key = key, .changed = reason != NULL },
		 code, err);
	return code ? code : print(cli, key, reason, err);
}

const struct cmd cmd_start = {
	.name = "start",
	.alias = "unstop",
	.group = CMD_GROUP_FREEZE,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "lift the stop of a key",
	.operands = "KEY",
	.options = start_options,
	.options_size = sizeof(struct start_options),
	.max_operands = CMD_ANY_OPERANDS,
	.run = run,
};
