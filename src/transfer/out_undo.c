/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was there before, as long as it may have to come back.
 *
 * It is kept beside the file as .NAME.kvsync-previous.  The state says what is kept before it is, and
 * before the file is replaced, so that nothing lies about that no run knows of.  It comes back only
 * while the file is still the one that replaced it: what somebody did meanwhile stays.
 */
#include "transfer/out_job.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "transfer/common.h"

#include <inttypes.h>
#include <string.h>

/* A rejected file is tried again after so long, doubled each time. */
#define RETRY_FIRST_MS 60000u
#define RETRY_LAST_MS  3600000u

static int name_kept(struct kvs_out_job *job, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(job->target.path);

	if (dir)
		job->kept = kvs_asprintf("%s/.%s.kvsync-previous", dir,
					 kvs_path_base(job->target.path));
	return job->kept ? 0 : kvs_err_oom(err);
}

static bool was_there(const struct kvs_out_job *job)
{
	return strcmp(job->state.previous, KVS_STATE_NO_FILE) != 0;
}

int kvs_out_keep(struct kvs_out_job *job, const struct kvs_found *old, enum kvs_step step,
		 struct kvs_err *err)
{
	/* what an earlier run kept, and was not done with, is what was good last */
	bool have = job->owed_before && job->state.previous[0] && was_there(job);

	if (!have)
		memcpy(job->state.previous, old->exists ? old->checksum : KVS_STATE_NO_FILE,
		       old->exists ? KVS_SHA256_HEX : sizeof(KVS_STATE_NO_FILE));
	kvs_out_remember(job, step, true);
	return have || !old->exists ? 0 : kvs_file_keep(job->target.path, job->kept, err);
}

void kvs_out_drop_kept(struct kvs_out_job *job)
{
	struct kvs_err why = { 0 };

	if (!job->state.previous[0])
		return;
	if (kvs_file_remove(job->kept, &why) == 0)
		job->state.previous[0] = '\0';
	else
		kvs_transfer_report(&job->t, KVS_LOG_WARNING, "%s", why.msg);
}

static int put_back(struct kvs_out_job *job, bool *ret_done, struct kvs_err *err)
{
	int rc = 0;

	if (!was_there(job)) {
		rc = kvs_file_remove(job->target.path, err);
	} else if (access(job->kept, F_OK) == 0) {
		rc = kvs_file_put_back(job->kept, job->target.path, err);
	} else {
		return 0;
	}
	*ret_done = rc == 0;
	return rc;
}

int kvs_out_put_back(struct kvs_out_job *job, bool *ret_done, struct kvs_err *err)
{
	const struct kvs_rights any = { 0 };
	struct kvs_found now;
	int rc = kvs_target_settle(&job->target, job->state.checksum, &any, &now, err);

	*ret_done = false;
	if (rc == 0 && now.same)
		rc = put_back(job, ret_done, err);
	if (rc)
		return rc;
	if (*ret_done)
		memcpy(job->state.checksum, was_there(job) ? job->state.previous : "",
		       was_there(job) ? KVS_SHA256_HEX : 1);
	kvs_out_drop_kept(job);
	return 0;
}

int kvs_out_recover(struct kvs_out_job *job, struct kvs_err *err)
{
	bool done;
	int rc = name_kept(job, err);

	if (rc)
		return rc;
	if (job->state.previous[0] && !kvs_out_is_owed(job)) {
		/* it could not be removed when it was not needed any more */
		kvs_out_drop_kept(job);
		kvs_out_save(job, false);
	}
	if (job->state.step != KVS_STEP_UNCHECKED)
		return 0;
	rc = kvs_out_put_back(job, &done, err);
	if (rc)
		return rc;
	if (done)
		kvs_transfer_report(&job->t, KVS_LOG_WARNING,
				    "%s was not accepted yet when a run ended: what was there "
				    "before is back",
				    KVS_Q(kvs_s(job->target.named)));
	job->state.step = KVS_STEP_STAGED;
	kvs_out_save(job, true);
	return 0;
}

/* ---- what failed ---- */

void kvs_out_reject(struct kvs_out_job *job)
{
	uint64_t pause = RETRY_FIRST_MS;
	uint64_t i;

	if (strcmp(job->state.rejected, job->state.checksum) != 0)
		job->state.rejections = 0;
	memcpy(job->state.rejected, job->state.checksum, sizeof(job->state.rejected));
	for (i = 0; i < job->state.rejections && pause < RETRY_LAST_MS; i++)
		pause *= 2;
	job->state.rejections++;
	job->state.next_try = kvsi_realtime_ms() + (pause < RETRY_LAST_MS ? pause : RETRY_LAST_MS);
}

void kvs_out_accept(struct kvs_out_job *job)
{
	if (strcmp(job->state.rejected, job->state.checksum) == 0)
		job->state.rejected[0] = '\0';
	kvs_out_drop_kept(job);
}

int kvs_out_check_rejected(const struct kvs_out_job *job, struct kvs_err *err)
{
	uint64_t now = kvsi_realtime_ms();
	uint64_t left = job->state.next_try > now ? job->state.next_try - now : 0;

	/* so far ahead can only be a clock that was put back */
	if (strcmp(job->state.rejected, job->result->checksum) != 0 ||
	    job->params->retry_rejected || !left || left > RETRY_LAST_MS)
		return 0;
	return kvs_err_set(err, KVS_E_COMMAND,
			   "%s is not replaced by sha256 %.12s, which failed %" PRIu64
			   " time%s and was taken away again; it is due in %" PRIu64
			   " s, or at once with --retry-rejected",
			   KVS_Q(kvs_s(job->target.named)), job->result->checksum,
			   job->state.rejections, kvs_plural(job->state.rejections),
			   (left + 999) / 1000);
}
