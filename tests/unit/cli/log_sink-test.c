/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines to syslog: what arrives there, with which priority.  (Lines on stderr: usage.t.) */
#include "cli/log_sink.h"

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

static char last[256];
static int last_priority;
static int lines;

__attribute__((format(printf, 2, 0))) static void take(int priority, const char *fmt, va_list ap)
{
	(void)vsnprintf(last, sizeof(last), fmt, ap);
	last_priority = priority;
	lines++;
}

/* The linker puts these in the place of syslog(3) and of its checked form. */
void __wrap_syslog(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void __wrap___syslog_chk(int priority, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void __wrap_syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take(priority, fmt, ap);
	va_end(ap);
}

void __wrap___syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take(priority, fmt, ap);
	va_end(ap);
}

static void test_priorities(void)
{
	static const int want[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
	struct cli cli = { .globals = { .syslog = true, .log_level = "debug" } };

	cli_log_open(&cli);
	for (int level = KVS_LOG_ERROR; level <= KVS_LOG_DEBUG; level++) {
		kvs_log(level, "line %d: 100%%s %s", level, "\x1b");
		is_int(last_priority, LOG_DAEMON | want[level], "the priority of level %d", level);
	}
	is_str(last, "line 4: 100%s \\x1b", "the line, escaped, and no format of its own");
	cli.globals.log_format = "json";
	cli_log_open(&cli);
	kvs_log(KVS_LOG_ERROR, "same");
	is_str(last, "same", "plain words also when stderr gets JSON");
}

static void test_levels(void)
{
	struct cli cli = { .globals = { .syslog = true } };
	struct kvs_err err = { .msg = "no key a" };
	static const struct cmd get = { .name = "get" };

	cli_log_open(&cli);
	lines = 0;
	kvs_log(KVS_LOG_NOTICE, "not shown");
	kvs_log(KVS_LOG_WARNING, "shown");
	is_int(lines, 1, "warnings by default");
	cli.globals.quiet = true;
	cli_log_open(&cli);
	kvs_log(KVS_LOG_WARNING, "not shown");
	is_int(lines, 1, "not when quiet");
	cli.cmd = &get;
	cli_report(&cli, KVS_E_NOTFOUND, &err);
	is_str(last, "get: no key a", "the error that ends a command, with its name");
	cli.globals.syslog = false;
	lines = 0;
	cli_log_open(&cli);
	kvs_log(KVS_LOG_ERROR, "here only");
	cli_report(&cli, KVS_E_NOTFOUND, &err);
	is_int(lines, 0, "nothing unless asked for");
}

int main(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* The lines on stderr are not the matter here. */
	if (null < 0 || dup2(null, STDERR_FILENO) < 0)
		bail("/dev/null");
	test_priorities();
	test_levels();
	return tap_end();
}
