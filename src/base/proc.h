/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children: one command, run without a shell, in a process group of its own, with a time limit and
 * a bounded capture of what it says.  It must not know what the command is for.
 *
 * What a child gets: the arguments; /dev/null or the given bytes as its input; our environment
 * without what kvsync itself reads secrets from (kvs_proc_secret_env), plus the additions; default
 * signal dispositions and an empty mask; no descriptor above 2.
 *
 * The time limit: when it is over, the whole group gets SIGTERM, and SIGKILL grace_ms later.  As
 * soon as the command itself has ended after that, what is left of its group is killed too.
 * A command that ends by itself may leave others behind (a service that it started): these live on
 * and are not waited for, even when they hold the output open.
 *
 * kvs_proc_run() blocks.  A program with an event loop starts with kvs_proc_start(), polls
 * kvs_proc_fd() until kvs_proc_deadline(), and calls kvs_proc_step() each time.  Nobody else in the
 * process may wait for any child (waitpid(-1)) between start and the end, and SIGCHLD must not be
 * ignored: kvs_proc_start() puts back its default where it is, as an odd parent may have left it.
 */
#ifndef KVS_BASE_PROC_H
#define KVS_BASE_PROC_H

#include "base/buf.h"
#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

enum kvs_proc_output {
	KVS_PROC_CAPTURE = 0, /* output and errors together, into the result */
	KVS_PROC_INHERIT = 1, /* straight to ours */
};

/* All borrowed for the call. */
struct kvs_proc_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;	 /* additions as NAME=value, NULL-terminated, or NULL; they replace
				  * variables of the same name and pass the rule on secrets */
	struct kvs_str input;	 /* what the command reads; empty: /dev/null */
	enum kvs_proc_output output;
	size_t max_output;   /* bytes to keep; what comes after is read and dropped; 0: 64 KiB */
	uint64_t timeout_ms; /* 0: none */
	uint64_t grace_ms;   /* 0: 5000 */
	/* kvs_proc_run() only: a signal that asks us to end meanwhile (base/signals.h) ends the command
	 * first, in order, and is in the result.  Whoever says so must end then. */
	bool interruptible;
};

struct kvs_proc_result {
	int status;	     /* the exit status, or -1 when a signal ended it */
	int signal;	     /* the signal that ended it, or 0 */
	bool timed_out;	     /* the time limit was over */
	int interrupted;     /* the signal that asked us to end, or 0 */
	bool truncated;	     /* it said more than max_output */
	uint64_t timeout_ms; /* the limit that applied, for words */
	struct kvs_buf output;
};

/*
 * Runs a command to its end.  Returns 0 when it ran, whatever came of it; kvs_proc_check() makes an
 * error of a result that is not success.  Errors: COMMAND (it could not be started; sys_errno says
 * why), SYS, NOMEM.  Free the result with kvs_proc_result_release().
 */
int kvs_proc_run(const struct kvs_proc_spec *spec, struct kvs_proc_result *ret_result,
		 struct kvs_err *err);

/* 0 if the command ended with status 0; else COMMAND, as in "check 'haproxy' exited with status 1",
 * or CANCELED if it was ended because we were told to.
 * what is a word of ours for the command's role, name its argv[0]. */
int kvs_proc_check(const struct kvs_proc_result *result, const char *what, const char *name,
		   struct kvs_err *err);

/* Logs what the command said, each line escaped behind "NAME: ". */
void kvs_proc_log_output(const struct kvs_proc_result *result, int level, const char *name);

/* Frees the output; a struct of zeros is fine. */
void kvs_proc_result_release(struct kvs_proc_result *result);

/* Does this variable ("NAME" or "NAME=value") hold a secret that a child must not get? */
bool kvs_proc_secret_env(const char *var);

struct kvs_proc;

/* Starts a command and returns at once.  Errors as kvs_proc_run(). */
int kvs_proc_start(const struct kvs_proc_spec *spec, struct kvs_proc **ret_proc,
		   struct kvs_err *err);

/* The descriptor to poll for reading; the proc owns it. */
int kvs_proc_fd(const struct kvs_proc *proc);

/* When kvs_proc_step() must be called even if nothing is readable: a moment of
 * kvsi_monotonic_ms(), or UINT64_MAX. */
uint64_t kvs_proc_deadline(const struct kvs_proc *proc);

/* Takes what there is, enforces the time limit, never blocks.  *ret_ended becomes true once, when
 * the command has ended; then *ret_result is filled (release it) and the proc is only to be
 * freed.  Errors: SYS, NOMEM; the proc is then only to be freed too. */
int kvs_proc_step(struct kvs_proc *proc, bool *ret_ended, struct kvs_proc_result *ret_result,
		  struct kvs_err *err);

/* Sends a signal to the command's whole group, if the command has not ended. */
void kvs_proc_signal(struct kvs_proc *proc, int signal);

/* Ends the command in order, as the time limit does: SIGTERM to its group, SIGKILL grace_ms later.
 * Called again, SIGKILL at once. */
void kvs_proc_end(struct kvs_proc *proc);

/* Frees; a command that has not ended is killed with its group and reaped.  NULL is fine. */
void kvs_proc_free(struct kvs_proc *proc);

#define KVS_AUTO_PROC_RESULT KVS_CLEANUP(kvs_proc_result_release)

#endif
