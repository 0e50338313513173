/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of what goes into a store: how it stands there, who signs it, what is kept of it.
 */
#ifndef KVS_CLI_WRITE_OPTIONS_H
#define KVS_CLI_WRITE_OPTIONS_H

#include "base/json.h"
#include "base/opt.h"
#include "base/signkey.h"
#include "report/report.h"
#include "transfer/transfer.h"

struct cli;

struct write_options {
	const char *compress;
	bool no_compat;
	bool large;
	const char *sign;
	const char *reason;
	struct kvs_optnum history_versions;
	struct kvs_optnum history_bytes;
};

extern const char *const write_encodings[];

/* Rows of T_'s table, whose member m_ is a struct write_options; else_ is what happens without
 * --compress. */
#define WRITE_OPTIONS(T_, m_, else_)                                                               \
	{ "compress",                                                                              \
	  'z',                                                                                     \
	  KVS_OPTION_CHOICE(T_, m_.compress),                                                      \
	  "ENCODING",                                                                              \
	  "store it as plain, brotli (default), gzip or zstd; else " else_,                        \
	  .choices = write_encodings,                                                              \
	  .bare = "brotli" },                                                                      \
		{ "no-compat", 0, KVS_OPTION_FLAG(T_, m_.no_compat), NULL,                         \
		  "allow what kvexpress cannot read: zstd, chunks" },                              \
		{ "large", 0, KVS_OPTION_FLAG(T_, m_.large), NULL,                                 \
		  "split a file that is too large for one value into chunks" },                    \
		{ "sign", 0, KVS_OPTION_PATH(T_, m_.sign), "FILE",                                 \
		  "sign it with the private key in FILE" },                                        \
		{ "reason", 'r', KVS_OPTION_STRING(T_, m_.reason), "REASON",                       \
		  "why, for the history" },                                                        \
		{ "history-versions", 0, KVS_OPTION_UINT(T_, m_.history_versions), "NUMBER",       \
		  "keep at most so many versions (default 10); 0: none" },                         \
	{                                                                                          \
		"history-bytes", 0, KVS_OPTION_SIZE(T_, m_.history_bytes), "SIZE",                 \
			"and at most so many bytes of them (default 4M)"                           \
	}

/* Fills what of *ret these options say, which borrows *ret_key: release that with
 * KVS_AUTO_SIGNKEY.  `cause` is for the history.  ARG, SYS, NOMEM. */
int write_options_take(const struct cli *cli, const struct write_options *o, const char *cause,
		       struct kvs_in_params *ret, struct kvs_signkey **ret_key,
		       struct kvs_err *err);

/* ", 12 lines, 345 bytes, sha256 0123456789ab" and ", signed", ", command run": the end of a line for people. */
void write_result_text(const struct kvs_in_result *result);
/* The same, whole, as members. */
void write_result_json(struct kvs_json *j, const struct kvs_in_result *result);
/* Tells what was done as cli_tell() does: the report has the action and the keys.  The result counts if
 * code is 0. */
void write_tell(const struct cli *cli, const struct kvs_transfer *t, struct kvs_report *report,
		const struct kvs_in_result *result, int code, const struct kvs_err *err);

#endif
