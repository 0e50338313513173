/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_json j KVS_AUTO_JSON = { 0 };
	uint64_t index;
	int code = cli_open_store(cli, &store, err);

	if (!code)
		code = kvs_index(store, &index, err);
	if (code)
		return code;
	if (!cli_json(cli)) {
		out_text("%llu\n", (unsigned long long)index);
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_uint(&j, "index", index);
	return out_json(&j, err);
}

const struct cmd cmd_index = {
	.name = "index",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "show the store's index",
	.operands = "",
	.run = run,
};
