/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kvsync program: finds the command, parses its line, runs it, reports, and turns codes into
 * exit statuses.  Lean on purpose: it runs on every node, beside the real work.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/leaving.h"
#include "base/str.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/log_sink.h"
#include "cli/output.h"
#include "cli/personality.h"
#include "cli/quick.h"
#include "cli/reporting.h"
#include "cli/signals.h"
#include "config/config.h"
#include "core/of_program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors 0 to 2 must be taken, or a file of ours could become "standard output". */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0)
			_exit(EXIT_FAILED);
}

const struct cmd *cli_find_cmd(const char *name, struct kvs_err *err)
{
	const struct cmd *cmd = cmd_find(name);
	struct kvs_suggestion near = KVS_SUGGESTION(name);

	if (cmd)
		return cmd;
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		kvs_suggest(&near, (*c)->name);
		if ((*c)->alias)
			kvs_suggest(&near, (*c)->alias);
	}
	if (near.best)
		(void)kvs_err_set(err, KVS_E_ARG, "unknown command %s; did you mean %s?",
				  KVS_Q(kvs_s(name)), near.best);
	else
		(void)kvs_err_set(err, KVS_E_ARG, "unknown command %s; kvsync help lists them",
				  KVS_Q(kvs_s(name)));
	return NULL;
}

/* What the command lacks that the option is for. */
static const char *why_not(const struct cmd *cmd, unsigned tag)
{
	if (tag == CLI_GLOBAL_PREFIX)
		return cmd->flags & CMD_STORE ? "takes whole keys" : "takes no key";
	return tag == CLI_GLOBAL_REPORT ? "reports nothing" : "opens no store";
}

/* Does every global option that was given mean something for the command? */
static int check_globals(const struct cli *cli, struct kvs_err *err)
{
	const struct cmd *cmd = cli->cmd;

	for (const struct kvs_option *row = cli_global_options; row->name; row++) {
		unsigned needed = cli_global_needs(row->tag);

		if (needed && !(cmd->flags & needed) && kvs_option_given(row, &cli->globals))
			return kvs_err_set(err, KVS_E_ARG,
					   "--%s has no meaning here: the command %s %s", row->name,
					   cmd->name, why_not(cmd, row->tag));
	}
	return 0;
}

static int check_operands(const struct cli *cli, struct kvs_err *err)
{
	const struct cmd *cmd = cli->cmd;

	if (cli->n_operands < cmd->min_operands)
		return kvs_err_set(err, KVS_E_ARG, "an operand is missing; usage: kvsync %s %s",
				   cmd->name, cmd->operands);
	if (cmd->max_operands != CMD_ANY_OPERANDS && cli->n_operands > cmd->max_operands)
		return kvs_err_set(err, KVS_E_ARG, "unexpected operand '%s'; usage: kvsync %s%s%s",
				   KVS_Q(kvs_s(cli->operands[cmd->max_operands])), cmd->name,
				   *cmd->operands ? " " : "", cmd->operands);
	return 0;
}

/* Flags win over the environment, which wins over the configuration. */
static int load_config(struct cli *cli, struct kvs_err *err)
{
	struct cli_globals *g = &cli->globals;
	const char *trace = getenv("KVSYNC_TRACE");
	int code = kvs_config_load(g->config, NULL, &cli->config, err);

	if (code)
		return code;
	if (!g->log_level && !g->verbose && !g->quiet)
		g->log_level = trace && *trace ? "debug" : cli->config->log_level;
	if (!g->log_format)
		g->log_format = cli->config->log_format;
	g->syslog = g->syslog || cli->config->syslog;
	return 0;
}

static void set_deadline(struct cli *cli)
{
	struct kvs_optnum timeout = cli->globals.timeout;

	if (!timeout.given && cli->config && !(cli->cmd->flags & CMD_ENDLESS))
		timeout.value = cli->config->timeout_ms;
	if (timeout.value &&
	    __builtin_add_overflow(kvsi_monotonic_ms(), timeout.value, &cli->deadline))
		cli->deadline = 0;
}

#ifdef KVS_PROGRAM_BACKEND
#define BACKEND__(name_) kvs_backend_##name_
#define BACKEND_(name_)	 BACKEND__(name_)
extern const struct kvs_backend BACKEND_(KVS_PROGRAM_BACKEND);

/* This program has a backend of its own, and is where others go. */
static void start_here(void)
{
	kvsi_backend_add(&BACKEND_(KVS_PROGRAM_BACKEND));
	quick_stay();
}

#else
static void start_here(void)
{
}
#endif

static int run_ready(struct cli *cli, void *options, struct kvs_err *err)
{
	bool done = false;
	int code = cli->cmd->before_store ? cli->cmd->before_store(cli, options, &done, err) : 0;

	if (code || done)
		return code;
	quick_exec(cli);
	return cli->cmd->run(cli, options, err);
}

/* The command's own words: argv begins behind its name. */
static int run_command(struct cli *cli, void *options, int argc, char **argv, struct kvs_err *err)
{
	const struct kvs_option_set sets[] = {
		{ cli->cmd->options, options },
		{ cli_global_options, &cli->globals },
	};
	int code = kvs_option_parse(sets, 2, argc, argv, 0, &cli->n_operands, err);

	if (code)
		return code;
	if (cli->globals.help) {
		help_command(cli->cmd);
		return 0;
	}
	if (cli->globals.version)
		return cmd_find("version")->run(cli, NULL, err);
	cli->operands = argv;
	code = check_operands(cli, err);
	if (!code)
		code = check_globals(cli, err);
	if (!code && (cli->cmd->flags & (CMD_STORE | CMD_CONFIG)))
		code = load_config(cli, err);
	if (code)
		return code;
	cli_log_open(cli);
	set_deadline(cli);
	code = cli_reporting_open(cli, err);
	return code ? code : run_ready(cli, options, err);
}

static int run_with_options(struct cli *cli, int argc, char **argv, struct kvs_err *err)
{
	void *options = kvs_zalloc(cli->cmd->options_size);
	int code;

	if (!options)
		return kvs_err_oom(err);
	code = run_command(cli, options, argc, argv, err);
	kvs_options_release(cli->cmd->options, options);
	kvsi_free(options);
	return code;
}

static int run_line(struct cli *cli, int argc, char **argv, struct kvs_err *err)
{
	const struct kvs_option_set globals = { cli_global_options, &cli->globals };
	int at, code;

	code = kvs_option_parse(&globals, 1, argc, argv, KVS_OPTIONS_STOP_AT_OPERAND, &at, err);
	if (code)
		return code;
	if (at < argc)
		cli->cmd = cli_find_cmd(argv[at], err);
	else if (cli->globals.help)
		cli->cmd = cmd_find("help");
	else if (cli->globals.version)
		cli->cmd = cmd_find("version");
	else
		(void)kvs_err_set(err, KVS_E_ARG, "no command given; kvsync help lists them");
	if (!cli->cmd)
		return KVS_E_ARG;
	/* What the words so far said of help was either "show help" or stands for the command. */
	if (at == argc) {
		cli->globals.help = false;
		return run_with_options(cli, 0, argv + at, err);
	}
	return run_with_options(cli, argc - at - 1, argv + at + 1, err);
}

/* The parser moves the words in argv about, and overwrites secrets.  One block. */
static char **copy_words(int argc, char **argv)
{
	size_t pointers = ((size_t)argc + 1) * sizeof(char *), size = pointers;
	char **words, *room;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	words = kvs_zalloc(size);
	room = (char *)words + pointers;
	for (int i = 0; words && i < argc; i++) {
		size_t n = strlen(argv[i]) + 1;

		words[i] = memcpy(room, argv[i], n);
		room += n;
	}
	return words;
}

static int run(struct cli *cli, int argc, char **argv, struct kvs_err *err)
{
	cli->personality = argc ? personality_find(argv[0]) : NULL;
	cli->words = copy_words(argc, argv);
	if (!cli->words)
		return kvs_err_oom(err);
	argv += argc != 0;
	argc -= argc != 0;
	return cli->personality ? personality_run(cli, argc, argv, err)
				: run_line(cli, argc, argv, err);
}

/* Says why it failed.  Returns the exit status. */
static int report(const struct cli *cli, int code, const struct kvs_err *err)
{
	if (cli->personality)
		return cli->personality->report(cli, code, err);
	cli_report(cli, code, err);
	return exit_status_of(code);
}

/* Leak checks want everything taken down. */
static void leave_quickly(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	kvsi_leave();
#endif
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct kvs_err err = { 0 };
	int code;

	fill_standard_descriptors();
	/* A server that closes its connection must not kill us. */
	(void)signal(SIGPIPE, SIG_IGN);
	leave_quickly();
	start_here();
	cli.began = kvsi_monotonic_ms();
	code = run(&cli, argc, argv, &err);
	if (code >= 0) {
		int flushed = out_finish(&err);

		code = flushed ? flushed : code;
	} else {
		(void)out_finish(NULL);
	}
	if (code < 0)
		code = report(&cli, code, &err);
	kvs_options_release(cli_global_options, &cli.globals);
	cli_reporting_close(&cli);
	kvs_config_free(cli.config);
	kvsi_free(cli.words);
	if (code > SIGNALS_BASE)
		signals_die(code - SIGNALS_BASE);
	if (kvsi_left_running())
		_exit(code); /* everything of ours was written by out_finish() */
	return code;
}
