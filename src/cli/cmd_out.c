/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd.h"
#include "cli/out_run.h"

static const struct kvs_option out_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct out_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct out_options, file), "FILE", "where it is to stand" },
	OUT_OPTIONS,
	{ "ignore-stop", 0, KVS_OPTION_FLAG(struct out_options, ignore_stop), NULL,
	  "write although the key is stopped", .alias = "ignore_stop" },
	{ "verify", 0, KVS_OPTION_LIST(struct out_options, verify), "FILE",
	  "take only what the public key in FILE, or another one given, has signed" },
	{ NULL },
};

static int before_store(struct cli *cli, const void *options, bool *ret_done, struct kvs_err *err)
{
	return out_before_store(cli, options, ret_done, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	return out_run(cli, options, err);
}

const struct cmd cmd_out = {
	.name = "out",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "bring a file out of the store, if it has changed",
	.operands = "",
	.about = "Run by a watch of Consul's agent or of etcdctl, it does not ask the store\n"
		 "if the watch has told the checksum, FILE has it, and nothing is owed.",
	.options = out_options,
	.options_size = sizeof(struct out_options),
	.before_store = before_store,
	.run = run,
};
