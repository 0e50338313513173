/* SPDX-License-Identifier: Apache-2.0 */
/* What `out` remembers of its target, from one run to the next. */
#include "transfer/out_job.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/exec.h"
#include "transfer/signing.h"

#include <string.h>

/* Without memory the work goes on; once is enough to say so. */
static void forget(struct kvs_out_job *job, const struct kvs_err *why)
{
	if (!job->forgetful)
		kvs_transfer_report(&job->t, KVS_LOG_WARNING,
				    "%s is not remembered on this machine: %s",
				    KVS_Q(kvs_s(job->target.named)), why->msg);
	job->forgetful = true;
}

/* Who works on the same file is likely to have the same commands. */
static uint64_t lock_wait(const struct kvs_out_params *params)
{
	uint64_t wait = KVS_LOCK_WAIT_MS + kvs_command_time(&params->check) +
			kvs_command_time(&params->command);

	return params->rollback ? wait + kvs_command_time(&params->command) : wait;
}

int kvs_out_remember_from(struct kvs_out_job *job, struct kvs_err *err)
{
	uint64_t wait = job->params->lock_wait ?: lock_wait(job->params);
	uint64_t began = kvsi_monotonic_ms();
	struct kvs_err why = { 0 };
	bool busy;
	int rc;

	rc = kvs_state_open(&job->state, job->t.state_dir, job->target.named, wait, &busy, &why);
	if (rc && busy)
		return kvs_err_copy(err, rc, &why);
	if (rc)
		forget(job, &why);
	kvs_transfer_spare_time(&job->t, began);
	return 0;
}

/* What a signature of a file that was installed is remembered by. */
static void digest_of_name(const struct kvs_out_job *job, char ret_hex[KVS_SHA256_HEX])
{
	kvs_sha256_of(kvs_signed_name(job->t.store, &job->names), ret_hex);
}

bool kvs_out_knows_signature(const struct kvs_out_job *job)
{
	char digest[KVS_SHA256_HEX];

	digest_of_name(job, digest);
	return job->state.signed_ms && strcmp(job->state.signed_name, digest) == 0;
}

static void remember_signature(struct kvs_out_job *job)
{
	if (!job->signed_ms)
		return;
	job->state.signed_ms = job->signed_ms;
	digest_of_name(job, job->state.signed_name);
}

void kvs_out_save(struct kvs_out_job *job, bool durable)
{
	struct kvs_err why = { 0 };

	remember_signature(job);
	if (kvs_state_save(&job->state, &job->t, job->params->key, durable || job->signed_ms != 0,
			   &why))
		forget(job, &why);
}

void kvs_out_remember(struct kvs_out_job *job, enum kvs_step step, bool durable)
{
	job->state.step = step;
	memcpy(job->state.checksum, job->result->checksum, sizeof(job->state.checksum));
	kvs_out_save(job, durable);
}

void kvs_out_keep_signature(struct kvs_out_job *job)
{
	if (job->signed_ms &&
	    (!kvs_out_knows_signature(job) || job->signed_ms > job->state.signed_ms))
		kvs_out_remember(job, job->state.step ? job->state.step : KVS_STEP_RELOADED, true);
}

bool kvs_out_is_owed(const struct kvs_out_job *job)
{
	return job->state.step == KVS_STEP_STAGED || job->state.step == KVS_STEP_UNCHECKED ||
	       job->state.step == KVS_STEP_INSTALLED;
}
