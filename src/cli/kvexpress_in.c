/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvexpress in.  FILE.compare is what was put into the store, FILE.last what was both put there and
 * told to the command of -e.  Whether there is something to do, the store alone decides; the files
 * say only if the command is to run.  What comes from a URL leaves no files, and its command runs
 * each time.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kvexpress.h"
#include "cli/reporting.h"
#include "cli/url_read.h"
#include "cli/write_options.h"
#include "transfer/content.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define BLANK_FILE  "This is a blank file.\n"
#define NOT_STOPPED "Stop Key is NOT present - continuing."

struct job {
	struct kvx *x;
	const char *name; /* of what is put, for messages */
	char *shown;	  /* the URL, where it is one */
	char *compare;
	char *last;
	struct kvs_buf content;
	bool is_last; /* it is the content */
	struct kvs_in_result result;
};

static void job_release(struct job *job)
{
	kvsi_free(job->shown);
	kvsi_free(job->compare);
	kvsi_free(job->last);
	kvs_buf_release(&job->content);
}

static bool is_given(const char *word)
{
	return word && *word;
}

static int check(const struct kvx *x, struct kvs_err *err)
{
	const char *file = x->o->file;
	bool from_url = is_given(x->o->url);
	struct stat st;

	if (!is_given(file) && !from_url)
		return kvx_end("Need a file -f or url -u to read from.");
	if (is_given(file) && stat(file, &st) != 0 && errno == ENOENT)
		return kvx_end("File  %s  does not exist.", KVS_Q(kvs_s(file)));
	if (is_given(file) && from_url)
		return kvx_end("You cannot use both -f and -u.");
	return 0;
}

static int check_beside(const char *path, struct kvs_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return kvs_err_set(err, KVS_E_SYS, "%s is a directory, and a file is to be there",
				   KVS_Q(kvs_s(path)));
	return 0;
}

static int read_content(struct job *job, struct kvs_err *err)
{
	const struct kvx_options *o = job->x->o;
	const struct url_source source = { .url = o->url, .deadline = job->x->cli->deadline };
	bool from_file = is_given(o->file);
	int code = from_file ? kvs_file_read(o->file, &job->content, err)
			     : url_read(&source, &job->content, &job->shown, err);

	job->name = from_file ? o->file : job->shown;
	job->x->elsewhere = code != 0;
	if (code == KVS_E_TOOBIG)
		return kvs_err_set(err, KVS_E_GUARD, "%s has more than %" PRIu64 " bytes",
				   KVS_Q(kvs_s(job->name)), KVS_IN_MAX_BYTES_DEFAULT);
	if (!code && o->sorted)
		code = kvs_content_sort(&job->content, err);
	if (code || job->content.len > 0)
		return code;
	job->x->refusal.kind = KVS_REFUSAL_EMPTY;
	return kvs_err_set(err, KVS_E_GUARD, "%s is empty: there is nothing to put",
			   KVS_Q(kvs_s(job->name)));
}

static int look_at_last(struct job *job, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf last = { 0 };
	KVS_AUTO_FD int fd = -1;
	struct stat st;
	int code = kvs_file_open(job->last, &fd, &st, err);

	if (code || fd < 0)
		return code;
	kvs_buf_init(&last, job->content.len);
	code = kvs_fd_read(fd, job->last, &last, err);
	if (code == KVS_E_TOOBIG)
		return 0;
	job->is_last = !code && kvs_str_eq(kvs_buf_slice(&last), kvs_buf_slice(&job->content));
	return code;
}

static int prepare_file(struct job *job, struct kvs_err *err)
{
	const char *file = job->x->o->file;
	int code;

	job->compare = kvs_asprintf("%s.compare", file);
	job->last = kvs_asprintf("%s.last", file);
	if (!job->compare || !job->last)
		return kvs_err_oom(err);
	code = check_beside(job->compare, err);
	code = code ? code : check_beside(job->last, err);
	code = code ? code : read_content(job, err);
	return code ? code : look_at_last(job, err);
}

/* What the command is about to be owed must be seen by the next run, whatever becomes of this one. */
static int before_write(void *arg, struct kvs_err *err)
{
	const struct job *job = arg;

	if (!job->is_last || !job->x->words.argv)
		return 0;
	return kvx_write(job->x, job->last, kvs_s(BLANK_FILE), err);
}

/* In the words, and the order, in which kvexpress told it. */
static void tell_done(const struct job *job)
{
	kvs_log(KVS_LOG_NOTICE, NOT_STOPPED);
	kvs_log(KVS_LOG_NOTICE, "We have data - let's do the thing.");
	if (!job->result.written && job->is_last) {
		kvs_log(KVS_LOG_NOTICE, "file checksum='match' update='false'");
		return;
	}
	if (!job->is_last)
		kvs_log(KVS_LOG_NOTICE, "file checksum='different' update='true'");
	if (job->result.written) {
		kvs_log(KVS_LOG_NOTICE, "consul checksum='different' update='true'");
		kvx_tell_saved(job->x, job->x->o->key, &job->result);
	} else {
		kvs_log(KVS_LOG_NOTICE, "consul checksum='match' update='false'");
	}
}

static int put(struct job *job, struct kvs_err *err)
{
	struct kvx *x = job->x;
	struct kvs_report report = { .action = KVS_ACTION_IN, .key = x->o->key };
	struct kvs_in_params params = {
		.key = x->o->key,
		.file = job->name,
		.fd = -1,
		.content = kvs_buf_slice(&job->content),
		.encoding = x->o->compress ? KVS_ENCODING_BROTLI : KVS_ENCODING_PLAIN,
	};
	int code;

	params.before_write = before_write;
	params.before_write_arg = job;
	params.guards.min_lines = x->o->length.given ? x->o->length.value : KVX_MIN_LINES;
	params.guards.whole_lines = true;
	code = kvs_transfer_in(&x->t, &params, &job->result, err);
	write_tell(x->cli, &x->t, &report, &job->result, code, err);
	if (x->refusal.kind == KVS_REFUSAL_SHORT)
		kvs_log(KVS_LOG_NOTICE, NOT_STOPPED);
	if (code)
		(void)kvx_tell_refusal(x, code);
	else
		tell_done(job);
	return code;
}

static int keep_files(struct job *job, struct kvs_err *err)
{
	struct kvs_str content = kvs_buf_slice(&job->content);
	struct kvx *x = job->x;
	int code = kvx_write(x, job->compare, content, err);

	code = code ? code : kvx_exec(x, x->o->key, x->o->file, job->result.checksum, err);
	return code ? code : kvx_write(x, job->last, content, err);
}

/* Whatever it is that was to be read, the store is not to blame. */
static int tell_unread(const struct kvx *x, int code, const struct kvs_err *err)
{
	const struct kvs_report report = { .action = KVS_ACTION_IN, .key = x->o->key };

	cli_tell(x->cli, &x->t, &report, code == KVS_E_GUARD ? code : KVS_E_SYS, err);
	return code;
}

static int run(struct kvx *x, struct kvs_err *err)
{
	KVS_CLEANUP(job_release) struct job job = { .x = x };
	bool from_file = is_given(x->o->file);
	int code;

	kvs_buf_init(&job.content, KVS_IN_MAX_BYTES_DEFAULT);
	code = from_file ? prepare_file(&job, err) : read_content(&job, err);
	if (code)
		return tell_unread(x, code, err);
	code = put(&job, err);
	if (code || (!job.result.written && job.is_last))
		return code;
	x->complete = true;
	return from_file ? keep_files(&job, err)
			 : kvx_exec(x, x->o->key, "", job.result.checksum, err);
}

const struct kvx_command kvx_in = {
	.name = "in",
	.bit = KVX_IN,
	.summary = "put a file into the store",
	.needs = { { offsetof(struct kvx_options, key), "Need a key location in -k" } },
	.check = check,
	.run = run,
};
