/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/output.h"

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		out_text("kvsync %s\n", kvs_version());
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "version", kvs_version());
	return out_json(&j, err);
}

const struct cmd cmd_version = {
	.name = "version",
	.group = CMD_GROUP_ITSELF,
	.summary = "show the version",
	.operands = "",
	.run = run,
};
