/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file goes into the store.
 *
 * Data and checksum change in one transaction, guarded by the checksum as it was read: whoever else
 * completes a write changes it, so whoever loses reads again.  The stop is part of the transaction:
 * nothing is written behind a stop that was acknowledged.
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
#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/content.h"
#include "transfer/layout.h"
#include "transfer/pair.h"

/* Enough for dozens of writers at one key; each failure means that one of the others got on. */
#define TRIES 100

/* What does not get smaller gets a little bigger, and base64 adds a third. */
#define PACKED_MAX(n_) ((n_) + (n_) / 2 + 4096)

struct job {
	const struct kvs_transfer *t;
	const struct kvs_names *names;
	struct kvs_str content;
	struct kvs_str checksum;
	enum kvs_encoding encoding;
	struct kvs_buf *packed; /* the content in its encoding, once it was needed */
	struct kvs_in_result *result;
	struct kvs_retry retry;
	bool in_two; /* a transaction is out of the question */
};

/* What the store held when it was asked. */
struct seen {
	struct kvs_entry *stop;
	struct kvs_entry *checksum;
	struct kvs_entry *data;
	bool data_read;
};

static void seen_release(struct seen *seen)
{
	kvs_entry_free(seen->stop);
	kvs_entry_free(seen->checksum);
	kvs_entry_free(seen->data);
}

static int look_at_data(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str key = kvs_s(job->names->data);
	int rc = kvs_get_many(job->t->store, &key, 1, 0, &seen->data, err);

	seen->data_read = rc == 0;
	return rc;
}

/* Reads the guards, and the data only where it decides something. */
static int look(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	const struct kvs_str keys[] = { kvs_s(job->names->stop), kvs_s(job->names->checksum) };
	struct kvs_entry *got[2];
	int rc = kvs_get_many(job->t->store, keys, 2, 0, got, err);

	if (rc)
		return rc;
	seen->stop = got[0];
	seen->checksum = got[1];
	if (job->in_two || kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return look_at_data(job, seen, err);
	return 0;
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

/* Does the store hold our pair, in an encoding that will do? */
static bool is_ours(const struct job *job, const struct seen *seen)
{
	if (!seen->data || !kvs_str_eq(kvs_checksum_value(seen->checksum), job->checksum))
		return false;
	return (job->encoding == KVS_ENCODING_PLAIN &&
		kvs_str_eq(seen->data->value, job->content)) ||
	       holds_content(job, seen->data);
}

static void fill_put(struct kvs_op *op, const char *key, struct kvs_str value)
{
	*op = (struct kvs_op)KVS_OP_INIT;
	op->type = KVS_OP_PUT;
	op->key = kvs_s(key);
	op->value = value;
}

/* Packing takes its time, so it is done when it is certain that something is written, and once. */
static int pack(const struct job *job, struct kvs_err *err)
{
	if (job->encoding == KVS_ENCODING_PLAIN || job->packed->len > 0)
		return 0;
	return kvs_encode(job->encoding, job->content, job->packed, err);
}

/* The data as it is to stand in the store. */
static void fill_put_data(struct kvs_op *op, const struct job *job)
{
	bool plain = job->encoding == KVS_ENCODING_PLAIN;

	fill_put(op, job->names->data, plain ? job->content : kvs_buf_slice(job->packed));
	if (kvs_caps(job->t->store) & KVS_CAP_FLAGS)
		op->flags = kvs_encoding_info(job->encoding)->flags;
}

static int write_together(const struct job *job, const struct seen *seen, struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	struct kvs_op ops[3];
	int rc;

	fill_put_data(&ops[0], job);
	if (seen->data_read)
		kvs_op_unchanged(&ops[0], seen->data);
	fill_put(&ops[1], job->names->checksum, job->checksum);
	kvs_op_unchanged(&ops[1], seen->checksum);
	ops[2] = (struct kvs_op)KVS_OP_INIT;
	ops[2].type = KVS_OP_CHECK;
	ops[2].key = kvs_s(job->names->stop);
	kvs_op_unchanged(&ops[2], seen->stop);
	rc = kvs_txn(job->t->store, ops, 3, 0, &reply, err);
	if (rc == 0) {
		job->result->written = true;
		job->result->index = reply.index;
	}
	return rc;
}

static int write_one(const struct job *job, struct kvs_op *op, const struct kvs_entry *seen,
		     struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	int rc;

	if (seen && kvs_str_eq(seen->value, op->value) && seen->flags == op->flags)
		return 0;
	kvs_op_unchanged(op, seen);
	rc = kvs_put(job->t->store, op, &reply, err);
	if (rc == 0) {
		job->result->written = true;
		job->result->index = reply.index;
	}
	return rc;
}

/* Ends well only if both values were seen in place after the last write. */
static int write_in_two(const struct job *job, struct seen *seen, struct kvs_err *err)
{
	KVS_CLEANUP(seen_release) struct seen after = { 0 };
	struct kvs_op data, checksum;
	int rc = seen->data_read ? 0 : look_at_data(job, seen, err);

	fill_put_data(&data, job);
	fill_put(&checksum, job->names->checksum, job->checksum);
	rc = rc ? rc : write_one(job, &data, seen->data, err);
	rc = rc ? rc : write_one(job, &checksum, seen->checksum, err);
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
	rc = kvs_stop_check(seen.stop, key, err);
	if (rc || is_ours(job, &seen))
		return rc;
	rc = pack(job, err);
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
		.names = &names,
		.content = content,
		.checksum = kvs_s(result->checksum),
		.encoding = params->encoding,
		.packed = &packed,
		.result = result,
		.retry = { .max = TRIES },
	};
	int rc = kvs_names_init(&names, t->prefix, params->key, true, err);

	kvs_buf_init(&packed, PACKED_MAX(content.n));
	if (rc)
		return rc;
	do
		rc = write_once(&job, params->key, err);
	while (kvs_retry_again(&job.retry, t->deadline, rc));
	return kvs_retry_end(&job.retry, rc, err);
}

static int read_content(const struct kvs_in_params *params, struct kvs_buf *content,
			struct kvs_err *err)
{
	int rc;

	if (params->fd >= 0)
		rc = kvs_fd_read(params->fd, params->file, content, err);
	else
		rc = kvs_file_read(params->file, content, err);
	return rc == KVS_E_TOOBIG ? kvs_content_too_big(params->file, params->max_bytes, err) : rc;
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
	struct kvs_in_result result = { 0 };
	int rc;

	kvs_buf_init(&content, params->max_bytes);
	rc = kvs_layout_check_key(params->key, true, err);
	rc = rc ? rc : check_encoding(params, err);
	rc = rc ? rc : read_content(params, &content, err);
	if (rc == 0 && params->sorted)
		rc = kvs_content_sort(&content, err);
	if (rc)
		return rc;
	result.bytes = content.len;
	result.lines = kvs_content_lines(kvs_buf_slice(&content));
	rc = kvs_content_check_lines(params->file, result.lines, params->min_lines, err);
	if (rc)
		return rc;
	kvs_sha256_of(kvs_buf_slice(&content), result.checksum);
	rc = store_content(t, params, kvs_buf_slice(&content), &result, err);
	if (rc == 0)
		*ret = result;
	return rc;
}
