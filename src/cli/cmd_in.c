/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/guard_options.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/write_options.h"

#include <string.h>
#include <unistd.h>

struct in_options {
	const char *key;
	const char *file;
	bool sorted;
	struct guard_options guards;
	struct write_options write;
};

static const struct kvs_option in_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct in_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct in_options, file), "FILE",
	  "the file to put there; - for standard input" },
	{ "sorted", 'S', KVS_OPTION_FLAG(struct in_options, sorted), NULL,
	  "sort the lines by their bytes, without empty ones" },
	GUARD_OPTIONS(struct in_options, guards, "4M", "what the store holds"),
	WRITE_OPTIONS(struct in_options, write, "as it is, or stands there already"),
	{ NULL },
};

static int print(const struct cli *cli, const struct in_options *o,
		 const struct kvs_in_result *result, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli)) {
			out_text("%s: %s", KVS_Q(kvs_s(o->key)),
				 result->written ? "written" : "nothing to do");
			write_result_text(result);
		}
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "key", o->key);
	write_result_json(&j, result);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct in_options *o = options;
	bool from_stdin = o->file && strcmp(o->file, "-") == 0;
	struct kvs_in_params params = {
		.key = o->key,
		.file = from_stdin ? "standard input" : o->file,
		.fd = from_stdin ? STDIN_FILENO : -1,
		.sorted = o->sorted,
	};
	struct kvs_report report = { .action = KVS_ACTION_IN, .key = o->key };
	struct kvs_require *require KVS_AUTO_REQUIRE = NULL;
	struct kvs_signkey *key KVS_AUTO_SIGNKEY = NULL;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_in_result result;
	struct kvs_transfer t;
	int code;

	if (!o->key || !o->file)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --key KEY and --file FILE",
				   o->key ? "the file" : "the key");
	code = guard_options_take(&o->guards, &params.guards, &require, err);
	if (!code)
		code = write_options_take(cli, &o->write, "in", &params, &key, err);
	code = code ? code : cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_in(&t, &params, &result, err);
	write_tell(cli, &t, &report, &result, code, err);
	return code ? code : print(cli, o, &result, err);
}

const struct cmd cmd_in = {
	.name = "in",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "put a file into the store",
	.operands = "",
	.options = in_options,
	.options_size = sizeof(struct in_options),
	.run = run,
};
