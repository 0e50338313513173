/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file comes out of the store.
 *
 * The target's lock is taken before the store is asked, so that of two runs the later one cannot
 * install what the earlier one read.  Guards and checksum come in one round trip; the data is
 * fetched only if the file on disk is not that of the checksum.  Data and checksum are read one
 * after the other, so a write can come between: a mismatch is read again, guards included, and
 * nothing that does not match is ever installed.
 *
 * What happens to the file then is in out_change.c.
 */
#include "transfer/transfer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/check.h"
#include "transfer/common.h"
#include "transfer/layout.h"
#include "transfer/out_job.h"
#include "transfer/pair.h"
#include "transfer/signing.h"

#include <string.h>

static void job_release(struct kvs_out_job *job)
{
	kvs_names_release(&job->names);
	kvsi_free(job->lock_clean);
	kvsi_free(job->lock_typed);
	kvs_target_release(&job->target);
	kvs_state_release(&job->state);
	kvs_buf_release(&job->room);
	kvsi_free(job->kept);
}

static void body_release(struct kvs_body *body)
{
	kvs_chunks_release(&body->chunks);
}

/* ---- the store's side ---- */

/* Where in the answer each key is: the last two may be missing, and what is behind moves up. */
enum asked { ASKED_LOCK, ASKED_STOP, ASKED_CHECKSUM, ASKED_MORE };

/* `typed` is the lock of the path as typed, or NULL. */
static int check_locks(const struct kvs_out_job *job, const struct kvs_entry *lock,
		       const struct kvs_entry *typed, struct kvs_err *err)
{
	int rc = kvs_lock_check(&job->t, lock, job->target.named, err);

	return rc ? rc : kvs_lock_check(&job->t, typed, job->params->file, err);
}

static int check_guards(const struct kvs_out_job *job, const struct kvs_entries *got,
			struct kvs_err *err)
{
	int rc = check_locks(job, got->at[ASKED_LOCK], job->lock_typed ? got->at[ASKED_MORE] : NULL,
			     err);

	if (rc == 0 && !job->params->ignore_stop)
		rc = kvs_stop_check(&job->t, got->at[ASKED_STOP], job->params->key, err);
	return rc;
}

/* Whoever can write to the store can also put back what was signed long ago. */
static int check_signature(struct kvs_out_job *job, const struct kvs_entry *signature,
			   struct kvs_err *err)
{
	const struct kvs_signers signers = { job->params->verify_keys, job->params->n_verify_keys };
	struct kvs_str name = kvs_signed_name(job->t.store, &job->names);
	int rc;

	if (signers.n == 0)
		return 0;
	rc = kvs_signature_check(signature, &signers, name, job->result->checksum, &job->signed_ms,
				 err);
	if (rc == 0 && kvs_out_knows_signature(job) && job->signed_ms < job->state.signed_ms)
		return kvs_err_set(
			err, KVS_E_INTEGRITY,
			"%s has a signature that is older than the one of the file that "
			"was installed: the store was set back; kvsync in --sign signs it "
			"anew",
			KVS_Q(name));
	return rc;
}

static int check_checksum(struct kvs_out_job *job, const struct kvs_entry *checksum,
			  struct kvs_err *err)
{
	if (checksum)
		job->state.index = checksum->mod_index;
	return kvs_pair_checksum(&job->t, &job->names, checksum, job->result->checksum, err);
}

/* Reads the guards, the checksum and the signature in one round trip. */
static int look(struct kvs_out_job *job, struct kvs_err *err)
{
	struct kvs_str keys[KVS_ENTRIES_MAX] = {
		[ASKED_LOCK] = kvs_s(job->lock_clean),
		[ASKED_STOP] = kvs_s(job->names.stop),
		[ASKED_CHECKSUM] = kvs_s(job->names.checksum),
	};
	KVS_AUTO_ENTRIES struct kvs_entries got = { 0 };
	size_t n = ASKED_MORE;
	int rc;

	if (job->lock_typed)
		keys[n++] = kvs_s(job->lock_typed);
	if (job->params->n_verify_keys)
		keys[n++] = kvs_s(job->names.signature);
	kvs_transfer_refuse(&job->t, KVS_REFUSAL_NONE, NULL);
	rc = kvs_get_many(job->t.store, keys, n, 0, got.at, err);
	rc = rc ? rc : check_guards(job, &got, err);
	rc = rc ? rc : check_checksum(job, got.at[ASKED_CHECKSUM], err);
	return rc ? rc : check_signature(job, got.at[n - 1], err);
}

/* The same of a raw key: its value is all that there is. */
static int look_raw(struct kvs_out_job *job, struct kvs_entry **ret_data, struct kvs_err *err)
{
	struct kvs_str keys[] = { kvs_s(job->names.data), kvs_s(job->lock_clean),
				  kvs_s(job->lock_typed) };
	KVS_AUTO_ENTRIES struct kvs_entries got = { 0 };
	const struct kvs_entry *data;
	int rc;

	kvs_transfer_refuse(&job->t, KVS_REFUSAL_NONE, NULL);
	rc = kvs_get_many(job->t.store, keys, job->lock_typed ? 3 : 2, 0, got.at, err);
	rc = rc ? rc : check_locks(job, got.at[1], got.at[2], err);
	if (rc)
		return rc;
	data = got.at[0];
	if (!data)
		return kvs_err_set(err, KVS_E_NOTFOUND,
				   "there is no key %s; kvsync ls lists those that there are",
				   KVS_Q(keys[0]));
	job->state.index = data->mod_index;
	kvs_sha256_of(data->value, job->result->checksum);
	*ret_data = kvs_steal_ptr(got.at[0]);
	return 0;
}

/* What was looked at belongs to this file. */
static int fetch(struct kvs_out_job *job, struct kvs_entry **data, struct kvs_body *ret,
		 struct kvs_err *err)
{
	struct kvs_decoded decoded;
	int rc;

	if (job->params->raw) {
		ret->bytes = (*data)->value;
		return 0;
	}
	rc = kvs_pair_fetch(&job->t, &job->names, job->result->checksum, &job->room, data, &decoded,
			    err);
	if (rc)
		return rc;
	if (decoded.encoding == KVS_ENCODING_CHUNKS)
		return kvs_chunks_parse(job->names.data, decoded.bytes, &ret->chunks, err);
	ret->bytes = decoded.bytes;
	return 0;
}

/* ---- */

/* The file that stays may have a command to come, too. */
static int pay_for_old(struct kvs_out_job *job, const struct kvs_found *old, int rejected,
		       struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc = old->exists ? kvs_out_command(job, old->checksum, &why) : 0;

	return rc ? kvs_err_copy(err, rc, &why) : rejected;
}

static int bring_up_to_date(struct kvs_out_job *job, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *data = NULL;
	KVS_CLEANUP(body_release) struct kvs_body body = { 0 };
	struct kvs_found old;
	int rc = job->params->raw ? look_raw(job, &data, err) : look(job, err);

	rc = rc ? rc : kvs_out_settle(job, &old, err);
	if (rc)
		return rc;
	job->result->repaired = old.repaired;
	if (old.same) {
		kvs_out_keep_signature(job);
		return 0;
	}
	rc = kvs_out_check_rejected(job, err);
	if (rc)
		return pay_for_old(job, &old, rc, err);
	rc = fetch(job, &data, &body, err);
	if (rc)
		return rc;
	job->result->stored = data->value.n;
	rc = kvs_out_install(job, &old, &body, err);
	if (body.broken)
		kvs_chunks_broken(&job->trouble, data->mod_index);
	return rc;
}

static int make_names(struct kvs_out_job *job, enum kvs_naming naming, struct kvs_err *err)
{
	const char *key = job->params->key;

	if (!job->params->raw)
		return kvs_names_init(&job->names, job->t.prefix, key, naming, err);
	if (!key[0])
		return kvs_err_set(err, KVS_E_ARG, "the key is empty");
	job->names.data = kvs_strdup(key);
	return job->names.data ? 0 : kvs_err_oom(err);
}

static int prepare(struct kvs_out_job *job, struct kvs_err *err)
{
	const struct kvs_transfer *t = &job->t;
	enum kvs_naming naming = kvs_transfer_naming(t, false);
	const char *file = job->params->file;
	int rc = make_names(job, naming, err);

	if (rc == 0 && !job->params->check_installed)
		rc = kvs_check_before_only(
			&job->params->check,
			"; --check-installed lets it judge the file in its place, "
			"and puts back the old one if it fails",
			err);
	rc = rc ? rc : kvs_target_init(&job->target, file, err);
	if (rc)
		return rc;
	rc = kvs_layout_lock(t->prefix, job->target.named, t->node, naming, &job->lock_clean, err);
	if (rc == 0 && strcmp(job->target.named, file) != 0)
		rc = kvs_layout_lock(t->prefix, file, t->node, naming, &job->lock_typed, err);
	if (job->params->raw)
		job->t.prefix = ""; /* the locks have one, the key does not */
	rc = rc ? rc : kvs_out_remember_from(job, err);
	rc = rc ? rc : kvs_target_resolve(&job->target, job->params->follow, err);
	return rc ? rc : kvs_out_recover(job, err);
}

int kvs_transfer_out(const struct kvs_transfer *t, const struct kvs_out_params *params,
		     struct kvs_out_result *ret, struct kvs_err *err)
{
	KVS_CLEANUP(job_release)
	struct kvs_out_job job = {
		.t = *t, .params = params, .result = ret, .state = KVS_STATE_INIT
	};
	unsigned attempts = 0;
	int rc;

	*ret = (struct kvs_out_result){ 0 };
	kvs_buf_init(&job.room, params->guards.max_bytes ?: KVS_OUT_MAX_BYTES_DEFAULT);
	rc = prepare(&job, err);
	if (rc)
		return rc;
	do
		rc = bring_up_to_date(&job, err);
	while (!job.trouble.final && kvs_pair_again(&job.t, rc, ++attempts));
	return rc ? rc : kvs_out_command(&job, job.result->checksum, err);
}

/* ---- without the store ---- */

/* Takes the checksum from what was told. */
static bool take_told(struct kvs_out_job *job, const struct kvs_entry *told)
{
	const struct kvs_out_params *params = job->params;

	if (!params->raw)
		return kvs_checksum_parse(told, params->key, job->result->checksum, NULL) == 0;
	kvs_sha256_of(told->value, job->result->checksum);
	return true;
}

static bool is_done(struct kvs_out_job *job, const struct kvs_entry *told)
{
	const struct kvs_out_params *params = job->params;
	bool busy;

	return params->n_verify_keys == 0 && take_told(job, told) &&
	       kvs_target_init(&job->target, params->file, NULL) == 0 &&
	       kvs_state_open(&job->state, job->t.state_dir, job->target.named, 0, &busy, NULL) ==
		       0 &&
	       !kvs_out_is_owed(job) && told->mod_index >= job->state.index &&
	       kvs_target_resolve(&job->target, params->follow, NULL) == 0 &&
	       kvs_target_is_right(&job->target, job->result->checksum, &params->rights);
}

bool kvs_transfer_out_is_done(const struct kvs_transfer *t, const struct kvs_out_params *params,
			      const struct kvs_entry *told, struct kvs_out_result *ret)
{
	struct kvs_out_result result = { 0 };
	KVS_CLEANUP(job_release)
	struct kvs_out_job job = {
		.t = *t, .params = params, .result = &result, .state = KVS_STATE_INIT
	};
	bool done = is_done(&job, told);

	if (done)
		*ret = result;
	return done;
}
