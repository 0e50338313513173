/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/transfer_setup.h"

struct clean_options {
	const char *file;
	const char *state_dir;
};

static const struct kvs_option clean_options[] = {
	{ "file", 'f', KVS_OPTION_PATH(struct clean_options, file), "FILE",
	  "the file, which stays" },
	{ "state-dir", 0, KVS_OPTION_PATH(struct clean_options, state_dir), "DIR",
	  "where it is remembered (default /var/lib/kvsync/targets)" },
	{ NULL },
};

static int print(const struct cli *cli, const char *file, const struct kvs_clean_result *result,
		 struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli) && (result->removed || result->forgotten))
			out_text("%s: %u file%s removed beside it%s\n", KVS_Q(kvs_s(file)),
				 result->removed, kvs_plural(result->removed),
				 result->forgotten ? ", and forgotten" : "");
		else if (cli_talks(cli))
			out_text("%s: nothing to do\n", KVS_Q(kvs_s(file)));
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_bytes(&j, "file", kvs_s(file));
	kvs_json_uint(&j, "removed", result->removed);
	kvs_json_bool(&j, "forgotten", result->forgotten);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct clean_options *o = options;
	struct kvs_clean_result result;
	struct kvs_report report = { .action = KVS_ACTION_CLEAN, .file = o->file };
	struct kvs_transfer t;
	int code;

	if (!o->file)
		return kvs_err_set(err, KVS_E_ARG, "the file is missing: give --file FILE");
	cli_transfer_init(cli, NULL, &t);
	if (o->state_dir)
		t.state_dir = o->state_dir;
	code = kvs_transfer_clean(&t, o->file, &result, err);
	report.changed = result.removed || result.forgotten;
	cli_tell(cli, &t, &report, code, err);
	return code ? code : print(cli, o->file, &result, err);
}

const struct cmd cmd_clean = {
	.name = "clean",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_CONFIG | CMD_REPORTS,
	.summary = "remove what runs left beside a file, and forget it",
	.operands = "",
	.options = clean_options,
	.options_size = sizeof(struct clean_options),
	.run = run,
};
