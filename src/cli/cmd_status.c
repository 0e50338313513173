/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"

static int print_pair(void *arg, const struct kvs_entry *pair)
{
	out_escaped(pair->key);
	out_text(": ");
	out_escaped(pair->value);
	out_text("\n");
	return 0;
}

/* One member a name; a name that comes twice (members of a cluster) comes in several objects. */
static int print_pair_json(void *arg, const struct kvs_entry *pair)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_bytes(&j, "name", pair->key);
	kvs_json_bytes(&j, "value", pair->value);
	return out_json(&j, NULL);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	int (*print)(void *, const struct kvs_entry *) = cli_json(cli) ? print_pair_json
								       : print_pair;
	struct kvs_entry pair = { .key = kvs_s("store") };
	int code = cli_open_store(cli, &store, err);

	if (code)
		return code;
	pair.value = kvs_s(kvs_store_name(store));
	code = print(NULL, &pair);
	return code ? kvs_err_oom(err) : kvs_status(store, print, NULL, err);
}

const struct cmd cmd_status = {
	.name = "status",
	.group = CMD_GROUP_STORES,
	.flags = CMD_STORE,
	.summary = "show what the store says of itself",
	.operands = "",
	.run = run,
};
