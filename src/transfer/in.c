/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file goes into the store: it is read and judged here, and its command runs; pair_write.c does the
 * rest.
 *
 * The command is remembered as `out` does it: that it is due is written down before the store is
 * written, and struck out when it has succeeded.  It goes by the key, for a file from a pipe has no
 * name.
 */
#include "transfer/transfer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/tempfile.h"
#include "transfer/check.h"
#include "transfer/common.h"
#include "transfer/content.h"
#include "transfer/guards.h"
#include "transfer/large.h"
#include "transfer/pair_write.h"
#include "transfer/state.h"

#include <limits.h>
#include <string.h>

struct job {
	struct kvs_transfer t; /* with a deadline of our own */
	const struct kvs_in_params *params;
	struct kvs_in_result *result;
	struct kvs_buf content;
	struct kvs_source source; /* of the content, if it may be large */
	struct kvs_large large;	  /* what came of it, if it is */
	bool is_large;
	bool chunks_written;
	char *path; /* of the file, for commands; what it is called or "-" where it has none */
	struct kvs_state state;
	bool approved; /* the check was passed, and what is due is written down */
};

static void job_release(struct job *job)
{
	kvs_buf_release(&job->content);
	kvs_source_release(&job->source);
	kvs_large_release(&job->large);
	kvsi_free(job->path);
	kvs_state_release(&job->state);
}

/* ---- the command, and that it is due ---- */

static void forget(const struct job *job, const struct kvs_err *why)
{
	kvs_transfer_report(&job->t, KVS_LOG_WARNING,
			    "the command for %s is not remembered on this machine: %s",
			    KVS_Q(kvs_s(job->params->key)), why->msg);
}

static int remember_from(struct job *job, struct kvs_err *err)
{
	KVS_AUTO_FREE char *name = kvs_asprintf("in %s %s/%s", kvs_store_name(job->t.store),
						job->t.prefix, job->params->key);
	uint64_t wait = KVS_LOCK_WAIT_MS + kvs_command_time(&job->params->check) +
			kvs_command_time(&job->params->command);
	uint64_t began = kvsi_monotonic_ms();
	struct kvs_err why = { 0 };
	bool busy;
	int rc;

	if (!name)
		return kvs_err_oom(err);
	rc = kvs_state_open(&job->state, job->t.state_dir, name, wait, &busy, &why);
	if (rc && busy)
		return kvs_err_copy(err, rc, &why);
	if (rc)
		forget(job, &why);
	kvs_transfer_spare_time(&job->t, began);
	return 0;
}

static void remember(struct job *job, enum kvs_step step)
{
	struct kvs_err why = { 0 };

	job->state.step = step;
	if (kvs_state_save(&job->state, &job->t, job->params->key, step != KVS_STEP_RELOADED, &why))
		forget(job, &why);
}

static bool is_owed(const struct job *job)
{
	return job->state.step == KVS_STEP_STAGED || job->state.step == KVS_STEP_INSTALLED;
}

static struct kvs_subject subject_of(const struct job *job, const char *checksum)
{
	return (struct kvs_subject){ .key = job->params->key,
				     .file = job->path,
				     .checksum = checksum };
}

static int run_command(struct job *job, struct kvs_err *err)
{
	const struct kvs_subject subject = subject_of(job, job->result->checksum);
	int rc;

	if (!job->params->command.argv || !(job->result->written || is_owed(job)))
		return 0;
	rc = kvs_command_run(&job->params->command, "command", &subject, &job->result->signal, err);
	job->result->commanded = rc == 0;
	job->state.failures = rc == 0 ? 0 : job->state.failures + (rc != KVS_E_CANCELED);
	remember(job, rc ? KVS_STEP_INSTALLED : KVS_STEP_RELOADED);
	return rc;
}

/* ---- the check ---- */

static bool has_name(const struct kvs_in_params *params)
{
	return params->fd < 0 || params->named;
}

/* A check may go by how the file is called. */
static const char *name_of(const struct kvs_in_params *params)
{
	const char *name = has_name(params) ? kvs_path_base(params->file) : "";
	size_t n = strlen(name);

	return n > 0 && n < NAME_MAX / 2 ? name : "stdin";
}

static int write_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	return kvs_newfile_write(arg, piece.p, piece.n, err);
}

static int fill_file(void *arg, struct kvs_newfile *f, struct kvs_err *err)
{
	const struct job *job = arg;

	if (job->is_large)
		return kvs_source_read(&job->source, write_piece, f, err);
	return kvs_newfile_write(f, job->content.data, job->content.len, err);
}

static int check(struct job *job, const char *checksum, struct kvs_err *err)
{
	const struct kvs_subject subject = subject_of(job, checksum);
	KVS_AUTO_TEMPFILE struct kvs_tempfile file = { 0 };
	struct kvs_err why = { 0 };
	int rc = kvs_tempfile_fill(name_of(job->params), fill_file, job, &file, err);

	if (rc)
		return rc;
	rc = kvs_check_run(&job->params->check, file.path, &subject, &job->result->signal, &why);
	return rc ? kvs_err_set(err, rc, "%s; nothing was written", why.msg) : 0;
}

/* ---- the chunks of a large file ---- */

static struct kvs_chunks_spec chunks_spec(struct job *job)
{
	return (struct kvs_chunks_spec){ .key = job->params->key,
					 .checksum = job->large.checksum,
					 .chunks = &job->large.chunks,
					 .source = &job->source };
}

/* They are there before anybody is led to them. */
static int write_chunks(struct job *job, struct kvs_err *err)
{
	const struct kvs_chunks_spec spec = chunks_spec(job);
	size_t written;
	int rc = kvs_chunks_check_room(&job->t, job->large.chunks.bytes, err);

	rc = rc ? rc : kvs_chunks_write(&job->t, &spec, &written, err);
	job->chunks_written = rc == 0;
	return rc;
}

/* Nobody may have taken us for dead meanwhile. */
static int confirm_chunks(struct job *job, struct kvs_err *err)
{
	const struct kvs_chunks_spec spec = chunks_spec(job);
	bool noted = false;
	int rc = kvs_chunks_confirm(&job->t, &spec, &noted, err);

	return rc || noted ? rc : write_chunks(job, err);
}

/* ---- before the write ---- */

/* Once is enough, however often the write is tried again. */
static int approve(struct job *job, const char *checksum, struct kvs_err *err)
{
	uint64_t began = kvsi_monotonic_ms();
	int rc;

	if (job->params->check.argv) {
		rc = check(job, checksum, err);
		kvs_transfer_spare_time(&job->t, began);
		if (rc)
			return rc;
	}
	if (job->params->command.argv) {
		memcpy(job->state.checksum, checksum, sizeof(job->state.checksum));
		remember(job, KVS_STEP_STAGED);
	}
	job->approved = true;
	return 0;
}

static int announce(struct job *job, const char *checksum, struct kvs_err *err)
{
	int rc = job->approved ? 0 : approve(job, checksum, err);

	if (rc == 0 && job->params->before_write)
		rc = job->params->before_write(job->params->before_write_arg, err);
	return rc;
}

static int before_write(void *arg, const char *checksum, struct kvs_err *err)
{
	struct job *job = arg;
	int rc = announce(job, checksum, err);

	return rc || !job->is_large || job->chunks_written ? rc : write_chunks(job, err);
}

static int before_repair(void *arg, struct kvs_err *err)
{
	struct job *job = arg;
	int rc = kvs_chunks_check_room(&job->t, job->large.chunks.bytes, err);

	return rc ? rc : announce(job, job->large.checksum, err);
}

/* The pair stood there already: so should they. */
static int repair_chunks(struct job *job, struct kvs_err *err)
{
	struct kvs_chunks_spec spec = chunks_spec(job);
	size_t written = 0;
	int rc;

	spec.before_put = before_repair;
	spec.arg = job;
	rc = kvs_chunks_write(&job->t, &spec, &written, err);
	job->result->written = written > 0;
	return rc;
}

/* ---- the file ---- */

static uint64_t max_bytes(const struct job *job)
{
	return job->params->guards.max_bytes ?: kvs_in_max_bytes(job->params);
}

static int add_piece(void *arg, struct kvs_str piece, struct kvs_err *err)
{
	kvs_buf_add(arg, piece.p, piece.n);
	return kvs_buf_check(arg, "the file", err);
}

static int read_content(struct job *job, struct kvs_err *err)
{
	const struct kvs_in_params *params = job->params;
	struct kvs_buf *content = &job->content;
	int rc;

	if (params->content.p) {
		kvs_buf_add(content, params->content.p, params->content.n);
		rc = kvs_buf_check(content, params->file, err);
	} else if (params->large)
		rc = kvs_source_read(&job->source, add_piece, content, err);
	else if (params->fd >= 0)
		rc = kvs_fd_read(params->fd, params->file, content, err);
	else
		rc = kvs_file_read(params->file, content, err);
	return rc == KVS_E_TOOBIG ? kvs_guards_too_big(params->file, content->max, err) : rc;
}

static int take_large(struct job *job, struct kvs_err *err)
{
	const struct kvs_in_params *params = job->params;
	struct kvs_guards guards = params->guards;

	if (params->sorted || params->encoding != KVS_ENCODING_PLAIN)
		return kvs_err_set(
			err, KVS_E_ARG,
			"%s is too large for one value, and chunks are neither sorted nor "
			"compressed: leave out --sorted and --compress",
			KVS_Q(kvs_s(params->file)));
	guards.max_bytes = max_bytes(job);
	return kvs_large_take(&job->t, &job->source, &guards, params->chunks_checksum, &job->large,
			      err);
}

/* Where the content comes from, if it may be in chunks.  */
static int open_source(struct job *job, struct kvs_err *err)
{
	const struct kvs_in_params *params = job->params;
	int rc = 0;

	if (params->chunks && !params->large)
		return kvs_large_not_allowed(params->file, err);
	if (params->chunks)
		kvs_source_of_chunks(&job->t, params->chunks, params->file, &job->source);
	else if (params->content.p)
		kvs_source_of_content(params->content, params->file, &job->source);
	else if (params->large)
		rc = kvs_source_open(params->file, params->fd, max_bytes(job), &job->source, err);
	job->is_large = rc == 0 && params->large &&
			(params->chunks || kvs_large_is(job->t.store, job->source.bytes));
	return rc;
}

static int take_content(struct job *job, struct kvs_err *err)
{
	uint64_t began = kvsi_monotonic_ms();
	int rc = open_source(job, err);

	if (rc == 0)
		rc = job->is_large ? take_large(job, err) : read_content(job, err);
	if (job->params->fd >= 0 || (job->is_large && !job->params->chunks))
		kvs_transfer_spare_time(&job->t, began);
	return rc == 0 && job->params->sorted ? kvs_content_sort(&job->content, err) : rc;
}

/* What commands need. */
static int prepare(struct job *job, struct kvs_err *err)
{
	const struct kvs_in_params *params = job->params;
	int rc = kvs_check_before_only(&params->check, "", err);

	if (rc || (!params->check.argv && !params->command.argv))
		return rc;
	if (params->fd < 0 && !params->content.p && !params->chunks)
		rc = kvs_path_absolute(params->file, &job->path, err);
	else if (!(job->path = kvs_strdup(has_name(params) ? params->file : "-")))
		rc = kvs_err_oom(err);
	return rc || !params->command.argv ? rc : remember_from(job, err);
}

int kvs_transfer_in(const struct kvs_transfer *t, const struct kvs_in_params *params,
		    struct kvs_in_result *ret, struct kvs_err *err)
{
	struct kvs_pair_spec spec = kvs_pair_spec_of(params);
	KVS_CLEANUP(job_release)
	struct job job = {
		.t = *t,
		.params = params,
		.result = ret,
		.source = KVS_SOURCE_INIT,
		.state = KVS_STATE_INIT,
	};
	int rc;

	*ret = (struct kvs_in_result){ 0 };
	kvs_buf_init(&job.content, max_bytes(&job));
	rc = kvs_pair_check(t, &spec, err);
	rc = rc ? rc : take_content(&job, err);
	rc = rc ? rc : prepare(&job, err);
	if (rc)
		return rc;
	spec.content = kvs_buf_slice(&job.content);
	spec.large = job.is_large ? &job.large : NULL;
	spec.before_write = before_write;
	spec.before_write_arg = &job;
	rc = kvs_pair_write(&job.t, &spec, ret, err);
	if (rc == 0 && job.is_large)
		rc = ret->written ? confirm_chunks(&job, err) : repair_chunks(&job, err);
	return rc ? rc : run_command(&job, err);
}
