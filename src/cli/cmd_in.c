/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command_options.h"
#include "cli/guard_options.h"
#include "cli/log_sink.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "cli/url_read.h"
#include "cli/write_options.h"
#include "transfer/guards.h"

#include <string.h>
#include <unistd.h>

struct in_options {
	const char *key;
	const char *file;
	const char *url;
	const char *url_ca_file;
	bool sorted;
	struct guard_options guards;
	struct write_options write;
	struct check_options check;
	struct exec_options exec;
	const char *state_dir;
};

static const struct kvs_option in_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct in_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct in_options, file), "FILE",
	  "the file to put there; - for standard input" },
	{ "url", 'u', KVS_OPTION_STRING(struct in_options, url), "URL",
	  "put there what http://... or https://... holds" },
	{ "url-ca-file", 0, KVS_OPTION_PATH(struct in_options, url_ca_file), "FILE",
	  "the authorities that may vouch for the server of --url (default: the system's)" },
	{ "sorted", 'S', KVS_OPTION_FLAG(struct in_options, sorted), NULL,
	  "sort the lines by their bytes, without empty ones" },
	GUARD_OPTIONS(struct in_options, guards, "4M", "what the store holds"),
	WRITE_OPTIONS(struct in_options, write, "as it is, or stands there already"),
	CHECK_OPTIONS(struct in_options, check),
	EXEC_OPTIONS(struct in_options, exec, "when something was written"),
	{ "state-dir", 0, KVS_OPTION_PATH(struct in_options, state_dir), "DIR",
	  "where to remember that the command is due (default /var/lib/kvsync/targets)" },
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
	kvs_json_bool(&j, "command_run", result->commanded);
	return out_json(&j, err);
}

static int check(const struct in_options *o, struct kvs_err *err)
{
	bool has_source = o->file || o->url;

	if (!o->key || !has_source)
		return kvs_err_set(err, KVS_E_ARG,
				   "%s is missing: give --key KEY and --file FILE or --url URL",
				   o->key ? "the file" : "the key");
	if (o->file && o->url)
		return kvs_err_set(err, KVS_E_ARG, "give only one of --file and --url");
	return 0;
}

/* What was done before a failure is told as well. */
static int finish(const struct cli *cli, const struct in_options *o, int code,
		  const struct kvs_in_result *result, struct kvs_err *err)
{
	int said = !code || result->written ? print(cli, o, result, code ? NULL : err) : 0;

	if (result->signal) {
		cli_report(cli, code, err);
		return SIGNALS_BASE + result->signal;
	}
	return code ? code : said;
}

/* What a run works with. */
struct setup {
	struct command_words check;
	struct command_words exec;
	struct kvs_require *require;
	struct kvs_signkey *key;
	struct kvs_buf content; /* of a URL */
	int saved;		/* the same as a file, if it may be large; else 0 */
	char *shown;		/* the URL */
	struct kvs_in_params params;
};

static void setup_release(struct setup *s)
{
	command_words_release(&s->check);
	command_words_release(&s->exec);
	kvs_require_free(s->require);
	kvs_signkey_free(s->key);
	kvs_buf_release(&s->content);
	if (s->saved)
		(void)close(s->saved);
	kvsi_free(s->shown);
}

static int read_url(struct setup *s, const struct cli *cli, const struct in_options *o,
		    struct kvs_err *err)
{
	const struct url_source source = { o->url, o->url_ca_file, cli->deadline };
	uint64_t max = s->params.guards.max_bytes ?: kvs_in_max_bytes(&s->params);
	int code;

	kvs_buf_init(&s->content, max);
	code = o->write.large ? url_save(&source, max, &s->saved, &s->shown, err)
			      : url_read(&source, &s->content, &s->shown, err);
	if (code == KVS_E_TOOBIG)
		return kvs_guards_too_big(s->shown, max, err);
	s->params.file = s->shown;
	s->params.named = true;
	if (s->saved)
		s->params.fd = s->saved;
	else
		s->params.content = kvs_sn(s->content.len ? s->content.data : "", s->content.len);
	return code;
}

static int set_up(struct setup *s, const struct cli *cli, const struct in_options *o,
		  struct kvs_err *err)
{
	bool from_stdin = o->file && strcmp(o->file, "-") == 0;
	int code = check(o, err);

	s->params = (struct kvs_in_params){
		.key = o->key,
		.file = from_stdin ? "standard input" : o->file,
		.fd = from_stdin ? STDIN_FILENO : -1,
		.sorted = o->sorted,
	};
	if (!code)
		code = guard_options_take(&o->guards, &s->params.guards, &s->require, err);
	if (!code)
		code = check_options_take(&o->check, &s->check, &s->params.check, err);
	if (!code)
		code = exec_options_take(&o->exec, &s->exec, &s->params.command, err);
	if (!code)
		code = write_options_take(cli, &o->write, "in", &s->params, &s->key, err);
	return code;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct in_options *o = options;
	struct kvs_report report = { .action = KVS_ACTION_IN, .key = o->key };
	KVS_CLEANUP(setup_release) struct setup setup = { 0 };
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_in_result result = { 0 };
	struct kvs_transfer t;
	int code = set_up(&setup, cli, o, err);

	code = code ? code : cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	if (o->state_dir)
		t.state_dir = o->state_dir;
	code = o->url ? read_url(&setup, cli, o, err) : 0;
	code = code ? code : kvs_transfer_in(&t, &setup.params, &result, err);
	write_tell(cli, &t, &report, &result, code, err);
	return finish(cli, o, code, &result, err);
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
