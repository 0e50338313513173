/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options for what a file must be, or it does not travel.
 */
#ifndef KVS_CLI_GUARD_OPTIONS_H
#define KVS_CLI_GUARD_OPTIONS_H

#include "base/opt.h"
#include "transfer/require.h"
#include "transfer/transfer.h"

struct guard_options {
	struct kvs_optnum min_lines;
	struct kvs_optnum min_bytes;
	struct kvs_optnum max_bytes;
	struct kvs_optnum max_shrink;
	struct kvs_optlist require;
};

/* Rows of T_'s table, whose member m_ is a struct guard_options; max_ is the default of --max-bytes and
 * before_ what a file shrinks against, as texts. */
#define GUARD_OPTIONS(T_, m_, max_, before_)                                                       \
	{ "min-lines",                                                                             \
	  'l',                                                                                     \
	  KVS_OPTION_UINT(T_, m_.min_lines),                                                       \
	  "NUMBER",                                                                                \
	  "refuse a file with fewer lines (default 1)",                                            \
	  .alias = "length" },                                                                     \
		{ "min-bytes", 0, KVS_OPTION_SIZE(T_, m_.min_bytes), "SIZE",                       \
		  "refuse a file with fewer bytes" },                                              \
		{ "max-bytes", 0, KVS_OPTION_SIZE(T_, m_.max_bytes), "SIZE",                       \
		  "refuse a file with more bytes (default " max_ ")" },                            \
		{ "max-shrink", 0, KVS_OPTION_PERCENT(T_, m_.max_shrink), "PERCENT",               \
		  "refuse a file that is smaller by more than that than " before_ },               \
	{                                                                                          \
		"require", 0, KVS_OPTION_LIST(T_, m_.require), "PATTERN",                          \
			"refuse a file without a line that matches this regular expression"        \
	}

/* Fills *ret, which borrows *ret_require: release that with KVS_AUTO_REQUIRE.  ARG, NOMEM. */
int guard_options_take(const struct guard_options *o, struct kvs_guards *ret,
		       struct kvs_require **ret_require, struct kvs_err *err);

#endif
