/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file goes into the store.
 *
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
#include "transfer/transfer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/content.h"
#include "transfer/guards.h"
#include "transfer/layout.h"
#include "transfer/pair.h"
#include "transfer/signing.h"

/* Enough for dozens of writers at one key; each failure means that one of the others got on. */
#define TRIES 100

/* What does not get smaller gets a little bigger, and base64 adds a third. */
#define PACKED_MAX(n_) ((n_) + (n_) / 2 + 4096)

struct job {
	const struct kvs_transfer *t;
	const struct kvs_guards *guards;
	const struct kvs_names *names;
	struct kvs_str content;
	struct kvs_str checksum;
	enum kvs_encoding encoding;
	struct kvs_buf *packed; /* the content in its encoding, once it was needed */
	const struct kvs_signkey *sign_key;
	char signature[KVS_SIGNATURE_LINE]; /* what is to be written, with a sign_key */
	struct kvs_in_result *result;
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

static int look_at_data(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str key = kvs_s(job->names->data);
	int rc = kvs_get_many(job->t->store, &key, 1, 0, &seen->data, err);

	seen->data_read = rc == 0;
	return rc;
}

/* Is the content what the data is once it is unpacked?  What cannot be told is not. */
static bool holds_content(const struct job *job, const struct kvs_entry *data)
{
	KVS_AUTO_BUF struct kvs_buf room;
	struct kvs_decoded decoded;

	kvs_buf_init(&room, job->content.n);
	return kvs_decode(job->names->data, data->value, data->flags, job->checksum.p, &room,
			  &decoded, NULL) == 0 &&
	       (job->encoding == KVS_ENCODING_PLAIN || decoded.encoding == job->encoding);
}

static bool is_in_place(const struct job *job, const struct seen *seen)
{
	if (!seen->data || !kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return false;
	return (job->encoding == KVS_ENCODING_PLAIN &&
		kvs_str_eq(seen->data->value, job->content)) ||
	       holds_content(job, seen->data);
}

/* Reads the guards, and the data only where it decides something. */
static int look(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str keys[] = { kvs_s(job->names->stop), kvs_s(job->names->checksum),
					kvs_s(job->names->signature) };
	struct kvs_entry *got[3];
	int rc = kvs_get_many(job->t->store, keys, 3, 0, got, err);

	if (rc)
		return rc;
	seen->stop = got[0];
	seen->checksum = got[1];
	seen->signature = got[2];
	if (job->in_two || job->guards->limit_shrink ||
	    kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		rc = look_at_data(job, seen, err);
	seen->in_place = rc == 0 && is_in_place(job, seen);
	return rc;
}

/*
 * How many bytes stand there?  What does not match its checksum, as a writer leaves it that was
 * killed, counts as it stands: packed, that is hardly ever more than it was.
 */
static int measure(const struct job *job, const struct seen *seen, uint64_t *ret_bytes,
		   struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf room;
	struct kvs_decoded decoded = { .bytes = seen->data->value };
	char checksum[KVS_SHA256_HEX];
	struct kvs_err why = { 0 };
	int rc = kvs_checksum_parse(seen->checksum, job->names->checksum, checksum, &why);

	kvs_buf_init(&room, KVS_OUT_MAX_BYTES_DEFAULT);
	rc = rc ? rc
		: kvs_decode(job->names->data, seen->data->value, seen->data->flags, checksum,
			     &room, &decoded, &why);
	if (rc && rc != KVS_E_INTEGRITY)
		return kvs_err_copy(err, rc, &why);
	*ret_bytes = decoded.bytes.n;
	return 0;
}

static int check_shrink(const struct job *job, const struct seen *seen, const char *key,
			struct kvs_err *err)
{
	uint64_t before = 0;
	int rc;

	if (!job->guards->limit_shrink || !seen->data ||
	    kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return 0;
	rc = measure(job, seen, &before, err);
	return rc ? rc : kvs_guards_check_shrink(job->guards, key, before, job->content.n, err);
}

/* Is there nothing left to do? */
static bool is_ours(const struct job *job, const struct seen *seen)
{
	const struct kvs_signers self = { .keys = &job->sign_key, .n = 1 };
	uint64_t when;

	return seen->in_place &&
	       (!job->sign_key || kvs_signature_check(seen->signature, &self,
						      kvs_signed_name(job->t->store, job->names),
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
static int pack(const struct job *job, const struct seen *seen, struct kvs_err *err)
{
	if (job->encoding == KVS_ENCODING_PLAIN || job->packed->len > 0 || seen->in_place)
		return 0;
	return kvs_encode(job->encoding, job->content, job->packed, err);
}

static int sign(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	if (!job->sign_key)
		return 0;
	return kvs_signature_make(job->sign_key, kvs_signed_name(job->t->store, job->names),
				  job->checksum.p, seen->signature,
				  kvs_checksum_value(seen->checksum), job->signature, err);
}

/* The data as it is to stand in the store. */
static void fill_put_data(struct kvs_op *op, const struct job *job)
{
	bool plain = job->encoding == KVS_ENCODING_PLAIN;

	fill_put(op, job->names->data, plain ? job->content : kvs_buf_slice(job->packed));
	if (kvs_caps(job->t->store) & KVS_CAP_FLAGS)
		op->flags = kvs_encoding_info(job->encoding)->flags;
}

/* Ours goes there; one of what was there before goes away.  False: neither is due. */
static bool fill_signature(struct kvs_op *op, const struct job *job, const struct seen *seen)
{
	if (job->sign_key) {
		fill_put(op, job->names->signature, kvs_s(job->signature));
	} else if (seen->signature && !seen->in_place) {
		*op = (struct kvs_op)KVS_OP_INIT;
		op->type = KVS_OP_DELETE;
		op->key = kvs_s(job->names->signature);
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
		fill_check(&ops[0], job->names->data, seen->data);
		fill_check(&ops[1], job->names->checksum, seen->checksum);
		return 2;
	}
	fill_put_data(&ops[0], job);
	if (seen->data_read)
		kvs_op_unchanged(&ops[0], seen->data);
	fill_put(&ops[1], job->names->checksum, job->checksum);
	kvs_op_unchanged(&ops[1], seen->checksum);
	return 2;
}

static void note_write(struct job *job, const struct kvs_reply *reply)
{
	job->result->written = true;
	job->result->index = reply->index;
}

static int write_together(struct job *job, const struct seen *seen, struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	struct kvs_op ops[4];
	size_t n = fill_pair(ops, job, seen);
	bool with_signature;
	int rc;

	fill_check(&ops[n++], job->names->stop, seen->stop);
	with_signature = fill_signature(&ops[n], job, seen);
	rc = kvs_txn(job->t->store, ops, n + with_signature, 0, &reply, err);
	if (rc == 0) {
		note_write(job, &reply);
		job->unsigned_now = with_signature && !job->sign_key;
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
		job->unsigned_now |= rc == 0 && !job->sign_key;
	}
	fill_put(&op, job->names->checksum, job->checksum);
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
			   KVS_Q(kvs_s(job->names->data)));
}

/* May the same write still succeed key by key? */
static bool needs_two(int rc)
{
	return rc == KVS_E_TOOBIG || rc == KVS_E_DENIED || rc == KVS_E_UNSUPPORTED;
}

static int write_once(struct job *job, const char *key, struct kvs_err *err)
{
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
	if (rc)
		return rc;
	if (!job->in_two) {
		rc = write_together(job, &seen, err);
		if (!needs_two(rc))
			return rc;
		job->in_two = true;
	}
	return write_in_two(job, &seen, err);
}

static int store_content(const struct kvs_transfer *t, const struct kvs_in_params *params,
			 struct kvs_str content, struct kvs_in_result *result, struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	KVS_AUTO_BUF struct kvs_buf packed;
	struct job job = {
		.t = t,
		.guards = &params->guards,
		.names = &names,
		.content = content,
		.checksum = kvs_s(result->checksum),
		.encoding = params->encoding,
		.packed = &packed,
		.sign_key = params->sign_key,
		.result = result,
		.retry = { .max = TRIES },
	};
	int rc = kvs_names_init(&names, t->prefix, params->key, kvs_transfer_naming(t, true), err);

	kvs_buf_init(&packed, PACKED_MAX(content.n));
	if (rc)
		return rc;
	do
		rc = write_once(&job, params->key, err);
	while (kvs_retry_again(&job.retry, t->deadline, rc));
	rc = kvs_retry_end(&job.retry, rc, err);
	if (rc == 0 && job.unsigned_now)
		kvs_transfer_report(t, KVS_LOG_WARNING,
				    "%s was signed and is not any more; --sign signs it",
				    KVS_Q(kvs_s(params->key)));
	return rc;
}

static int read_content(const struct kvs_in_params *params, struct kvs_buf *content,
			struct kvs_err *err)
{
	int rc;

	if (params->content.p) {
		kvs_buf_add(content, params->content.p, params->content.n);
		rc = kvs_buf_check(content, params->file, err);
	} else if (params->fd >= 0)
		rc = kvs_fd_read(params->fd, params->file, content, err);
	else
		rc = kvs_file_read(params->file, content, err);
	return rc == KVS_E_TOOBIG ? kvs_guards_too_big(params->file, content->max, err) : rc;
}

static int check_encoding(const struct kvs_in_params *params, struct kvs_err *err)
{
	const struct kvs_encoding_info *info = kvs_encoding_info(params->encoding);

	if (info->kvexpress || params->no_compat)
		return 0;
	return kvs_err_set(
		err, KVS_E_ARG,
		"kvexpress cannot read %s: give --no-compat (or \"compat: kvsync\" in the "
		"configuration) if nobody uses it on this key, or choose brotli",
		info->name);
}

int kvs_transfer_in(const struct kvs_transfer *t, const struct kvs_in_params *params,
		    struct kvs_in_result *ret, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf content;
	struct kvs_transfer mine = *t; /* with a deadline of our own */
	struct kvs_in_result result = { 0 };
	uint64_t began = kvsi_monotonic_ms();
	int rc;

	kvs_buf_init(&content, params->guards.max_bytes ?: KVS_IN_MAX_BYTES_DEFAULT);
	rc = kvs_layout_check_key(params->key, kvs_transfer_naming(t, true), err);
	rc = rc ? rc : check_encoding(params, err);
	rc = rc ? rc : read_content(params, &content, err);
	if (params->fd >= 0)
		kvs_transfer_spare_time(&mine, began);
	if (rc == 0 && params->sorted)
		rc = kvs_content_sort(&content, err);
	if (rc)
		return rc;
	result.is_signed = params->sign_key != NULL;
	result.bytes = content.len;
	result.lines = kvs_guards_lines(&params->guards, kvs_buf_slice(&content));
	rc = kvs_guards_check(t, &params->guards, params->file, kvs_buf_slice(&content),
			      result.lines, err);
	if (rc)
		return rc;
	kvs_sha256_of(kvs_buf_slice(&content), result.checksum);
	rc = store_content(&mine, params, kvs_buf_slice(&content), &result, err);
	if (rc == 0)
		*ret = result;
	return rc;
}
