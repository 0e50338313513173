/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes go under a key, with their checksum and signature.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_PAIR_WRITE_H
#define KVS_TRANSFER_PAIR_WRITE_H

#include "transfer/transfer.h"

/* All borrowed.  The members are those of struct kvs_in_params. */
struct kvs_pair_spec {
	const char *key;
	const char *what; /* where the content is from, for messages */
	struct kvs_str content;
	const struct kvs_guards *guards;
	enum kvs_encoding encoding;
	bool exact;
	struct kvs_str
		packed; /* the content in that encoding, if somebody has it; else p is NULL */
	/* The file is too large for a value and in chunks; content is empty.  NULL: it is content. */
	const struct kvs_large *large;
	bool no_compat;
	bool may_be_large;
	const struct kvs_signkey *sign_key;
	const struct kvs_history_params *history;
	/* Called before each write, with the checksum of the content; a failure ends it.  NULL: nobody is. */
	int (*before_write)(void *arg, const char *checksum, struct kvs_err *err);
	void *before_write_arg;
};

/* Without content. */
static inline struct kvs_pair_spec kvs_pair_spec_of(const struct kvs_in_params *params)
{
	return (struct kvs_pair_spec){
		.key = params->key,
		.what = params->file,
		.guards = &params->guards,
		.encoding = params->encoding,
		.exact = params->exact,
		.no_compat = params->no_compat,
		.may_be_large = params->large,
		.sign_key = params->sign_key,
		.history = &params->history,
	};
}

/* What can be said before there is any content: the key, the encoding.  ARG. */
int kvs_pair_check(const struct kvs_transfer *t, const struct kvs_pair_spec *spec,
		   struct kvs_err *err);

/* Checks all, and writes what does not stand there yet.  Errors as kvs_transfer_in(). */
int kvs_pair_write(const struct kvs_transfer *t, const struct kvs_pair_spec *spec,
		   struct kvs_in_result *ret, struct kvs_err *err);

#endif
