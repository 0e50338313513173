/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `out` does to the file: it is staged beside the old one, checked, put into its place, checked
 * there, and its command runs.
 *
 * A command that is owed is written down before the file changes, and struck out when the command
 * has succeeded: whatever dies in between, the next run does it.  So is a check that is owed, but
 * there the next run puts back what was there before (out_undo.c), and begins anew.
 */
#include "transfer/out_job.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/check.h"
#include "transfer/common.h"
#include "transfer/guards.h"

#include <errno.h>
#include <string.h>

/* Does the check judge the file where it is to stand? */
static bool checks_installed(const struct kvs_out_job *job)
{
	return job->params->check.argv && !kvs_check_names_file(&job->params->check);
}

static bool rolls_back(const struct kvs_out_job *job)
{
	return job->params->rollback && job->params->command.argv;
}

static bool owes(const struct kvs_out_job *job)
{
	return job->params->command.argv || job->owed_before;
}

static struct kvs_subject subject_of(const struct kvs_out_job *job, const char *checksum)
{
	return (struct kvs_subject){ .key = job->params->key,
				     .file = job->target.named,
				     .checksum = checksum };
}

/* `path` is what the check judges. */
static int check(struct kvs_out_job *job, const char *path, struct kvs_err *err)
{
	const struct kvs_subject subject = subject_of(job, job->result->checksum);

	return kvs_check_run(&job->params->check, path, &subject, &job->result->signal, err);
}

static int check_staged(struct kvs_out_job *job, const struct kvs_found *old, const char *path,
			struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc;

	if (!job->params->check.argv || checks_installed(job))
		return 0;
	rc = check(job, path, &why);
	return rc ? kvs_err_set(err, rc, "%s; %s %s", why.msg, KVS_Q(kvs_s(job->target.named)),
				old->exists ? "stays as it was" : "was not installed")
		  : 0;
}

/* ---- the new file, beside the old one ---- */

/* What came, against the file that it is to replace. */
static int check_size(const struct kvs_out_job *job, const struct kvs_found *old, uint64_t bytes,
		      struct kvs_err *err)
{
	const struct kvs_guards *guards = &job->params->guards;

	if (bytes > job->room.max)
		return kvs_guards_too_big(job->names.data, job->room.max, err);
	return old->exists
		       ? kvs_guards_check_shrink(guards, job->target.named, old->bytes, bytes, err)
		       : 0;
}

static int write_bytes(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_str bytes,
		       struct kvs_newfile *f, struct kvs_err *err)
{
	const struct kvs_guards *guards = &job->params->guards;
	int rc;

	job->result->lines = kvs_guards_lines(guards, bytes);
	job->result->bytes = bytes.n;
	rc = kvs_guards_check(&job->t, guards, job->names.data, bytes, job->result->lines, err);
	rc = rc ? rc : check_size(job, old, bytes.n, err);
	rc = rc ? rc : kvs_target_open(&job->target, &job->params->rights, f, err);
	return rc ? rc : kvs_newfile_write(f, bytes.p, bytes.n, err);
}

struct streaming {
	struct kvs_newfile *f;
	struct kvs_gauge gauge;
	const char *name;
};

static void streaming_release(struct streaming *s)
{
	kvs_gauge_release(&s->gauge);
}

static int on_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	struct streaming *s = arg;
	int rc = kvs_gauge_add(&s->gauge, s->name, piece, err);

	return rc ? rc : kvs_newfile_write(s->f, piece.p, piece.n, err);
}

/* A large file is judged while it passes: what the guards refuse, or is not the file of the checksum, stays
 * a temporary. */
static int write_chunks(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_body *body,
			struct kvs_newfile *f, struct kvs_err *err)
{
	KVS_CLEANUP(streaming_release)
	struct streaming s = { .f = f, .name = job->names.data };
	const struct kvs_guards *guards = &job->params->guards;
	const struct kvs_chunks *chunks = &body->chunks;
	char found[KVS_SHA256_HEX];
	struct kvs_err refused = { 0 };
	int rc = kvs_gauge_init(&s.gauge, guards, err);

	job->result->bytes = chunks->bytes;
	rc = rc ? rc : kvs_guards_check_size(guards, s.name, chunks->bytes, err);
	rc = rc ? rc : check_size(job, old, chunks->bytes, err);
	rc = rc ? rc : kvs_target_open(&job->target, &job->params->rights, f, err);
	rc = rc ? rc : kvs_chunks_read(&job->t, chunks, on_piece, &s, &body->broken, err);
	if (rc)
		return rc;
	rc = kvs_gauge_end(&s.gauge, &job->t, s.name, &job->result->lines, found, &refused);
	if (kvs_chunks_prove(s.name, found, job->result->checksum, err))
		return KVS_E_INTEGRITY;
	return rc ? kvs_err_copy(err, rc, &refused) : 0;
}

/* All that can fail before anything changes. */
static int stage(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_body *body,
		 struct kvs_newfile *f, struct kvs_err *err)
{
	const struct kvs_out_params *params = job->params;
	int rc = body->chunks.n ? write_chunks(job, old, body, f, err)
				: write_bytes(job, old, body->bytes, f, err);

	rc = rc ? rc : kvs_newfile_sync(f, err);
	rc = rc ? rc : check_staged(job, old, f->temp, err);
	if (rc == 0 && params->backup && old->exists)
		rc = kvs_target_back_up(&job->target, params->backup, err);
	return rc;
}

/* ---- its way into its place ---- */

/* Writes down what a later run must know, if this one does not get to its end. */
static int announce(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_err *err)
{
	if (checks_installed(job))
		return kvs_out_keep(job, old, KVS_STEP_UNCHECKED, err);
	if (rolls_back(job))
		return kvs_out_keep(job, old, KVS_STEP_STAGED, err);
	kvs_out_drop_kept(job);
	if (owes(job))
		kvs_out_remember(job, KVS_STEP_STAGED, true);
	return 0;
}

static int publish(struct kvs_out_job *job, struct kvs_newfile *f, struct kvs_err *err)
{
	enum kvs_published how = 0;
	int rc = kvs_newfile_publish(f, &how, err);

	if (rc)
		return rc;
	job->result->installed = true;
	if (how == KVS_PUBLISHED_IN_PLACE)
		kvs_transfer_report(&job->t, KVS_LOG_WARNING,
				    "%s is a mount point: written in place, not atomically",
				    KVS_Q(kvs_s(job->target.path)));
	return 0;
}

/* As if nothing had been begun.  What cannot be undone now is left to the next run. */
static int withdraw(struct kvs_out_job *job, const struct kvs_err *failed, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	bool done = false;

	if (kvs_out_put_back(job, &done, &why))
		return kvs_err_set(err, failed->code,
				   "%s; what was there before could not be put back: %s",
				   failed->msg, why.msg);
	job->state.step = job->owed_before ? KVS_STEP_INSTALLED : KVS_STEP_RELOADED;
	kvs_out_save(job, true);
	job->result->installed = job->result->installed && !done;
	if (!done)
		return kvs_err_copy(err, failed->code, failed);
	return kvs_err_set(err, failed->code, "%s; what was there before is back", failed->msg);
}

static int check_in_place(struct kvs_out_job *job, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc = check(job, job->target.path, &why);

	if (rc == 0) {
		if (!rolls_back(job))
			kvs_out_accept(job);
		kvs_out_remember(job, owes(job) ? KVS_STEP_INSTALLED : KVS_STEP_RELOADED, true);
		return 0;
	}
	if (rc == KVS_E_COMMAND)
		kvs_out_reject(job);
	return withdraw(job, &why, err);
}

int kvs_out_install(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_body *body,
		    struct kvs_err *err)
{
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	struct kvs_err why = { 0 };
	int rc;

	job->owed_before = kvs_out_is_owed(job);
	rc = stage(job, old, body, &f, err);
	if (rc)
		return rc;
	rc = announce(job, old, &why);
	rc = rc ? rc : publish(job, &f, &why);
	if (rc && (checks_installed(job) || rolls_back(job)))
		return withdraw(job, &why, err);
	if (rc)
		return kvs_err_copy(err, rc, &why);
	if (checks_installed(job))
		return check_in_place(job, err);
	if (!owes(job))
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

static int run_command(struct kvs_out_job *job, const char *checksum, struct kvs_err *err)
{
	const struct kvs_subject subject = subject_of(job, checksum);
	int rc = kvs_command_run(&job->params->command, "command", &subject, &job->result->signal,
				 err);

	job->state.step = rc ? KVS_STEP_INSTALLED : KVS_STEP_RELOADED;
	job->state.failures = rc == 0 ? 0 : job->state.failures + (rc != KVS_E_CANCELED);
	return rc;
}

/* Back to the file that was good before, on which the command runs once more: it may have left a
 * service that does not run. */
static int roll_back(struct kvs_out_job *job, const struct kvs_err *failed, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	bool done;
	int rc;

	kvs_out_reject(job);
	job->state.step = KVS_STEP_UNCHECKED;
	kvs_out_save(job, true);
	if (kvs_out_put_back(job, &done, &why))
		return kvs_err_set(err, failed->code,
				   "%s; what was there before could not be put back: %s",
				   failed->msg, why.msg);
	job->state.step = KVS_STEP_INSTALLED;
	job->state.failures = !done;
	kvs_out_save(job, true);
	if (!done)
		return kvs_err_copy(err, failed->code, failed);
	job->result->installed = false;
	rc = run_command(job, job->state.checksum, &why);
	kvs_out_save(job, true);
	if (rc)
		return kvs_err_set(err, rc, "%s; what was there before is back, but: %s",
				   failed->msg, why.msg);
	return kvs_err_set(err, failed->code, "%s; what was there before is back", failed->msg);
}

static bool can_roll_back(const struct kvs_out_job *job)
{
	return job->params->rollback && job->state.previous[0] &&
	       strcmp(job->state.previous, KVS_STATE_NO_FILE) != 0;
}

int kvs_out_command(struct kvs_out_job *job, const char *checksum, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc;

	if (!job->params->command.argv || !(job->result->installed || kvs_out_is_owed(job)))
		return 0;
	rc = run_command(job, checksum, &why);
	if (rc == KVS_E_COMMAND && can_roll_back(job))
		return roll_back(job, &why, err);
	if (rc == 0)
		kvs_out_accept(job);
	job->result->commanded = rc == 0;
	kvs_out_save(job, rc != 0);
	return rc ? kvs_err_copy(err, rc, &why) : 0;
}
