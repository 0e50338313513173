/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd.h"
#include "cli/out_run.h"

static const struct kvs_option raw_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct out_options, key), "KEY",
	  "the key, whole, as it stands in the store" },
	{ "file", 'f', KVS_OPTION_PATH(struct out_options, file), "FILE",
	  "where its value is to stand" },
	OUT_OPTIONS,
	{ NULL },
};

static int before_store(struct cli *cli, const void *options, bool *ret_done, struct kvs_err *err)
{
	struct out_options o = *(const struct out_options *)options;

	o.raw = true;
	return out_before_store(cli, &o, ret_done, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct out_options o = *(const struct out_options *)options;

	o.raw = true;
	return out_run(cli, &o, err);
}

const struct cmd cmd_raw = {
	.name = "raw",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "bring the value of any key into a file, if it has changed",
	.operands = "",
	.about = "The key is a whole one; --prefix is only for the lock of FILE.",
	.options = raw_options,
	.options_size = sizeof(struct out_options),
	.before_store = before_store,
	.run = run,
};
