/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of kvexpress: its options, its commands, what it says of itself. */
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/kvexpress.h"
#include "cli/output.h"

#include <kvsync/version.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define O(type_, member_) KVS_OPTION_##type_(struct kvx_options, member_)

const struct kvs_option kvx_option_rows[] = {
	{ "config", 'C', O(STRING, config), "FILE", "a YAML file with further settings" },
	{ "server", 's', O(STRING, server), "SERVER",
	  "the Consul agent (default localhost:8500), or the URL of a store" },
	{ "token", 't', O(SECRET, token), "TOKEN", "the token for Consul (default anonymous)" },
	{ "prefix", 'p', O(STRING, prefix), "PREFIX",
	  "where files stand in the store (default kvexpress)" },
	{ "exec", 'e', O(STRING, exec), "COMMAND", "run COMMAND afterwards" },
	{ "length", 'l', O(UINT, length), "NUMBER", "refuse fewer lines (default 10)" },
	{ "chmod", 'c', O(STRING, chmod), "MODE", "the mode of files, octal (default 0640)" },
	{ "owner", 'o', O(STRING, owner), "OWNER", "the owner of files (default: who runs this)" },
	{ "dogstatsd", 'd', O(FLAG, dogstatsd), NULL, "send metrics to dogstatsd" },
	{ "dogstatsd_address", 'D', O(STRING, dogstatsd_address), "ADDRESS",
	  "where dogstatsd listens (default localhost:8125)" },
	{ "datadog_api_key", 'a', O(SECRET, datadog_api_key), "KEY", "Datadog's API key" },
	{ "datadog_app_key", 'A', O(SECRET, datadog_app_key), "KEY", "Datadog's application key" },
	{ "compress", 'z', O(FLAG, compress), NULL, "store files compressed" },
	{ "verbose", 0, O(FLAG, verbose), NULL, "log to standard output, too" },
	{ "help", 'h', O(FLAG, help), NULL, "show help and exit" },
	{ "version", 'v', O(FLAG, version), NULL, "show the version and exit" },
	{ "key", 'k', O(STRING, key), "KEY", "the file's key (raw: any key)",
	  .tag = KVX_IN | KVX_OUT | KVX_RAW | KVX_STOP },
	{ "file", 'f', O(STRING, file), "FILE", "the file",
	  .tag = KVX_IN | KVX_OUT | KVX_RAW | KVX_LOCK | KVX_UNLOCK | KVX_CLEAN },
	{ "url", 'u', O(STRING, url), "URL", "what a web server has, for a file", .tag = KVX_IN },
	{ "keyfrom", 0, O(STRING, keyfrom), "KEY", "the key to copy", .tag = KVX_COPY },
	{ "keyto", 0, O(STRING, keyto), "KEY", "the key to copy it to", .tag = KVX_COPY },
	{ "sorted", 'S', O(FLAG, sorted), NULL, "sort the lines, without empty ones",
	  .tag = KVX_IN },
	{ "ignore_stop", 0, O(FLAG, ignore_stop), NULL, "write although the key is stopped",
	  .tag = KVX_OUT },
	{ "reason", 'r', O(STRING, reason), "REASON", "why", .tag = KVX_STOP | KVX_LOCK },
	{ NULL },
};

extern const struct kvx_command kvx_clean, kvx_copy, kvx_in, kvx_lock, kvx_out, kvx_raw, kvx_stop,
	kvx_unlock;

const struct kvx_command *const kvx_commands[] = {
	&kvx_clean, &kvx_copy, &kvx_in, &kvx_lock, &kvx_out, &kvx_raw, &kvx_stop, &kvx_unlock, NULL,
};

/* ---- the command ---- */

static int unknown_command(const char *word, struct kvs_err *err)
{
	struct kvs_suggestion near = KVS_SUGGESTION(word);

	for (const struct kvx_command *const *c = kvx_commands; *c; c++)
		kvs_suggest(&near, (*c)->name);
	return kvs_err_set(err, KVS_E_ARG, "unknown command \"%s\"; %s%s", KVS_Q(kvs_s(word)),
			   near.best ? "did you mean " : "kvexpress -h lists them",
			   near.best ? near.best : "");
}

/* "-z true" leaves a word that means nothing. */
static const char *first_word(const struct cli *cli)
{
	int i = 0;

	while (i < cli->n_operands && strcmp(cli->operands[i], "true") == 0)
		i++;
	return i < cli->n_operands ? cli->operands[i] : NULL;
}

int kvx_find_command(const struct cli *cli, const struct kvx_command **ret, struct kvs_err *err)
{
	const char *word = first_word(cli);

	*ret = NULL;
	if (!word)
		return 0;
	for (const struct kvx_command *const *c = kvx_commands; *c; c++)
		if (strcmp((*c)->name, word) == 0)
			*ret = *c;
	return *ret ? 0 : unknown_command(word, err);
}

/* ---- the options ---- */

static int check_rows(const struct kvx *x, struct kvs_err *err)
{
	for (const struct kvs_option *row = kvx_option_rows; row->name; row++)
		if (row->tag && !(row->tag & x->command->bit) && kvs_option_given(row, x->o))
			return kvs_err_set(err, KVS_E_ARG,
					   "--%s has no meaning with the command %s", row->name,
					   x->command->name);
	return 0;
}

static int check_needs(const struct kvx *x, struct kvs_err *err)
{
	const struct kvx_need *need = x->command->needs;

	for (size_t i = 0; i < sizeof(x->command->needs) / sizeof(*need) && need[i].words; i++) {
		const char *word = *(const char *const *)((const char *)x->o + need[i].offset);

		if (!word || !*word)
			return kvx_end("%s", need[i].words);
	}
	return x->command->check ? x->command->check(x, err) : 0;
}

static void tell_problem(void *arg, const struct kvs_config_problem *problem)
{
	int level = problem->warning ? KVS_LOG_WARNING : KVS_LOG_ERROR;
	const char *file = KVS_Q(kvs_s(problem->at.file));

	if (problem->at.line)
		kvs_log(level, "%s:%u:%u: %s", file, problem->at.line, problem->at.column,
			problem->words);
	else
		kvs_log(level, "%s: %s", file, problem->words);
}

static int take_settings(struct kvx *x, struct kvs_err *err)
{
	static const char *const names[] = {
		[KVX_DATADOG_API_KEY] = "datadog_api_key",
		[KVX_DATADOG_APP_KEY] = "datadog_app_key",
		[KVX_CONSUL_SERVER] = "consul_server",
		[KVX_TOKEN] = "token",
		[KVX_DOGSTATSD] = "dogstatsd",
		[KVX_DOGSTATSD_ADDRESS] = "dogstatsd_address",
		[KVX_DATADOG_HOST] = "datadog_host",
		NULL,
	};
	static const struct kvs_config_report report = { .fn = tell_problem };

	if (!x->o->config || !*x->o->config)
		return 0;
	return kvs_flat_load(x->o->config, names, &report, &x->settings, err);
}

/* kvexpress read modes without a zero in front as decimal numbers, which nobody meant. */
static int take_mode(struct kvx *x, struct kvs_err *err)
{
	const char *word = x->o->chmod && *x->o->chmod ? x->o->chmod : "0640";
	uint32_t mode = 0;
	int code = kvs_parse_mode(word, &mode, err);

	if (code)
		return kvs_err_context(err, code, "--chmod");
	if (word[0] != '0')
		kvs_log(KVS_LOG_WARNING, "--chmod %s is octal, as if it were 0%s", word, word);
	x->rights.set_mode = true;
	x->rights.mode = (mode_t)mode;
	return 0;
}

static int take_owner(struct kvx *x, struct kvs_err *err)
{
	char self[16];
	bool given = x->o->owner && *x->o->owner;
	int code;

	(void)snprintf(self, sizeof(self), "%u", (unsigned)geteuid());
	code = kvs_rights_parse_owner(given ? x->o->owner : self, &x->rights, err);
	if (code)
		return kvs_err_context(err, code, "--owner");
	if (!given && !x->rights.set_gid) {
		x->rights.set_gid = true;
		x->rights.gid = getegid();
	}
	return 0;
}

/* Words as a shell has them, where there are quotes; else, and where that makes no sense, what
 * kvexpress made of it. */
static int take_exec(struct kvx *x, struct kvs_err *err)
{
	const char *line = x->o->exec;
	struct kvs_err why;
	int code;

	if (!line || !*line)
		return 0;
	if (strpbrk(line, "'\"\\")) {
		if (kvs_words_split(line, &x->words, &why) == 0)
			return 0;
		kvs_log(KVS_LOG_WARNING, "--exec is split at its blanks only: %s", why.msg);
	}
	code = kvs_words_fields(line, &x->words, err);
	return code ? kvs_err_context(err, code, "--exec") : 0;
}

int kvx_take_options(struct kvx *x, struct kvs_err *err)
{
	int code = check_rows(x, err);

	x->prefix = x->o->prefix ?: "kvexpress";
	x->prefix += x->prefix[0] == '/';
	code = code ? code : check_needs(x, err);
	code = code ? code : take_settings(x, err);
	code = code ? code : take_mode(x, err);
	code = code ? code : take_owner(x, err);
	return code ? code : take_exec(x, err);
}

/* ---- help ---- */

static void show_rows(unsigned bit)
{
	for (const struct kvs_option *row = kvx_option_rows; row->name; row++)
		if (bit ? row->tag & bit : !row->tag)
			help_option(row);
}

void kvx_show_help(const struct kvx_command *command)
{
	out_text("Usage: kvexpress %s [OPTIONS]\n\n%s\n", command ? command->name : "COMMAND",
		 command ? command->summary : "Files into a store, and out of it.");
	if (command) {
		out_text("\nOptions of this command\n");
		show_rows(command->bit);
	} else {
		out_text("\nCommands\n");
		for (const struct kvx_command *const *c = kvx_commands; *c; c++)
			out_text("  %-8s%s\n", (*c)->name, (*c)->summary);
	}
	out_text("\nOptions of all commands\n");
	show_rows(0);
	out_text("\nThis is kvsync in the place of kvexpress: man kvexpress.\n");
}

void kvx_show_version(void)
{
	static const char *const rows[][2] = {
		{ "Version", "1.16 (kvsync " KVS_VERSION ")" },
		{ "Revision", "-" },
		{ "Date", "-" },
		{ "Go", "none" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		out_text("%-8s : %s\n", rows[i][0], rows[i][1]);
}
