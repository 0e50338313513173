/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/rights.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command_options.h"
#include "cli/event.h"
#include "cli/guard_options.h"
#include "cli/log_sink.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/signals.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/verify_keys.h"
#include "transfer/layout.h"

#include <inttypes.h>

struct out_options {
	const char *key;
	const char *file;
	struct guard_options guards;
	struct kvs_optnum mode;
	const char *owner;
	struct check_options check;
	bool check_installed;
	const char *backup;
	struct exec_options exec;
	bool rollback_on_failure;
	bool retry_rejected;
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
	CHECK_OPTIONS(struct out_options, check),
	{ "check-installed", 0, KVS_OPTION_FLAG(struct out_options, check_installed), NULL,
	  "allow a check without {}: it judges the file in its place" },
	{ "backup", 0, KVS_OPTION_STRING(struct out_options, backup), "SUFFIX|DIR",
	  "keep the file that is replaced (default suffix .bak; a DIR has a slash in it)",
	  .bare = ".bak" },
	EXEC_OPTIONS(struct out_options, exec, "when the file has changed"),
	{ "rollback-on-failure", 0, KVS_OPTION_FLAG(struct out_options, rollback_on_failure), NULL,
	  "put back the old file if the command fails on the new one" },
	{ "retry-rejected", 0, KVS_OPTION_FLAG(struct out_options, retry_rejected), NULL,
	  "try now what failed and was taken away again" },
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

static void tell(const struct cli *cli, const struct kvs_transfer *t, const struct out_options *o,
		 const struct kvs_out_result *result, int code, const struct kvs_err *err)
{
	const struct kvs_report report = {
		.action = KVS_ACTION_OUT,
		.key = o->key,
		.file = o->file,
		.changed = result->installed || result->repaired,
		.sized = result->installed,
		.lines = result->lines,
		.bytes = result->bytes,
		.stored = result->stored,
		.checksum = result->checksum,
	};

	cli_tell(cli, t, &report, code, err);
}

/* What was done before a failure is told as well. */
static int finish(const struct cli *cli, const struct out_options *o, int code,
		  const struct kvs_out_result *result, struct kvs_err *err)
{
	int said = 0;

	if (!code || result->installed || result->repaired) {
		if (cli_json(cli))
			said = print_json(o, result, code ? NULL : err);
		else if (cli_talks(cli))
			print_text(o, result);
	}
	if (result->signal) {
		cli_report(cli, code, err);
		return SIGNALS_BASE + result->signal;
	}
	return code ? code : said;
}

static int parse(const struct out_options *o, struct kvs_rights *rights, struct kvs_err *err)
{
	int code;

	if (!o->key || !o->file)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --key KEY and --file FILE",
				   o->key ? "the file" : "the key");
	if (o->rollback_on_failure && !o->exec.exec && !o->exec.exec_shell)
		return kvs_err_set(err, KVS_E_ARG,
				   "--rollback-on-failure is about the command of "
				   "--exec, and there is none");
	if (o->check_installed && !o->check.check)
		return kvs_err_set(err, KVS_E_ARG,
				   "--check-installed is about --check, and there is "
				   "none");
	rights->set_mode = o->mode.given;
	rights->mode = (mode_t)o->mode.value;
	code = o->owner ? kvs_rights_parse_owner(o->owner, rights, err) : 0;
	return code ? kvs_err_context(err, code, "--owner") : 0;
}

/* What a run works with. */
struct setup {
	struct command_words check;
	struct command_words exec;
	struct kvs_require *require;
	struct verify_keys keys;
	struct kvs_out_params params;
};

static void setup_release(struct setup *s)
{
	command_words_release(&s->check);
	command_words_release(&s->exec);
	kvs_require_free(s->require);
	verify_keys_release(&s->keys);
}

static int set_up(struct setup *s, const struct cli *cli, const struct out_options *o,
		  struct kvs_err *err)
{
	int code;

	s->params = (struct kvs_out_params){
		.key = o->key,
		.file = o->file,
		.follow = o->follow,
		.ignore_stop = o->ignore_stop,
		.check_installed = o->check_installed,
		.backup = o->backup,
		.rollback = o->rollback_on_failure,
		.retry_rejected = o->retry_rejected,
	};
	code = parse(o, &s->params.rights, err);
	if (!code)
		code = check_options_take(&o->check, &s->check, &s->params.check, err);
	if (!code)
		code = exec_options_take(&o->exec, &s->exec, &s->params.command, err);
	if (!code)
		code = guard_options_take(&o->guards, &s->params.guards, &s->require, err);
	if (!code)
		code = verify_keys_init(&s->keys, cli, &o->verify, err);
	if (code)
		return code;
	s->params.verify_keys = (const struct kvs_signkey *const *)s->keys.keys;
	s->params.n_verify_keys = s->keys.n;
	return 0;
}

static void init_transfer(const struct cli *cli, const struct out_options *o,
			  struct kvs_store *store, struct kvs_transfer *ret)
{
	cli_transfer_init(cli, store, ret);
	if (o->state_dir)
		ret->state_dir = o->state_dir;
}

/* Does the watch that runs us tell that the store has what the file is already? */
static bool is_done(const struct cli *cli, const struct out_options *o,
		    const struct kvs_transfer *t, const struct kvs_out_params *params,
		    struct kvs_out_result *ret)
{
	struct kvs_names names KVS_AUTO_NAMES = { 0 };
	struct event event AUTO_EVENT = { 0 };

	return kvs_names_init(&names, t->prefix, o->key, false, NULL) == 0 &&
	       event_take(cli, kvs_s(names.checksum), &event) &&
	       kvs_transfer_out_is_done(t, params, &event.entry, ret);
}

static int before_store(struct cli *cli, const void *options, bool *ret_done, struct kvs_err *err)
{
	const struct out_options *o = options;
	KVS_CLEANUP(setup_release) struct setup setup = { 0 };
	struct kvs_out_result result;
	struct kvs_transfer t;
	int code;

	if (!event_is_there())
		return 0;
	code = set_up(&setup, cli, o, err);
	init_transfer(cli, o, NULL, &t);
	*ret_done = !code && is_done(cli, o, &t, &setup.params, &result);
	if (!*ret_done)
		return code;
	tell(cli, &t, o, &result, 0, err);
	return finish(cli, o, 0, &result, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct out_options *o = options;
	KVS_CLEANUP(setup_release) struct setup setup = { 0 };
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_out_result result;
	struct kvs_transfer t;
	int code = set_up(&setup, cli, o, err);

	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	init_transfer(cli, o, store, &t);
	code = kvs_transfer_out(&t, &setup.params, &result, err);
	tell(cli, &t, o, &result, code, err);
	return finish(cli, o, code, &result, err);
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
