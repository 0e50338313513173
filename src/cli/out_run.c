/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out_run.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/rights.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/event.h"
#include "cli/log_sink.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/signals.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/verify_keys.h"
#include "config/config.h"
#include "transfer/layout.h"

#include <inttypes.h>

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
		out_text(", %" PRIu64 " line%s, %" PRIu64 " byte%s", result->lines,
			 kvs_plural(result->lines), result->bytes, kvs_plural(result->bytes));
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

/* Where nothing may be installed that is not signed, nothing raw may. */
static int check_unsigned(const struct cli *cli, struct kvs_err *err)
{
	const struct kvs_config *config = cli->config;

	if (!config->verify_keys.n && !config->require_signature)
		return 0;
	return kvs_err_set(err, KVS_E_CONFIG,
			   "a raw value has no signature, and %s in the configuration allows only "
			   "what is signed",
			   config->require_signature ? "require-signature" : "verify-keys");
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
		.raw = o->raw,
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
		code = o->raw ? check_unsigned(cli, err)
			      : verify_keys_init(&s->keys, cli, &o->verify, err);
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

	if (!o->raw && kvs_names_init(&names, t->prefix, o->key, false, NULL))
		return false;
	return event_take(cli, kvs_s(o->raw ? o->key : names.checksum), &event) &&
	       kvs_transfer_out_is_done(t, params, &event.entry, ret);
}

int out_before_store(struct cli *cli, const struct out_options *o, bool *ret_done,
		     struct kvs_err *err)
{
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
	cli_tell_out(cli, &t, &setup.params, &result, 0, err);
	return finish(cli, o, 0, &result, err);
}

int out_run(struct cli *cli, const struct out_options *o, struct kvs_err *err)
{
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
	cli_tell_out(cli, &t, &setup.params, &result, code, err);
	return finish(cli, o, code, &result, err);
}
