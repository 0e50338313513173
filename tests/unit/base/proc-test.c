/* SPDX-License-Identifier: Apache-2.0 */
/* Children: what they get, what comes back, and that none outlives its time. */
#include "base/proc.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGV(...)      ((const char *const[]){ __VA_ARGS__, NULL })
#define SHELL(script_) ARGV("sh", "-c", (script_))

/* Runs; on failure the test cannot go on. */
static struct kvs_proc_result run(struct kvs_proc_spec spec)
{
	struct kvs_proc_result result = { 0 };
	struct kvs_err err;

	if (kvs_proc_run(&spec, &result, &err))
		bail("cannot run %s: %s", spec.argv[0], err.msg);
	return result;
}

static void test_endings(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result fine = { 0 }, three = { 0 }, killed = { 0 };
	struct kvs_err err;

	fine = run((struct kvs_proc_spec){ .argv = ARGV("true") });
	is_int(fine.status, 0, "true ends with 0");
	is_code(kvs_proc_check(&fine, "command", "true", &err), 0, NULL, "which is success");

	three = run((struct kvs_proc_spec){ .argv = SHELL("exit 3") });
	is_int(three.status, 3, "an exit status");
	is_int(three.signal, 0, "and no signal");
	is_err(kvs_proc_check(&three, "check", "sh\n", &err), KVS_E_COMMAND, &err,
	       "check 'sh\\x0a' exited with status 3", "its words");

	killed = run((struct kvs_proc_spec){ .argv = SHELL("kill -9 $$") });
	is_int(killed.status, -1, "no exit status");
	is_int(killed.signal, SIGKILL, "but a signal");
	is_err(kvs_proc_check(&killed, "command", "sh", &err), KVS_E_COMMAND, &err,
	       "was ended by signal 9 (Killed)", "its words");
}

static void test_start_failures(void)
{
	struct kvs_proc_spec spec = { .argv = ARGV("/nonexistent/x") };
	struct kvs_proc_result result = { 0 };
	struct kvs_err err;

	is_err(kvs_proc_run(&spec, &result, &err), KVS_E_COMMAND, &err,
	       "cannot run '/nonexistent/x': No such file", "a missing program");
	is_int(err.sys_errno, ENOENT, "with its errno");
	spec.argv = ARGV("/");
	is_err(kvs_proc_run(&spec, &result, &err), KVS_E_COMMAND, &err, "Permission denied",
	       "a directory");
}

static void test_output(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result both = { 0 }, cut = { 0 }, big = { 0 };

	both = run(
		(struct kvs_proc_spec){ .argv = SHELL("echo out; echo err >&2; printf '\\0x'") });
	is_slice(kvs_buf_slice(&both.output), kvs_sn("out\nerr\n\0x", 10),
		 "output and errors, in order and binary");
	ok(!both.truncated, "all of it");

	cut = run((struct kvs_proc_spec){ .argv = ARGV("echo", "123456789"), .max_output = 4 });
	is_slice(kvs_buf_slice(&cut.output), kvs_s("1234"), "no more than the cap");
	ok(cut.truncated, "and that it was cut is told");
	is_int(cut.status, 0, "the command went on to its end");

	big = run((struct kvs_proc_spec){ .argv = ARGV("head", "-c", "3000000", "/dev/zero"),
					  .max_output = 2000000 });
	is_int(big.status, 0, "more than any pipe holds");
	is_uint(big.output.len, 2000000, "is kept up to the cap");
}

static void test_input(void)
{
	static char big[300000];
	KVS_AUTO_PROC_RESULT struct kvs_proc_result none = { 0 }, some = { 0 }, much = { 0 };
	KVS_AUTO_PROC_RESULT struct kvs_proc_result ignored = { 0 };

	none = run((struct kvs_proc_spec){ .argv = ARGV("cat") });
	is_uint(none.output.len, 0, "no input is an end of file");
	some = run((struct kvs_proc_spec){ .argv = ARGV("cat"), .input = kvs_sn("a\0b", 3) });
	is_slice(kvs_buf_slice(&some.output), kvs_sn("a\0b", 3), "input is binary");
	memset(big, 'x', sizeof(big));
	much = run((struct kvs_proc_spec){ .argv = ARGV("cat"),
					   .input = kvs_sn(big, sizeof(big)),
					   .max_output = sizeof(big) });
	is_slice(kvs_buf_slice(&much.output), kvs_sn(big, sizeof(big)),
		 "more input than a pipe holds");
	ignored = run(
		(struct kvs_proc_spec){ .argv = ARGV("true"), .input = kvs_sn(big, sizeof(big)) });
	is_int(ignored.status, 0, "a command may leave its input unread");
}

static void test_environment(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };

	(void)setenv("CONSUL_HTTP_TOKEN", "s3cret", 1);
	(void)setenv("CONSUL_HTTP_TOKEN_FILE", "/a/path", 1);
	(void)setenv("ETCDCTL_PASSWORD", "s3cret", 1);
	(void)setenv("ETCDCTL_USER", "me:s3cret", 1);
	(void)setenv("KVS_OTHER", "kept", 1);
	(void)setenv("KVS_OLD", "old", 1);
	result = run((struct kvs_proc_spec){
		.argv = ARGV("env"),
		.env = ARGV("KVSYNC_KEY=a b", "KVS_OLD=new", "AWS_SESSION_TOKEN=given") });
	ok(!strstr(result.output.data, "s3cret"), "no secret is passed on");
	has_str(result.output.data, "CONSUL_HTTP_TOKEN_FILE=/a/path\n", "a secret's file is");
	has_str(result.output.data, "KVS_OTHER=kept\n", "other variables are");
	has_str(result.output.data, "KVSYNC_KEY=a b\n", "an addition is there");
	has_str(result.output.data, "KVS_OLD=new\n", "an addition replaces");
	ok(!strstr(result.output.data, "KVS_OLD=old"), "for good");
	has_str(result.output.data, "AWS_SESSION_TOKEN=given\n", "what is given on purpose stays");
}

static void test_inheritance(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result fds = { 0 }, sigpipe = { 0 }, group = { 0 };
	int leaked = open("/dev/null", O_RDONLY);
	char want[32];

	/* no pipe in there: the shell would hold its end for a moment */
	if (leaked < 0)
		bail("no /dev/null");
	fds = run((struct kvs_proc_spec){ .argv = SHELL("ls /proc/$$/fd; :") });
	is_slice(kvs_buf_slice(&fds.output), kvs_s("0\n1\n2\n"),
		 "no descriptor of ours gets there");
	(void)close(leaked);

	(void)signal(SIGPIPE, SIG_IGN);
	sigpipe = run((struct kvs_proc_spec){ .argv = SHELL("kill -s PIPE $$") });
	(void)signal(SIGPIPE, SIG_DFL);
	is_int(sigpipe.signal, SIGPIPE, "a signal that we ignore has its effect there");

	group = run((struct kvs_proc_spec){ .argv = SHELL("cut -d' ' -f5 /proc/$$/stat") });
	(void)snprintf(want, sizeof(want), "%d\n", (int)getpgrp());
	ok(!kvs_str_eq(kvs_buf_slice(&group.output), kvs_s(want)), "it has a group of its own");
}

static void test_ignored_sigchld(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };

	(void)signal(SIGCHLD, SIG_IGN);
	result = run((struct kvs_proc_spec){ .argv = SHELL("exit 4") });
	is_int(result.status, 4, "an ignored SIGCHLD does not eat the exit status");
}

/* ---- time limits, on a clock that the tests move ---- */

static uint64_t now_ms = 1000;

static uint64_t tell_now(void)
{
	return now_ms;
}

static const struct kvs_clock hand_clock = { tell_now, tell_now };

/* Runs a script until it has said ready: the number that it wrote to $READY comes back. */
static pid_t start_until_ready(const char *script, struct kvs_proc **ret_proc)
{
	char path[] = "/tmp/kvs-proc-test-XXXXXX", ready[64], text[32] = "";
	struct kvs_proc_spec spec = { .argv = SHELL(script), .timeout_ms = 500, .grace_ms = 50 };
	int fd = mkstemp(path);
	struct kvs_err err;

	(void)snprintf(ready, sizeof(ready), "READY=%s", path);
	spec.env = ARGV(ready);
	if (fd < 0 || kvs_proc_start(&spec, ret_proc, &err))
		bail("cannot start the script");
	for (int i = 0; i < 3000 && !strchr(text, '\n'); i++) {
		(void)poll(NULL, 0, 10);
		if (pread(fd, text, sizeof(text) - 1, 0) < 0)
			bail("cannot read %s", path);
	}
	(void)close(fd);
	(void)unlink(path);
	return (pid_t)atoi(text);
}

/* Steps until the end. */
static struct kvs_proc_result finish(struct kvs_proc *proc)
{
	struct kvs_proc_result result = { 0 };
	bool ended = false;
	struct kvs_err err;

	while (!ended) {
		struct pollfd pfd = { .fd = kvs_proc_fd(proc), .events = POLLIN };

		if (poll(&pfd, 1, 30000) <= 0)
			bail("the descriptor stays silent");
		if (kvs_proc_step(proc, &ended, &result, &err))
			bail("%s", err.msg);
	}
	kvs_proc_free(proc);
	return result;
}

/* One step at a moment; the command must not have ended by then. */
static void step_at(struct kvs_proc *proc, uint64_t moment)
{
	struct kvs_proc_result unused;
	bool ended = false;
	struct kvs_err err;

	now_ms = moment;
	if (kvs_proc_step(proc, &ended, &unused, &err))
		bail("%s", err.msg);
	ok(!ended, "no end yet");
}

static void test_time_limit(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result term = { 0 }, stubborn = { 0 };
	struct kvs_proc *proc;
	struct kvs_err err;

	kvsi_clock_set(&hand_clock);
	(void)start_until_ready("echo 1 > $READY; exec sleep 60", &proc);
	is_uint(kvs_proc_deadline(proc), now_ms + 500, "the deadline is told");
	step_at(proc, kvs_proc_deadline(proc) - 1);
	step_at(proc, kvs_proc_deadline(proc));
	term = finish(proc);
	ok(term.timed_out, "over its time");
	is_int(term.signal, SIGTERM, "asked to go");
	is_err(kvs_proc_check(&term, "reload", "sleep", &err), KVS_E_COMMAND, &err,
	       "reload 'sleep' was not done after 500 ms and was ended", "its words");

	(void)start_until_ready(
		"trap '' TERM; echo said; echo 1 > $READY; while :; do sleep 60; done", &proc);
	step_at(proc, kvs_proc_deadline(proc));
	step_at(proc, kvs_proc_deadline(proc) - 1);
	step_at(proc, kvs_proc_deadline(proc));
	is_uint(kvs_proc_deadline(proc), UINT64_MAX, "nothing is left to do");
	stubborn = finish(proc);
	is_int(stubborn.signal, SIGKILL, "made to go");
	is_slice(kvs_buf_slice(&stubborn.output), kvs_s("said\n"), "what it had said is there");
	kvsi_clock_set(NULL);
}

static void test_blocking_time_limit(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };

	result = run((struct kvs_proc_spec){ .argv = ARGV("sleep", "60"), .timeout_ms = 50 });
	ok(result.timed_out && result.signal == SIGTERM, "a blocking run keeps the limit too");
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 1000; i++) {
		char path[64], state[8] = "";
		FILE *f;
		int n;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "re");
		if (!f)
			return true;
		n = fscanf(f, "%*d %*s %1s", state);
		(void)fclose(f);
		/* Nobody may be there to bury an orphan in a container. */
		if (n == 1 && state[0] == 'Z')
			return true;
		(void)poll(NULL, 0, 10);
	}
	return false;
}

static void test_whole_group(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result limited = { 0 }, service = { 0 };
	struct kvs_proc *proc;
	pid_t grandchild;

	kvsi_clock_set(&hand_clock);
	grandchild = start_until_ready("(trap '' TERM; exec sleep 60) & echo $! > $READY; wait",
				       &proc);
	step_at(proc, kvs_proc_deadline(proc));
	limited = finish(proc);
	kvsi_clock_set(NULL);
	ok(limited.timed_out && grandchild > 1 && is_gone(grandchild),
	   "the time limit is the whole group's");

	/* A service that a reload command starts holds the output open and must live on. */
	service = run(
		(struct kvs_proc_spec){ .argv = SHELL("sleep 60 & echo $!"), .timeout_ms = 30000 });
	grandchild = (pid_t)atoi(service.output.data);
	is_int(service.status, 0, "a command that leaves a service behind ends");
	ok(!service.timed_out, "by itself");
	ok(grandchild > 1 && kill(grandchild, 0) == 0, "the service lives on");
	if (grandchild > 1)
		(void)kill(grandchild, SIGKILL);
}

/* Told to end, it ends the command first; being told again, at once. */
static void test_interruption(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result asked = { 0 }, made = { 0 };
	struct kvs_err err;

	asked = run((struct kvs_proc_spec){ .argv = SHELL("kill -TERM $PPID; exec sleep 60"),
					    .interruptible = true });
	is_int(asked.interrupted, SIGTERM, "the signal is told");
	is_int(asked.signal, SIGTERM, "the command was asked to go");
	ok(!asked.timed_out, "that is no time-out");
	is_err(kvs_proc_check(&asked, "command", "sh", &err), KVS_E_CANCELED, &err,
	       "command 'sh' was ended because kvsync was told to end (Terminated)", "its words");

	/* two signals of different kinds are two, however close they come */
	made = run((struct kvs_proc_spec){ .argv = SHELL("trap '' TERM; kill -INT $PPID; kill -HUP "
							 "$PPID; while :; do sleep 60; done"),
					   .grace_ms = 1000000,
					   .interruptible = true });
	is_int(made.signal, SIGKILL, "asked twice, it is made to go at once");
	ok(made.interrupted == SIGINT || made.interrupted == SIGHUP, "one of the signals is told");
}

static void test_interruptions_held(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };
	sigset_t mask;

	(void)signal(SIGHUP, SIG_IGN);
	result = run(
		(struct kvs_proc_spec){ .argv = SHELL("kill -HUP $PPID"), .interruptible = true });
	is_int(result.interrupted, 0, "a signal that is ignored stays so");
	(void)signal(SIGHUP, SIG_DFL);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	ok(!sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGINT),
	   "afterwards signals do what they did before");
}

static void test_steps(void)
{
	/* No shell: dash can miss a SIGINT that comes while it starts its command. */
	struct kvs_proc_spec spec = { .argv = ARGV("sleep", "60") };
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };
	struct kvs_proc *proc = NULL;
	struct kvs_err err;
	bool ended = false;

	if (!is_code(kvs_proc_start(&spec, &proc, &err), 0, &err, "starts"))
		return;
	is_uint(kvs_proc_deadline(proc), UINT64_MAX, "no limit, no deadline");
	is_code(kvs_proc_step(proc, &ended, &result, &err), 0, &err, "a step does not block");
	ok(!ended, "it runs");
	kvs_proc_signal(proc, SIGINT);
	result = finish(proc);
	is_int(result.signal, SIGINT, "a signal reaches it");
	ok(!result.timed_out, "that is no time-out");

	if (!is_code(kvs_proc_start(&spec, &proc, &err), 0, &err, "starts again"))
		return;
	kvs_proc_free(proc);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "freeing leaves no child");
}

static void collect(void *arg, int level, const char *line)
{
	kvs_buf_fmt(arg, "%d %s\n", level, line);
}

static void test_log(void)
{
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };
	KVS_AUTO_BUF struct kvs_buf lines;

	kvs_buf_init(&lines, 65536);
	result = run((struct kvs_proc_spec){ .argv = ARGV("printf", "one\\n\\033[2Jtwo\\nthree"),
					     .max_output = 12 });
	kvsi_log_set(collect, &lines, KVS_LOG_INFO);
	kvs_proc_log_output(&result, KVS_LOG_DEBUG, "unheard");
	kvs_proc_log_output(&result, KVS_LOG_INFO, "printf");
	kvsi_log_set(NULL, NULL, 0);
	is_str(lines.data,
	       "3 printf: one\n3 printf: \\x1b[2Jtwo\n"
	       "3 printf: (output over 12 bytes was dropped)\n",
	       "output is logged line by line, escaped");
}

/* ---- kernels without pidfds ---- */

static bool no_pidfd;

int __real_pidfd_open(pid_t pid, unsigned int flags);
int __wrap_pidfd_open(pid_t pid, unsigned int flags);
int __wrap_pidfd_open(pid_t pid, unsigned int flags)
{
	if (!no_pidfd)
		return __real_pidfd_open(pid, flags);
	errno = ENOSYS;
	return -1;
}

static void test_without_pidfd(void)
{
	no_pidfd = true;
	test_endings();
	test_output();
	test_time_limit();
	test_blocking_time_limit();
	test_whole_group();
	test_interruption();
	test_steps();
	no_pidfd = false;
}

int main(void)
{
	test_endings();
	test_start_failures();
	test_output();
	test_input();
	test_environment();
	test_inheritance();
	test_ignored_sigchld();
	test_time_limit();
	test_blocking_time_limit();
	test_whole_group();
	test_interruption();
	test_interruptions_held();
	test_steps();
	test_log();
	test_without_pidfd();
	return tap_end();
}
