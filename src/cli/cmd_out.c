/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/rights.h"
#include "base/str.h"
#include "base/words.h"
#include "cli/cli.h"
#include "cli/guard_options.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/verify_keys.h"

#include <inttypes.h>

struct out_options {
	const char *key;
	const char *file;
	struct guard_options guards;
	struct kvs_optnum mode;
	const char *owner;
	const char *exec;
	bool follow;
	bool ignore_stop;
	struct kvs_optlist verify;
	const char *state_dir;
};

static const struct kvs_option out_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct out_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct out_options, file), "FILE", "where it is to stand" },
	GUARD_OPTIONS(struct out_options, guards, "64M", "the one on disk"),
	{ "mode", 'c', KVS_OPTION_MODE(struct out_options, mode), "MODE",
	  "the file's mode, octal (default: as it is, 0640 for a new one)", .alias = "chmod" },
	{ "owner", 'o', KVS_OPTION_STRING(struct out_options, owner), "OWNER",
	  "the file's owner: user, user:group or :group (default: as it is)" },
	{ "exec", 'e', KVS_OPTION_STRING(struct out_options, exec), "COMMAND",
	  "run COMMAND when the file has changed; it is split into words, no shell runs" },
	{ "follow", 0, KVS_OPTION_FLAG(struct out_options, follow), NULL,
	  "if FILE is a symbolic link, write what it points to" },
	{ "ignore-stop", 0, KVS_OPTION_FLAG(struct out_options, ignore_stop), NULL,
	  "write although the key is stopped", .alias = "ignore_stop" },
	{ "verify", 0, KVS_OPTION_LIST(struct out_options, verify), "FILE",
	  "take only what the public key in FILE, or another one given, has signed" },
	{ "state-dir", 0, KVS_OPTION_PATH(struct out_options, state_dir), "DIR",
	  "where to remember what was done (default /var/lib/kvsync/targets)" },
	{ NULL },
};

static const char *word_for(const struct kvs_out_result *result)
{
	if (result->installed)
		return "installed";
	return result->repaired ? "owner or mode put right" : "nothing to do";
}

static void print_text(const struct out_options *o, const struct kvs_out_result *result)
{
	out_text("%s: %s", KVS_Q(kvs_s(o->file)), word_for(result));
	if (result->installed)
		out_text(", %" PRIu64 " lines, %" PRIu64 " bytes", result->lines, result->bytes);
	out_text(", sha256 %.12s%s\n", result->checksum, result->commanded ? ", command run" : "");
}

static int print_json(const struct out_options *o, const struct kvs_out_result *result,
		      struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_text(&j, "key", o->key);
	kvs_json_bytes(&j, "file", kvs_s(o->file));
	kvs_json_bool(&j, "installed", result->installed);
	kvs_json_bool(&j, "repaired", result->repaired);
	kvs_json_bool(&j, "command_run", result->commanded);
	if (result->installed) {
		kvs_json_uint(&j, "lines", result->lines);
		kvs_json_uint(&j, "bytes", result->bytes);
	}
	kvs_json_text(&j, "checksum", result->checksum);
	return out_json(&j, err);
}

/* What was done before a failure is told as well. */
static int finish(const struct cli *cli, const struct out_options *o, int code,
		  const struct kvs_out_result *result, struct kvs_err *err)
{
	int said = 0;

	if (code && !result->installed && !result->repaired)
		return code;
	if (cli_json(cli))
		said = print_json(o, result, code ? NULL : err);
	else if (cli_talks(cli))
		print_text(o, result);
	return code ? code : said;
}

static int parse(const struct out_options *o, struct kvs_rights *rights, struct kvs_words *words,
		 struct kvs_err *err)
{
	int code;

	if (!o->key || !o->file)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --key KEY and --file FILE",
				   o->key ? "the file" : "the key");
	rights->set_mode = o->mode.given;
	rights->mode = (mode_t)o->mode.value;
	code = o->owner ? kvs_rights_parse_owner(o->owner, rights, err) : 0;
	if (code)
		return kvs_err_context(err, code, "--owner");
	code = o->exec ? kvs_words_split(o->exec, words, err) : 0;
	return code ? kvs_err_context(err, code, "--exec") : 0;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct out_options *o = options;
	struct kvs_words words KVS_AUTO_WORDS = { 0 };
	struct kvs_out_params params = {
		.key = o->key,
		.file = o->file,
		.follow = o->follow,
		.ignore_stop = o->ignore_stop,
	};
	struct kvs_require *require KVS_AUTO_REQUIRE = NULL;
	struct verify_keys keys AUTO_VERIFY_KEYS = { 0 };
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_out_result result;
	struct kvs_transfer t;
	int code = parse(o, &params.rights, &words, err);

	if (!code)
		code = guard_options_take(&o->guards, &params.guards, &require, err);
	if (!code)
		code = verify_keys_init(&keys, cli, &o->verify, err);
	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	params.verify_keys = (const struct kvs_signkey *const *)keys.keys;
	params.n_verify_keys = keys.n;
	params.command = (const char *const *)words.argv;
	cli_transfer_init(cli, store, &t);
	if (o->state_dir)
		t.state_dir = o->state_dir;
	code = kvs_transfer_out(&t, &params, &result, err);
	return finish(cli, o, code, &result, err);
}

const struct cmd cmd_out = {
	.name = "out",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX,
	.summary = "bring a file out of the store, if it has changed",
	.operands = "",
	.options = out_options,
	.options_size = sizeof(struct out_options),
	.run = run,
};
