/* SPDX-License-Identifier: Apache-2.0 */
/* kvexpress stop, lock and unlock. */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/kvexpress.h"
#include "cli/reporting.h"

#include <string.h>
#include <unistd.h>

/* ---- stop ---- */

static int run_stop(struct kvx *x, struct kvs_err *err)
{
	bool changed;
	int code = kvs_transfer_stop(&x->t, x->o->key, x->o->reason, &changed, err);

	cli_tell(x->cli, &x->t,
		 &(struct kvs_report){ .action = KVS_ACTION_STOP,
				       .key = x->o->key,
				       .reason = x->o->reason,
				       .changed = !code && changed },
		 code, err);
	if (code)
		return code;
	kvs_log(KVS_LOG_NOTICE, "KeyStop='%s/%s/stop' saved='true' KeyStopReason='%s'", x->prefix,
		x->o->key, x->o->reason);
	x->complete = true;
	return kvx_exec(x, x->o->key, "", "", err);
}

const struct kvx_command kvx_stop = {
	.name = "stop",
	.bit = KVX_STOP,
	.summary = "freeze a key: nothing goes in or out",
	.needs = { { offsetof(struct kvx_options, key), "Need a key to stop in -k" },
		   { offsetof(struct kvx_options, reason), "Need a reason to stop in -r" } },
	.run = run_stop,
};

/* ---- lock and unlock ---- */

static int check_path(const struct kvx *x, struct kvs_err *err)
{
	return x->o->file[0] == '/' ? 0 : kvx_end("Please supply a complete file path.");
}

/* The note for whoever finds the file untouched.  One that is there stays. */
static int write_note(const struct kvx *x, const char *reason, struct kvs_err *err)
{
	const char *file = x->o->file;
	KVS_AUTO_FREE char *path = kvs_asprintf("%s.locked", file);
	KVS_AUTO_FREE char *text = kvs_asprintf(
		"To unlock '%s' and allow kvexpress to write again:\n\n"
		"sudo kvexpress unlock -f %s\n\nReason Locked: %s\n\n",
		file, file, reason);

	if (!path || !text)
		return kvs_err_oom(err);
	if (access(path, F_OK) != 0)
		return kvx_write(x, path, kvs_s(text), err);
	kvs_log(KVS_LOG_NOTICE, "file='locked' file='%s' does_not_exist='false'", path);
	return 0;
}

static int run_lock(struct kvx *x, struct kvs_err *err)
{
	KVS_AUTO_FREE char *reason = x->o->reason && *x->o->reason
					     ? kvs_strdup(x->o->reason)
					     : kvs_transfer_lock_reason(x->o->file);
	bool changed;
	int code;

	if (!reason)
		return kvs_err_oom(err);
	code = kvs_transfer_lock(&x->t, x->o->file, reason, &changed, err);
	cli_tell_lock(x->cli, &x->t,
		      &(struct kvs_report){ .action = KVS_ACTION_LOCK,
					    .file = x->o->file,
					    .reason = reason,
					    .changed = !code && changed },
		      code, err);
	if (code)
		return code;
	kvs_log(KVS_LOG_NOTICE, "'%s' was locked.", x->o->file);
	return write_note(x, reason, err);
}

const struct kvx_command kvx_lock = {
	.name = "lock",
	.bit = KVX_LOCK,
	.summary = "lock a file on this machine: nothing is installed there",
	.needs = { { offsetof(struct kvx_options, file), "Need a file to lock with -f" } },
	.check = check_path,
	.run = run_lock,
};

static int run_unlock(struct kvx *x, struct kvs_err *err)
{
	KVS_AUTO_FREE char *reason = NULL;
	int code = kvs_transfer_unlock(&x->t, x->o->file, &reason, err);

	cli_tell_lock(x->cli, &x->t,
		      &(struct kvs_report){ .action = KVS_ACTION_UNLOCK,
					    .file = x->o->file,
					    .changed = reason != NULL },
		      code, err);
	if (!code)
		kvs_log(KVS_LOG_NOTICE, "'%s' was unlocked.", x->o->file);
	return code;
}

const struct kvx_command kvx_unlock = {
	.name = "unlock",
	.bit = KVX_UNLOCK,
	.summary = "lift the lock of a file",
	.needs = { { offsetof(struct kvx_options, file), "Need a file to lock with -f" } },
	.check = check_path,
	.run = run_unlock,
};
