/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data and checksum change in one transaction, guarded by the checksum as it was read: whoever else
 * completes a write changes it, so whoever loses reads again.  The stop is part of the transaction:
 * nothing is written behind a stop that was acknowledged.
 *
 * A signature is part of the transaction as well: ours goes there, and if we have none, one of what
 * was there before goes away.
 *
 * Where they do not fit into a transaction, or an access rule allows none, the data is written on
 * condition that it is as read, then the checksum on condition that it is as read.  Between the two
 * the pair does not match and no reader takes it.  A writer whose condition fails, or that finds at
 * the end that the pair is not its own, begins again.  A stop that is set between the two comes too
 * late.  A writer that is killed there leaves a mismatch, which is why an equal checksum alone is
 * never taken for "nothing to do".
 */
#include "transfer/pair_write.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/contents.h"
#include "transfer/guards.h"
#include "transfer/history.h"
#include "transfer/large.h"
#include "transfer/layout.h"
#include "transfer/pair.h"
#include "transfer/signing.h"

#include <string.h>

/* Enough for dozens of writers at one key; each failure means that one of the others got on. */
#define TRIES 100

/* What does not get smaller gets a little bigger, and base64 adds a third. */
#define PACKED_MAX(n_) ((n_) + (n_) / 2 + 4096)

struct job {
	const struct kvs_transfer *t;
	const struct kvs_pair_spec *spec;
	struct kvs_names names;
	struct kvs_str checksum;
	struct kvs_buf packed;		    /* the content in its encoding, once it was needed */
	char signature[KVS_SIGNATURE_LINE]; /* what is to be written, with a sign_key */
	struct kvs_in_result *result;
	struct kvs_history history;
	struct kvs_retry retry;
	bool unsigned_now; /* a signature was taken away */
	bool in_two;	   /* a transaction is out of the question */
};

/* What the store held when it was asked. */
struct seen {
	struct kvs_entry *stop;
	struct kvs_entry *checksum;
	struct kvs_entry *data;
	struct kvs_entry *signature;
	bool data_read;
	bool in_place; /* our pair, in an encoding that will do */
};

static void seen_release(struct seen *seen)
{
	kvs_entry_free(seen->stop);
	kvs_entry_free(seen->checksum);
	kvs_entry_free(seen->data);
	kvs_entry_free(seen->signature);
}

/* The value that the content is to be. */
static struct kvs_str stored(const struct job *job)
{
	if (job->spec->large)
		return kvs_buf_slice(&job->spec->large->list);
	if (job->spec->encoding == KVS_ENCODING_PLAIN)
		return job->spec->content;
	return job->spec->packed.p ? job->spec->packed : kvs_buf_slice(&job->packed);
}

static enum kvs_encoding encoding(const struct job *job)
{
	return job->spec->large ? KVS_ENCODING_CHUNKS : job->spec->encoding;
}

static int look_at_data(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str key = kvs_s(job->names.data);
	int rc = kvs_get_many(job->t->store, &key, 1, 0, &seen->data, err);

	seen->data_read = rc == 0;
	return rc;
}

/* Is the content what the data is once it is unpacked?  What cannot be told is not. */
static bool holds_content(const struct job *job, const struct kvs_entry *data)
{
	KVS_AUTO_BUF struct kvs_buf room;
	struct kvs_decoded decoded;

	kvs_buf_init(&room, job->spec->content.n);
	return !job->spec->large &&
	       kvs_decode(job->names.data, data->value, data->flags, job->checksum.p, &room,
			  &decoded, NULL) == 0 &&
	       decoded.encoding != KVS_ENCODING_CHUNKS &&
	       ((job->spec->encoding == KVS_ENCODING_PLAIN && !job->spec->exact) ||
		decoded.encoding == job->spec->encoding);
}

static bool is_in_place(const struct job *job, const struct seen *seen)
{
	if (!seen->data || !kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return false;
	return ((job->spec->large || job->spec->encoding == KVS_ENCODING_PLAIN) &&
		kvs_str_eq(seen->data->value, stored(job))) ||
	       holds_content(job, seen->data);
}

/* Reads the guards, and the data only where it decides something. */
static int look(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str keys[] = { kvs_s(job->names.stop), kvs_s(job->names.checksum),
					kvs_s(job->names.signature) };
	struct kvs_entry *got[3];
	int rc = kvs_get_many(job->t->store, keys, 3, 0, got, err);

	if (rc)
		return rc;
	seen->stop = got[0];
	seen->checksum = got[1];
	seen->signature = got[2];
	if (job->in_two || job->spec->guards->limit_shrink || job->t->contents ||
	    kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		rc = look_at_data(job, seen, err);
	seen->in_place = rc == 0 && is_in_place(job, seen);
	return rc;
}

/* What stands there, the data having been read; its bytes are in it or in room.  After a failure it is
 * the value as it stands. */
static int unpack(const struct job *job, const struct seen *seen, struct kvs_buf *room,
		  struct kvs_decoded *ret, struct kvs_err *err)
{
	char checksum[KVS_SHA256_HEX];
	int rc = kvs_checksum_parse(seen->checksum, job->names.checksum, checksum, err);

	*ret = (struct kvs_decoded){ .bytes = seen->data->value };
	kvs_buf_init(room, KVS_OUT_MAX_BYTES_DEFAULT);
	return rc ? rc
		  : kvs_decode(job->names.data, seen->data->value, seen->data->flags, checksum,
			       room, ret, err);
}

/*
 * How many bytes stand there?  What does not match its checksum, as a writer leaves it that was
 * killed, counts as it stands: packed, that is hardly ever more than it was.
 */
static int measure(const struct job *job, const struct seen *seen, uint64_t *ret_bytes,
		   struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf room = { 0 };
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	struct kvs_err why = { 0 };
	struct kvs_decoded found;
	int rc = unpack(job, seen, &room, &found, &why);

	if (rc && rc != KVS_E_INTEGRITY)
		return kvs_err_copy(err, rc, &why);
	*ret_bytes = found.bytes.n;
	if (rc == 0 && found.encoding == KVS_ENCODING_CHUNKS &&
	    kvs_chunks_parse(job->names.data, found.bytes, &chunks, NULL) == 0)
		*ret_bytes = chunks.bytes;
	return 0;
}

/* For whoever asked what changes.  What nobody can read counts as nothing, and of large files nothing is
 * told. */
static void tell_change(const struct job *job, const struct seen *seen)
{
	KVS_AUTO_BUF struct kvs_buf room = { 0 };
	struct kvs_decoded before = { 0 };

	if (!job->t->contents || seen->in_place || job->spec->large)
		return;
	if (seen->data && unpack(job, seen, &room, &before, NULL))
		before.bytes.n = 0;
	if (before.encoding != KVS_ENCODING_CHUNKS)
		kvs_contents_changed(job->t->contents, before.bytes, job->spec->content);
}

static int check_shrink(const struct job *job, const struct seen *seen, const char *key,
			struct kvs_err *err)
{
	uint64_t before = 0;
	int rc;

	if (!job->spec->guards->limit_shrink || !seen->data ||
	    kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return 0;
	rc = measure(job, seen, &before, err);
	return rc ? rc
		  : kvs_guards_check_shrink(job->spec->guards, key, before, job->result->bytes,
					    err);
}

/* Is there nothing left to do? */
static bool is_ours(const struct job *job, const struct seen *seen)
{
	const struct kvs_signers self = { .keys = &job->spec->sign_key, .n = 1 };
	uint64_t when;

	return seen->in_place && (!job->spec->sign_key ||
				  kvs_signature_check(seen->signature, &self,
						      kvs_signed_name(job->t->store, &job->names),
						      job->checksum.p, &when, NULL) == 0);
}

static void fill_put(struct kvs_op *op, const char *key, struct kvs_str value)
{
	*op = (struct kvs_op)KVS_OP_INIT;
	op->type = KVS_OP_PUT;
	op->key = kvs_s(key);
	op->value = value;
}

/* Packing takes its time, so it is done when it is certain that it is needed, and once. */
static int pack(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	const struct kvs_pair_spec *spec = job->spec;

	if (spec->encoding == KVS_ENCODING_PLAIN || spec->large || spec->packed.p ||
	    job->packed.len > 0 || seen->in_place)
		return 0;
	return kvs_encode(spec->encoding, spec->content, &job->packed, err);
}

static int sign(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	if (!job->spec->sign_key)
		return 0;
	return kvs_signature_make(job->spec->sign_key, kvs_signed_name(job->t->store, &job->names),
				  job->checksum.p, seen->signature,
				  kvs_checksum_value(seen->checksum), job->signature, err);
}

static void fill_put_data(struct kvs_op *op, const struct job *job)
{
	fill_put(op, job->names.data, stored(job));
	if (kvs_caps(job->t->store) & KVS_CAP_FLAGS)
		op->flags = kvs_encoding_info(encoding(job))->flags;
}

/* Ours goes there; one of what was there before goes away.  False: neither is due. */
static bool fill_signature(struct kvs_op *op, const struct job *job, const struct seen *seen)
{
	if (job->spec->sign_key) {
		fill_put(op, job->names.signature, kvs_s(job->signature));
	} else if (seen->signature && !seen->in_place) {
		*op = (struct kvs_op)KVS_OP_INIT;
		op->type = KVS_OP_DELETE;
		op->key = kvs_s(job->names.signature);
	} else {
		return false;
	}
	kvs_op_unchanged(op, seen->signature);
	return true;
}

static void fill_check(struct kvs_op *op, const char *key, const struct kvs_entry *seen)
{
	*op = (struct kvs_op)KVS_OP_INIT;
	op->type = KVS_OP_CHECK;
	op->key = kvs_s(key);
	kvs_op_unchanged(op, seen);
}

/* The pair, or if it is there only the condition that it stays. */
static size_t fill_pair(struct kvs_op ops[2], const struct job *job, const struct seen *seen)
{
	if (seen->in_place) {
		fill_check(&ops[0], job->names.data, seen->data);
		fill_check(&ops[1], job->names.checksum, seen->checksum);
		return 2;
	}
	fill_put_data(&ops[0], job);
	if (seen->data_read)
		kvs_op_unchanged(&ops[0], seen->data);
	fill_put(&ops[1], job->names.checksum, job->checksum);
	kvs_op_unchanged(&ops[1], seen->checksum);
	return 2;
}

static void note_write(struct job *job, const struct kvs_reply *reply)
{
	job->result->written = true;
	job->result->index = reply->index;
	job->result->stored = stored(job).n;
}

static int write_together(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	struct kvs_op ops[4];
	size_t n = fill_pair(ops, job, seen);
	bool with_signature;
	int rc;

	fill_check(&ops[n++], job->names.stop, seen->stop);
	with_signature = fill_signature(&ops[n], job, seen);
	rc = kvs_txn(job->t->store, ops, n + with_signature, 0, &reply, err);
	if (rc == 0) {
		note_write(job, &reply);
		job->unsigned_now = with_signature && !job->spec->sign_key;
	}
	return rc;
}

static int write_one(struct job *job, struct kvs_op *op, const struct kvs_entry *seen,
		     struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	int rc;

	if (op->type == KVS_OP_PUT && seen && kvs_str_eq(seen->value, op->value) &&
	    seen->flags == op->flags)
		return 0;
	kvs_op_unchanged(op, seen);
	rc = op->type == KVS_OP_PUT ? kvs_put(job->t->store, op, &reply, err)
				    : kvs_delete(job->t->store, op, &reply, err);
	if (rc == 0)
		note_write(job, &reply);
	return rc;
}

/* The signature comes before the checksum, whose change is what wakes those who verify it. */
static int write_parts(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	struct kvs_op op;
	int rc = 0;

	if (!seen->in_place) {
		fill_put_data(&op, job);
		rc = write_one(job, &op, seen->data, err);
	}
	if (rc == 0 && fill_signature(&op, job, seen)) {
		rc = write_one(job, &op, seen->signature, err);
		job->unsigned_now |= rc == 0 && !job->spec->sign_key;
	}
	fill_put(&op, job->names.checksum, job->checksum);
	return rc ? rc : write_one(job, &op, seen->checksum, err);
}

/* Ends well only if all values were seen in place after the last write. */
static int write_in_two(struct job *job, struct seen *seen, struct kvs_err *err)
{
	KVS_CLEANUP(seen_release) struct seen after = { 0 };
	int rc = seen->data_read ? 0 : look_at_data(job, seen, err);

	rc = rc ? rc : write_parts(job, seen, err);
	rc = rc ? rc : look(job, &after, err);
	if (rc || is_ours(job, &after))
		return rc;
	return kvs_err_set(err, KVS_E_CONFLICT, "somebody else writes %s at the same time",
			   KVS_Q(kvs_s(job->names.data)));
}

/* May the same write still succeed key by key? */
static bool needs_two(int rc)
{
	return rc == KVS_E_TOOBIG || rc == KVS_E_DENIED || rc == KVS_E_UNSUPPORTED;
}

static int write_once(struct job *job, struct kvs_err *err)
{
	const char *key = job->spec->key;
	KVS_CLEANUP(seen_release) struct seen seen = { 0 };
	int rc = look(job, &seen, err);

	if (rc)
		return rc;
	if (kvs_retry_resolve(&job->retry) && is_ours(job, &seen)) {
		job->result->written = true;
		return 0;
	}
	rc = kvs_stop_check(job->t, seen.stop, key, err);
	if (rc || is_ours(job, &seen))
		return rc;
	rc = check_shrink(job, &seen, key, err);
	rc = rc ? rc : pack(job, &seen, err);
	rc = rc ? rc : sign(job, &seen, err);
	if (rc == 0 && job->spec->before_write)
		rc = job->spec->before_write(job->spec->before_write_arg, job->result->checksum,
					     err);
	if (rc)
		return rc;
	tell_change(job, &seen);
	if (!seen.in_place)
		kvs_history_keep_held(&job->history, &job->names,
				      kvs_checksum_value(seen.checksum));
	if (!job->in_two) {
		rc = write_together(job, &seen, err);
		if (!needs_two(rc))
			return rc;
		job->in_two = true;
	}
	return write_in_two(job, &seen, err);
}

static int check_encoding(const struct kvs_pair_spec *spec, struct kvs_err *err)
{
	const struct kvs_encoding_info *info = kvs_encoding_info(
		spec->may_be_large ? KVS_ENCODING_CHUNKS : spec->encoding);

	if (info->kvexpress || spec->no_compat)
		return 0;
	return kvs_err_set(
		err, KVS_E_ARG,
		"kvexpress cannot read %s: give --no-compat (or \"compat: kvsync\" in the "
		"configuration) if nobody uses it on this key%s",
		info->name, spec->may_be_large ? "" : ", or choose brotli");
}

int kvs_pair_check(const struct kvs_transfer *t, const struct kvs_pair_spec *spec,
		   struct kvs_err *err)
{
	int rc = kvs_layout_check_key(spec->key, kvs_transfer_naming(t, true), err);

	return rc ? rc : check_encoding(spec, err);
}

/* What the content alone says.  A large file was judged when it was taken apart. */
static int judge(const struct kvs_transfer *t, const struct kvs_pair_spec *spec,
		 struct kvs_in_result *result, struct kvs_err *err)
{
	int rc;

	result->is_signed = spec->sign_key != NULL;
	if (spec->large) {
		result->bytes = spec->large->chunks.bytes;
		result->lines = spec->large->chunks.lines;
		memcpy(result->checksum, spec->large->checksum, sizeof(result->checksum));
		return 0;
	}
	result->bytes = spec->content.n;
	result->lines = kvs_guards_lines(spec->guards, spec->content);
	rc = kvs_guards_check(t, spec->guards, spec->what, spec->content, result->lines, err);
	if (rc == 0)
		kvs_sha256_of(spec->content, result->checksum);
	else if (t->contents)
		kvs_contents_refused(t->contents, spec->content);
	return rc;
}

static void job_release(struct job *job)
{
	kvs_names_release(&job->names);
	kvs_buf_release(&job->packed);
	kvs_history_release(&job->history);
}

static void keep_what_was_written(struct job *job)
{
	kvs_history_keep_written(&job->history, job->result,
				 job->spec->large ? stored(job) : job->spec->content,
				 encoding(job) == KVS_ENCODING_CHUNKS);
}

/* Whoever never had chunks need not hear that he may not look for them. */
static void sweep(const struct job *job)
{
	int level = job->spec->large ? KVS_LOG_WARNING : KVS_LOG_DEBUG;
	struct kvs_err why = { 0 };

	if (kvs_chunks_sweep(job->t, job->spec->key, job->names.checksum, &why))
		kvs_transfer_report(job->t, level,
				    "chunks of %s that nobody needs stay for now: %s",
				    KVS_Q(kvs_s(job->spec->key)), why.msg);
}

/* What is too big for a value has another way. */
static int explain_too_big(const struct job *job, int rc, struct kvs_err *err)
{
	struct kvs_err why;

	if (rc != KVS_E_TOOBIG || !err || job->spec->may_be_large || job->t->free_names)
		return rc;
	why = *err;
	return kvs_err_set(err, rc, "%s; --large splits what is too large for one value", why.msg);
}

int kvs_pair_write(const struct kvs_transfer *t, const struct kvs_pair_spec *spec,
		   struct kvs_in_result *ret, struct kvs_err *err)
{
	struct kvs_in_result result = { 0 };
	KVS_CLEANUP(job_release)
	struct job job = {
		.t = t,
		.spec = spec,
		.result = &result,
		.retry = { .max = TRIES },
	};
	int rc = kvs_pair_check(t, spec, err);

	kvs_buf_init(&job.packed, PACKED_MAX(spec->content.n));
	kvs_history_init(&job.history, t, spec->history, spec->key);
	rc = rc ? rc : judge(t, spec, &result, err);
	rc = rc ? rc
		: kvs_names_init(&job.names, t->prefix, spec->key, kvs_transfer_naming(t, true),
				 err);
	if (rc)
		return rc;
	job.checksum = kvs_s(result.checksum);
	do
		rc = write_once(&job, err);
	while (kvs_retry_again(&job.retry, t->deadline, rc));
	rc = kvs_retry_end(&job.retry, rc, err);
	if (rc)
		return explain_too_big(&job, rc, err);
	if (job.unsigned_now)
		kvs_transfer_report(t, KVS_LOG_WARNING,
				    "%s was signed and is not any more; --sign signs it",
				    KVS_Q(kvs_s(spec->key)));
	if (result.written)
		keep_what_was_written(&job);
	if (!t->free_names) /* kvexpress knows of no chunks */
		sweep(&job);
	*ret = result;
	return 0;
}
