/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_sink.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/exit.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

static const struct {
	const char *name;
	int priority; /* of syslog */
} levels[] = {
	[KVS_LOG_ERROR] = { "error", LOG_ERR },	     [KVS_LOG_WARNING] = { "warning", LOG_WARNING },
	[KVS_LOG_NOTICE] = { "notice", LOG_NOTICE }, [KVS_LOG_INFO] = { "info", LOG_INFO },
	[KVS_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

/* One write for the whole line, so that lines of several processes do not mix. */
static void write_line(const char *a, const char *b, const char *c)
{
	struct iovec parts[] = {
		{ (void *)(uintptr_t)a, strlen(a) },
		{ (void *)(uintptr_t)b, strlen(b) },
		{ (void *)(uintptr_t)c, strlen(c) },
		{ (void *)(uintptr_t) "\n", 1 },
	};

	progress_clear();
	/* There is nobody to tell when stderr cannot be written. */
	if (writev(STDERR_FILENO, parts, 4) < 0)
		return;
}

static void text_sink(void *arg, int level, const char *line)
{
	char head[32];

	(void)snprintf(head, sizeof(head), "kvsync: %s: ", levels[level].name);
	write_line(head, line, "");
}

static void json_sink(void *arg, int level, const char *line)
{
	struct kvs_json j KVS_AUTO_JSON;
	char when[KVS_STAMP_SIZE] = "";
	const char *text;

	(void)kvs_stamp(kvsi_realtime_ms(), when);
	kvs_json_init(&j);
	kvs_json_text(&j, "time", when);
	kvs_json_text(&j, "level", levels[level].name);
	kvs_json_text(&j, "message", line);
	text = kvs_json_line(&j);
	if (text)
		write_line(text, "", "");
}

static void text_syslog_sink(void *arg, int level, const char *line)
{
	text_sink(arg, level, line);
	syslog(LOG_DAEMON | levels[level].priority, "%s", line);
}

static void json_syslog_sink(void *arg, int level, const char *line)
{
	json_sink(arg, level, line);
	syslog(LOG_DAEMON | levels[level].priority, "%s", line);
}

static bool is(const char *given, const char *word)
{
	return given && strcmp(given, word) == 0;
}

static int max_level(const struct cli_globals *g)
{
	for (int i = KVS_LOG_ERROR; i <= KVS_LOG_DEBUG; i++)
		if (is(g->log_level, levels[i].name))
			return i;
	if (g->quiet)
		return KVS_LOG_ERROR;
	return g->verbose ? KVS_LOG_INFO : KVS_LOG_WARNING;
}

void cli_log_open(const struct cli *cli)
{
	const struct cli_globals *g = &cli->globals;
	kvs_log_sink_fn *sink = is(g->log_format, "json") ? json_sink : text_sink;

	if (g->syslog) {
		openlog("kvsync", LOG_PID, LOG_DAEMON);
		sink = sink == json_sink ? json_syslog_sink : text_syslog_sink;
	}
	kvsi_log_set(sink, NULL, max_level(g));
}

static void report_json(const char *command, int code, const char *message)
{
	struct kvs_json j KVS_AUTO_JSON;
	const char *line;

	kvs_json_init(&j);
	kvs_json_text(&j, "error", kvs_code_name(code));
	kvs_json_uint(&j, "status", (uint64_t)exit_status_of(code));
	if (command)
		kvs_json_text(&j, "command", command);
	kvs_json_text(&j, "message", message);
	line = kvs_json_line(&j);
	write_line(line ? line : "{\"error\":\"NOMEM\"}", "", "");
}

void cli_report(const struct cli *cli, int code, const struct kvs_err *err)
{
	const char *command = cli->cmd ? cli->cmd->name : NULL;
	char head[48] = "kvsync: ";

	if (cli_json(cli)) {
		report_json(command, code, err->msg);
	} else if (is(cli->globals.log_format, "json")) {
		json_sink(NULL, KVS_LOG_ERROR, err->msg);
	} else {
		if (command)
			(void)snprintf(head, sizeof(head), "kvsync: %s: ", command);
		write_line(head, err->msg, "");
	}
	if (cli->globals.syslog)
		syslog(LOG_DAEMON | LOG_ERR, "%s%s%s", command ? command : "", command ? ": " : "",
		       err->msg);
}
