/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `out` does to the file.
 *
 * A command that is owed is written down before the file changes, and struck out when the command
 * has succeeded: whatever dies in between, the next run does it.
 */
#include "transfer/out_job.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/exec.h"
#include "transfer/guards.h"

#include <errno.h>

/* The bytes that came, against the file that they are to replace. */
static int check_bytes(const struct kvs_out_job *job, const struct kvs_found *old,
		       struct kvs_str bytes, struct kvs_err *err)
{
	const struct kvs_guards *guards = &job->params->guards;
	int rc = kvs_guards_check(&job->t, guards, job->names.data, bytes, job->result->lines, err);

	if (rc == 0 && bytes.n > job->room.max)
		rc = kvs_guards_too_big(job->names.data, job->room.max, err);
	if (rc == 0 && old->exists)
		rc = kvs_guards_check_shrink(guards, job->target.named, old->bytes, bytes.n, err);
	return rc;
}

int kvs_out_install(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_str bytes,
		    struct kvs_err *err)
{
	const struct kvs_out_params *params = job->params;
	bool in_place = false;
	bool owed = params->command.argv || kvs_out_is_owed(job);
	int rc;

	job->result->lines = kvs_guards_lines(&params->guards, bytes);
	job->result->bytes = bytes.n;
	rc = check_bytes(job, old, bytes, err);
	if (rc)
		return rc;
	if (owed)
		kvs_out_remember(job, KVS_STEP_STAGED, true);
	rc = kvs_target_install(&job->target, bytes, &params->rights, &in_place, err);
	if (rc)
		return rc;
	job->result->installed = true;
	if (in_place)
		kvs_transfer_report(&job->t, KVS_LOG_WARNING,
				    "%s is a mount point: written in place, not atomically",
				    KVS_Q(kvs_s(job->target.path)));
	if (!owed)
		kvs_out_remember(job, KVS_STEP_RELOADED, false);
	return 0;
}

/* Who wrote the file that is as it should be may keep it, where that is asked for. */
int kvs_out_settle(struct kvs_out_job *job, struct kvs_found *ret, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc = kvs_target_settle(&job->target, job->result->checksum, &job->params->rights, ret,
				   &why);

	if (rc == 0)
		return 0;
	if (!ret->same || !job->params->spare_others || why.sys_errno != EPERM)
		return kvs_err_copy(err, rc, &why);
	kvs_transfer_report(&job->t, KVS_LOG_WARNING, "%s stays another's: %s",
			    KVS_Q(kvs_s(job->target.named)), why.msg);
	return 0;
}

int kvs_out_command(struct kvs_out_job *job, struct kvs_err *err)
{
	const struct kvs_subject subject = {
		.key = job->params->key,
		.file = job->target.named,
		.checksum = job->result->checksum,
	};
	int rc;

	if (!job->params->command.argv || !(job->result->installed || kvs_out_is_owed(job)))
		return 0;
	rc = kvs_command_run(&job->params->command, "command", &subject, &job->result->signal, err);
	if (rc) {
		job->state.failures += rc != KVS_E_CANCELED;
		kvs_out_remember(job, KVS_STEP_INSTALLED, true);
		return rc;
	}
	job->result->commanded = true;
	job->state.failures = 0;
	kvs_out_remember(job, KVS_STEP_RELOADED, false);
	return 0;
}
