/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of one key goes under another: a pair that matches is read, and written as `in` would write
 * it.  Between the two the source may change; what arrives is one of the files that it was.
 */
#include "transfer/transfer.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/large.h"
#include "transfer/layout.h"
#include "transfer/pair_read.h"
#include "transfer/pair_write.h"

#include <string.h>

static int check(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		 const struct kvs_pair_spec *spec, struct kvs_err *err)
{
	if (strcmp(params->from, params->in.key) == 0)
		return kvs_err_set(err, KVS_E_ARG, "%s cannot be copied to itself",
				   KVS_Q(kvs_s(params->from)));
	return kvs_pair_check(t, spec, err);
}

static int read_source(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		       const struct kvs_names *names, struct kvs_pair *pair, struct kvs_err *err)
{
	const struct kvs_pair_query query = {
		.key = params->from,
		.names = names,
		.ignore_stop = params->ignore_stop,
		.ask_signature = true,
		.signers = { params->verify_keys, params->n_verify_keys },
		.max_bytes = params->in.guards.max_bytes ?: kvs_in_max_bytes(&params->in),
	};

	return kvs_pair_read(t, &query, pair, err);
}

/* What is packed as it is to be need not be packed again.  gzip may stand there without base64,
 * which kvexpress does not read. */
static void choose_encoding(const struct kvs_copy_params *params, const struct kvs_pair *pair,
			    struct kvs_pair_spec *spec)
{
	enum kvs_encoding found = pair->decoded.encoding;

	if (params->keep_encoding)
		spec->encoding = found;
	if (spec->encoding == found && found != KVS_ENCODING_PLAIN && found != KVS_ENCODING_GZIP)
		spec->packed = pair->data->value;
}

/* What is large goes the way of `in`; of what is in chunks only the list travels. */
static int copy_large(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		      const struct kvs_pair *pair, const struct kvs_pair_spec *spec,
		      struct kvs_in_result *ret, struct kvs_err *err)
{
	struct kvs_in_params in = params->in;

	in.file = spec->what;
	in.fd = -1;
	in.history = *spec->history;
	if (pair->chunks.n) {
		in.chunks = &pair->chunks;
		in.chunks_checksum = pair->checksum;
	} else {
		in.content = spec->content;
	}
	return kvs_transfer_in(t, &in, ret, err);
}

static int write_copy(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		      const struct kvs_pair *pair, struct kvs_pair_spec *spec,
		      struct kvs_in_result *ret, struct kvs_err *err)
{
	spec->content = pair->decoded.bytes;
	choose_encoding(params, pair, spec);
	if (pair->chunks.n || (params->in.large && spec->encoding == KVS_ENCODING_PLAIN &&
			       kvs_large_is(t->store, spec->content.n)))
		return copy_large(t, params, pair, spec, ret, err);
	return kvs_pair_write(t, spec, ret, err);
}

/* Were the chunks gone because there is another file by now? */
static bool has_moved_on(const struct kvs_transfer *t, const struct kvs_copy_params *params,
			 const struct kvs_names *from, struct kvs_pair *pair)
{
	uint64_t before = pair->data->mod_index;

	kvs_pair_release(pair);
	return read_source(t, params, from, pair, NULL) == 0 && pair->data->mod_index != before;
}

int kvs_transfer_copy(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		      struct kvs_in_result *ret, struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names from = { 0 };
	KVS_AUTO_FREE char *cause = kvs_asprintf("copy of %s", params->from);
	KVS_AUTO_PAIR struct kvs_pair pair = { 0 };
	struct kvs_history_params history = params->in.history;
	struct kvs_pair_spec spec = kvs_pair_spec_of(&params->in);
	int rc = cause ? 0 : kvs_err_oom(err);

	rc = rc ? rc : check(t, params, &spec, err);
	rc = rc ? rc
		: kvs_names_init(&from, t->prefix, params->from, kvs_transfer_naming(t, false),
				 err);
	rc = rc ? rc : read_source(t, params, &from, &pair, err);
	/* before anybody raises --max-bytes in vain */
	if (pair.chunks.n && !params->in.large)
		return kvs_large_not_allowed(from.data, err);
	if (rc)
		return rc;
	history.cause = cause;
	spec.history = &history;
	spec.what = from.data;
	rc = write_copy(t, params, &pair, &spec, ret, err);
	if (rc == KVS_E_INTEGRITY && pair.chunks.n && has_moved_on(t, params, &from, &pair))
		rc = write_copy(t, params, &pair, &spec, ret, err);
	if (rc == 0 && ret->written && pair.has_signature && !params->in.sign_key)
		kvs_transfer_report(t, KVS_LOG_WARNING,
				    "%s is signed and %s is not: a signature is for one key only; "
				    "--sign signs the copy",
				    KVS_Q(kvs_s(params->from)), KVS_Q(kvs_s(params->in.key)));
	return rc;
}
