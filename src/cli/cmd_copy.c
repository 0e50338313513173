/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/guard_options.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/verify_keys.h"
#include "cli/write_options.h"

struct copy_options {
	const char *from;
	const char *to;
	bool ignore_stop;
	struct guard_options guards;
	struct write_options write;
	struct kvs_optlist verify;
};

static const struct kvs_option copy_options[] = {
	{ "from", 0, KVS_OPTION_STRING(struct copy_options, from), "KEY", "the key of the file",
	  .alias = "keyfrom" },
	{ "to", 0, KVS_OPTION_STRING(struct copy_options, to), "KEY",
	  "the key that gets the file, too", .alias = "keyto" },
	{ "ignore-stop", 0, KVS_OPTION_FLAG(struct copy_options, ignore_stop), NULL,
	  "copy although the key --from is stopped", .alias = "ignore_stop" },
	GUARD_OPTIONS(struct copy_options, guards, "4M", "what stands at --to"),
	WRITE_OPTIONS(struct copy_options, write, "as it stands at --from"),
	{ "verify", 0, KVS_OPTION_LIST(struct copy_options, verify), "FILE",
	  "copy only what the public key in FILE, or another one given, has signed" },
	{ NULL },
};

static int print(const struct cli *cli, const struct copy_options *o,
		 const struct kvs_in_result *result, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli)) {
			out_text("%s: %s", KVS_Q(kvs_s(o->to)),
				 result->written ? "written" : "nothing to do");
			write_result_text(result);
		}
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "from", o->from);
	kvs_json_text(&j, "key", o->to);
	write_result_json(&j, result);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct copy_options *o = options;
	struct kvs_copy_params params = {
		.from = o->from,
		.ignore_stop = o->ignore_stop,
		.keep_encoding = !o->write.compress,
		.in.key = o->to,
	};
	struct kvs_report report = { .action = KVS_ACTION_COPY, .key = o->to, .from = o->from };
	struct kvs_require *require KVS_AUTO_REQUIRE = NULL;
	struct verify_keys keys AUTO_VERIFY_KEYS = { 0 };
	struct kvs_signkey *key KVS_AUTO_SIGNKEY = NULL;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_in_result result;
	struct kvs_transfer t;
	int code;

	if (!o->from || !o->to)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --from KEY and --to KEY",
				   o->from ? "the key to copy to" : "the key to copy from");
	code = guard_options_take(&o->guards, &params.in.guards, &require, err);
	code = code ? code : write_options_take(cli, &o->write, NULL, &params.in, &key, err);
	code = code ? code : verify_keys_init(&keys, cli, &o->verify, err);
	code = code ? code : cli_open_store(cli, &store, err);
	if (code)
		return code;
	params.verify_keys = (const struct kvs_signkey *const *)keys.keys;
	params.n_verify_keys = keys.n;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_copy(&t, &params, &result, err);
	write_tell(cli, &t, &report, &result, code, err);
	return code ? code : print(cli, o, &result, err);
}

const struct cmd cmd_copy = {
	.name = "copy",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "put the file of one key under another",
	.operands = "",
	.options = copy_options,
	.options_size = sizeof(struct copy_options),
	.run = run,
};
