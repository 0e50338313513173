/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

struct stop_options {
	const char *key;
	const char *reason;
};

static const struct kvs_option stop_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct stop_options, key), "KEY", "the same as KEY" },
	{ "reason", 'r', KVS_OPTION_STRING(struct stop_options, reason), "REASON",
	  "the same as REASON" },
	{ NULL },
};

/* Each of the two words comes as an option or as the next operand. */
static int find_words(const struct cli *cli, const struct stop_options *o, const char **ret_key,
		      const char **ret_reason, struct kvs_err *err)
{
	int used = 0;

	*ret_key = o->key;
	if (!*ret_key && used < cli->n_operands)
		*ret_key = cli->operands[used++];
	*ret_reason = o->reason;
	if (!*ret_reason && used < cli->n_operands)
		*ret_reason = cli->operands[used++];
	if (!*ret_key || !*ret_reason)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing; usage: kvsync stop KEY REASON",
				   *ret_key ? "the reason" : "the key");
	if (used < cli->n_operands)
		return kvs_err_set(
			err, KVS_E_ARG,
			"unexpected operand '%s'; a reason of several words needs quotes",
			KVS_Q(kvs_s(cli->operands[used])));
	return 0;
}

static int print(const struct cli *cli, const char *key, bool changed, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli))
			out_text("%s: %s\n", KVS_Q(kvs_s(key)),
				 changed ? "stopped"
					 : "nothing to do, stopped with that reason already");
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "key", key);
	kvs_json_bool(&j, "changed", changed);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	const char *key, *reason;
	struct kvs_transfer t;
	bool changed;
	int code = find_words(cli, options, &key, &reason, err);

	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_stop(&t, key, reason, &changed, err);
	cli_tell(cli, &t,
		 &(struct kvs_report){ .action = KVS_ACTION_STOP,
				       .key = key,
				       .reason = reason,
				       .changed = !code && changed },
		 code, err);
	return code ? code : print(cli, key, changed, err);
}

const struct cmd cmd_stop = {
	.name = "stop",
	.group = CMD_GROUP_FREEZE,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "freeze a key: nothing goes in or out until it is started",
	.operands = "KEY REASON",
	.options = stop_options,
	.options_size = sizeof(struct stop_options),
	.max_operands = CMD_ANY_OPERANDS,
	.run = run,
};
