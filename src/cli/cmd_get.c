/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"

#include <unistd.h>

struct get_options {
	struct cli_read_options read;
};

static const struct kvs_option get_options[] = {
	CLI_READ_OPTIONS(struct get_options, read),
	{ NULL },
};

static int print_json(const struct kvs_entry *entry, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	out_json_entry(&j, entry, false);
	return out_json(&j, err);
}

/* The value's bytes and nothing else; a person at a terminal gets a fresh line behind them. */
static void print_value(struct kvs_str value)
{
	out_raw(value);
	if (value.n && ((const char *)value.p)[value.n - 1] != '\n' && isatty(STDOUT_FILENO))
		out_text("\n");
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct get_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_entry *entry CLI_AUTO_ENTRY = NULL;
	struct kvs_str key = kvs_s(cli->operands[0]);
	uint32_t flags = 0;
	int code = cli_read_flags(&o->read, &flags, err);

	if (!code)
		code = cli_open_store(cli, &store, err);
	if (!code)
		code = kvs_get(store, key, flags, &entry, err);
	if (code)
		return code;
	if (cli_json(cli))
		return print_json(entry, err);
	print_value(entry->value);
	return 0;
}

const struct cmd cmd_get = {
	.name = "get",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "write the value of a key, byte for byte",
	.operands = "KEY",
	.options = get_options,
	.options_size = sizeof(struct get_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
