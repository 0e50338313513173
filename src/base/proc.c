/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/proc_spawn.h"
#include "base/signals.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_OUTPUT	 ((size_t)64 * 1024)
#define DEFAULT_GRACE_MS 5000
/* How often it is looked at a command whose end makes nothing readable. */
#define TICK_MS 10

/* How far the time limit has gone. */
enum phase {
	RUNNING,
	TERMINATED, /* SIGTERM was sent */
	KILLED,	    /* SIGKILL was sent */
	REAPED,
};

struct kvs_proc {
	pid_t pid;    /* also its group */
	int end_fd;   /* readable when the command has ended; without a pidfd, from time to time */
	bool ticks;   /* it is a timer */
	int out_fd;   /* our end of its output, or -1 */
	int epoll_fd; /* holds both */
	enum phase phase;
	uint64_t deadline; /* of the phase; UINT64_MAX: none */
	uint64_t grace_ms;
	struct kvs_proc_result result;
};

/* ---- start ---- */

static int poll_for(struct kvs_proc *proc, int fd, struct kvs_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(proc->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		return kvs_err_sys(err, "cannot watch over a command");
	return 0;
}

static int make_output_pipe(struct kvs_proc *proc, int *ret_child_end, struct kvs_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return kvs_err_sys(err, "cannot make a pipe for a command's output");
	proc->out_fd = ends[0];
	*ret_child_end = ends[1];
	/* Only our end: the child's own writes are to block like any other's. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return kvs_err_sys(err, "cannot make a pipe for a command's output");
	return poll_for(proc, ends[0], err);
}

/* Ignored, children vanish with their exit status. */
static void stop_ignoring_children(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
		(void)signal(SIGCHLD, SIG_DFL);
}

/* Kernels before 5.3, sandboxes and Valgrind have no pidfd. */
static int watch_over(struct kvs_proc *proc, struct kvs_err *err)
{
	const struct timespec often = { .tv_nsec = TICK_MS * 1000000L };
	const struct itimerspec ticking = { often, often };

	proc->end_fd = pidfd_open(proc->pid, 0);
	if (proc->end_fd >= 0)
		return 0;
	proc->ticks = errno == ENOSYS || errno == EPERM;
	if (proc->ticks)
		proc->end_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (proc->end_fd < 0 || timerfd_settime(proc->end_fd, 0, &ticking, NULL) != 0)
		return kvs_err_sys(err, "cannot watch over a command");
	return 0;
}

static int start(struct kvs_proc *proc, const struct kvs_proc_spec *spec, struct kvs_err *err)
{
	KVS_AUTO_FD int child_out = -1;
	int rc;

	proc->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (proc->epoll_fd < 0)
		return kvs_err_sys(err, "cannot watch over a command");
	if (spec->output == KVS_PROC_CAPTURE) {
		rc = make_output_pipe(proc, &child_out, err);
		if (rc)
			return rc;
	}
	stop_ignoring_children();
	rc = kvs_proc_spawn(spec, child_out, &proc->pid, err);
	if (rc)
		return rc;
	rc = watch_over(proc, err);
	return rc ? rc : poll_for(proc, proc->end_fd, err);
}

int kvs_proc_start(const struct kvs_proc_spec *spec, struct kvs_proc **ret_proc,
		   struct kvs_err *err)
{
	struct kvs_proc *proc = kvs_zalloc(sizeof(*proc));
	int rc;

	if (!proc)
		return kvs_err_oom(err);
	proc->end_fd = proc->out_fd = proc->epoll_fd = -1;
	proc->grace_ms = spec->grace_ms ?: DEFAULT_GRACE_MS;
	proc->deadline = spec->timeout_ms ? kvsi_monotonic_ms() + spec->timeout_ms : UINT64_MAX;
	proc->result.timeout_ms = spec->timeout_ms;
	kvs_buf_init(&proc->result.output, spec->max_output ?: DEFAULT_OUTPUT);
	rc = start(proc, spec, err);
	if (rc) {
		kvs_proc_free(proc);
		return rc;
	}
	*ret_proc = proc;
	return 0;
}

/* ---- step ---- */

/* Keeps what fits; a failed buffer (no memory) shows in finish(). */
static void keep(struct kvs_proc_result *result, const char *p, size_t n)
{
	size_t room = result->output.max - result->output.len;

	if (n > room)
		result->truncated = true;
	kvs_buf_add(&result->output, p, n < room ? n : room);
}

static void close_output(struct kvs_proc *proc)
{
	kvs_cleanup_fd(&proc->out_fd);
	proc->out_fd = -1;
}

/* Reads what there is, up to a bound, so that a command that never stops talking cannot keep us
 * from the time limit. */
static int take_output(struct kvs_proc *proc, struct kvs_err *err)
{
	char chunk[4096];
	unsigned int rounds = 64;

	while (proc->out_fd >= 0 && rounds--) {
		ssize_t n = read(proc->out_fd, chunk, sizeof(chunk));

		if (n > 0)
			keep(&proc->result, chunk, (size_t)n);
		else if (n == 0)
			close_output(proc);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return kvs_err_sys(err, "cannot read a command's output");
	}
	return 0;
}

void kvs_proc_end(struct kvs_proc *proc)
{
	if (proc->phase == RUNNING) {
		kvs_proc_signal(proc, SIGTERM);
		proc->phase = TERMINATED;
		proc->deadline = kvsi_monotonic_ms() + proc->grace_ms;
	} else {
		kvs_proc_signal(proc, SIGKILL);
		proc->phase = KILLED;
		proc->deadline = UINT64_MAX;
	}
}

static void enforce_limit(struct kvs_proc *proc)
{
	if (kvsi_monotonic_ms() < proc->deadline)
		return;
	if (proc->phase == RUNNING)
		proc->result.timed_out = true;
	kvs_proc_end(proc);
}

static void set_ending(struct kvs_proc_result *result, const siginfo_t *info)
{
	bool exited = info->si_code == CLD_EXITED;

	result->status = exited ? info->si_status : -1;
	result->signal = exited ? 0 : info->si_status;
}

/* Has the command ended? Then reaps it, and kills the rest of a group that is over its time: before
 * the reaping, for until then the group's number cannot belong to somebody else. */
static int reap(struct kvs_proc *proc, bool *ret_ended, struct kvs_err *err)
{
	siginfo_t info = { 0 };
	uint64_t ignored;

	if (proc->ticks && read(proc->end_fd, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		return kvs_err_sys(err, "cannot watch over a command");
	if (waitid(P_PID, (id_t)proc->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
		return kvs_err_sys(err, "cannot wait for a command");
	*ret_ended = info.si_pid != 0;
	if (!*ret_ended)
		return 0;
	if (proc->phase != RUNNING)
		kvs_proc_signal(proc, SIGKILL);
	(void)waitid(P_PID, (id_t)proc->pid, &info, WEXITED);
	proc->phase = REAPED;
	set_ending(&proc->result, &info);
	return 0;
}

static int finish(struct kvs_proc *proc, struct kvs_proc_result *ret_result, struct kvs_err *err)
{
	int rc = take_output(proc, err);

	if (!rc)
		rc = kvs_buf_check(&proc->result.output, "a command's output", err);
	if (rc)
		return rc;
	*ret_result = proc->result;
	kvs_buf_init(&proc->result.output, 0);
	return 0;
}

int kvs_proc_step(struct kvs_proc *proc, bool *ret_ended, struct kvs_proc_result *ret_result,
		  struct kvs_err *err)
{
	bool ended = false;
	int rc = take_output(proc, err);

	if (!rc)
		rc = reap(proc, &ended, err);
	if (rc)
		return rc;
	if (ended) {
		/* What it wrote between the reading and its end. */
		rc = finish(proc, ret_result, err);
		if (rc)
			return rc;
	} else {
		enforce_limit(proc);
	}
	*ret_ended = ended;
	return 0;
}

int kvs_proc_fd(const struct kvs_proc *proc)
{
	return proc->epoll_fd;
}

uint64_t kvs_proc_deadline(const struct kvs_proc *proc)
{
	return proc->deadline;
}

void kvs_proc_signal(struct kvs_proc *proc, int signal)
{
	if (proc->pid > 0 && proc->phase != REAPED)
		(void)kill(-proc->pid, signal);
}

void kvs_proc_free(struct kvs_proc *proc)
{
	if (!proc)
		return;
	if (proc->pid > 0 && proc->phase != REAPED) {
		kvs_proc_signal(proc, SIGKILL);
		while (waitpid(proc->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_output(proc);
	kvs_cleanup_fd(&proc->end_fd);
	kvs_cleanup_fd(&proc->epoll_fd);
	kvs_proc_result_release(&proc->result);
	kvsi_free(proc);
}

/* ---- run ---- */

static int wait_ms(const struct kvs_proc *proc)
{
	uint64_t now = kvsi_monotonic_ms();

	if (proc->deadline == UINT64_MAX)
		return -1;
	if (proc->deadline <= now)
		return 0;
	return proc->deadline - now < 60000 ? (int)(proc->deadline - now) : 60000;
}

static void cleanup_proc(struct kvs_proc **proc)
{
	kvs_proc_free(*proc);
}

static void take_interruption(struct kvs_proc *proc, int fd)
{
	int number = kvs_signals_read(fd);

	if (!number)
		return;
	proc->result.interrupted = number;
	kvs_proc_end(proc);
}

static int run_to_end(struct kvs_proc *proc, int signal_fd, struct kvs_proc_result *ret_result,
		      struct kvs_err *err)
{
	bool ended = false;
	int rc = 0;

	while (!rc && !ended) {
		struct pollfd fds[] = {
			{ .fd = proc->epoll_fd, .events = POLLIN },
			{ .fd = signal_fd, .events = POLLIN },
		};

		if (poll(fds, 2, wait_ms(proc)) < 0 && errno != EINTR)
			return kvs_err_sys(err, "cannot wait for a command");
		if (fds[1].revents)
			take_interruption(proc, signal_fd);
		rc = kvs_proc_step(proc, &ended, ret_result, err);
	}
	return rc;
}

int kvs_proc_run(const struct kvs_proc_spec *spec, struct kvs_proc_result *ret_result,
		 struct kvs_err *err)
{
	KVS_CLEANUP(kvs_signals_release) struct kvs_signals signals = KVS_SIGNALS_INIT;
	KVS_CLEANUP(cleanup_proc) struct kvs_proc *proc = NULL;
	int rc = spec->interruptible ? kvs_signals_hold(&signals, err) : 0;

	rc = rc ? rc : kvs_proc_start(spec, &proc, err);
	return rc ? rc : run_to_end(proc, signals.fd, ret_result, err);
}

/* ---- results ---- */

int kvs_proc_check(const struct kvs_proc_result *result, const char *what, const char *name,
		   struct kvs_err *err)
{
	const char *quoted = KVS_Q(kvs_s(name));

	if (result->interrupted)
		return kvs_err_set(err, KVS_E_CANCELED,
				   "%s '%s' was ended because kvsync was told to end (%s)", what,
				   quoted, sigdescr_np(result->interrupted) ?: "a signal");
	if (result->timed_out)
		return kvs_err_set(err, KVS_E_COMMAND,
				   "%s '%s' was not done after %llu ms and was ended", what, quoted,
				   (unsigned long long)result->timeout_ms);
	if (result->signal)
		return kvs_err_set(err, KVS_E_COMMAND, "%s '%s' was ended by signal %d (%s)", what,
				   quoted, result->signal,
				   sigdescr_np(result->signal) ?: "unknown");
	if (result->status)
		return kvs_err_set(err, KVS_E_COMMAND, "%s '%s' exited with status %d", what,
				   quoted, result->status);
	return 0;
}

void kvs_proc_log_output(const struct kvs_proc_result *result, int level, const char *name)
{
	struct kvs_str rest = kvs_buf_slice(&result->output);
	char line[1024];

	if (!kvsi_log_wants(level))
		return;
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - (const char *)rest.p) : rest.n;

		(void)kvs_escape_into(line, sizeof(line), rest.p, n);
		kvs_log(level, "%s: %s", KVS_Q(kvs_s(name)), line);
		rest = kvs_str_skip(rest, end ? n + 1 : n);
	}
	if (result->truncated)
		kvs_log(level, "%s: (output over %zu bytes was dropped)", KVS_Q(kvs_s(name)),
			result->output.max);
}

void kvs_proc_result_release(struct kvs_proc_result *result)
{
	kvs_buf_release(&result->output);
}
