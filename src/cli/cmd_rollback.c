/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/guard_options.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/write_options.h"

#include <inttypes.h>

struct rollback_options {
	const char *key;
	struct kvs_optnum number;
	struct guard_options guards;
	struct write_options write;
};

static const struct kvs_option rollback_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct rollback_options, key), "KEY", "the file's key" },
	{ "number", 'n', KVS_OPTION_UINT(struct rollback_options, number), "NUMBER",
	  "the version (default: the one before what stands in the store)", .min = 1 },
	GUARD_OPTIONS(struct rollback_options, guards, "4M", "what the store holds"),
	WRITE_OPTIONS(struct rollback_options, write, "as it is, or stands there already"),
	{ NULL },
};

static int print(const struct cli *cli, const char *key, const struct kvs_rollback_result *result,
		 struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli)) {
			out_text("%s: %s version %" PRIu64, KVS_Q(kvs_s(key)),
				 result->in.written ? "rolled back to" : "nothing to do, it is",
				 result->number);
			write_result_text(&result->in);
		}
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "key", key);
	kvs_json_uint(&j, "number", result->number);
	write_result_json(&j, &result->in);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct rollback_options *o = options;
	struct kvs_rollback_params params = { .number = o->number.value, .in.key = o->key };
	struct kvs_report report = { .action = KVS_ACTION_ROLLBACK, .key = o->key };
	struct kvs_require *require KVS_AUTO_REQUIRE = NULL;
	struct kvs_signkey *key KVS_AUTO_SIGNKEY = NULL;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_rollback_result result;
	struct kvs_transfer t;
	int code;

	if (!o->key)
		return kvs_err_set(err, KVS_E_ARG, "the key is missing: give --key KEY");
	code = guard_options_take(&o->guards, &params.in.guards, &require, err);
	if (!code)
		code = write_options_take(cli, &o->write, NULL, &params.in, &key, err);
	code = code ? code : cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_rollback(&t, &params, &result, err);
	write_tell(cli, &t, &report, &result.in, code, err);
	return code ? code : print(cli, o->key, &result, err);
}

const struct cmd cmd_rollback = {
	.name = "rollback",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "put an earlier version of a file into the store again",
	.operands = "",
	.options = rollback_options,
	.options_size = sizeof(struct rollback_options),
	.run = run,
};
