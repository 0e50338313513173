/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that bring a file out of the store: out, and raw, which has fewer options.
 */
#ifndef KVS_CLI_OUT_RUN_H
#define KVS_CLI_OUT_RUN_H

#include "cli/command_options.h"
#include "cli/guard_options.h"

struct cli;

struct out_options {
	bool raw; /* the command's, not an option */
	const char *key;
	const char *file;
	struct guard_options guards;
	struct kvs_optnum mode;
	const char *owner;
	struct check_options check;
	bool check_installed;
	const char *backup;
	struct exec_options exec;
	bool rollback_on_failure;
	bool retry_rejected;
	bool follow;
	const char *state_dir;
	/* not of raw: */
	bool ignore_stop;
	struct kvs_optlist verify;
};

/* The rows that both have. */
#define OUT_OPTIONS                                                                                \
	GUARD_OPTIONS(struct out_options, guards, "64M", "the one on disk"),                       \
		{ "mode",                                                                          \
		  'c',                                                                             \
		  KVS_OPTION_MODE(struct out_options, mode),                                       \
		  "MODE",                                                                          \
		  "the file's mode, octal (default: as it is, 0640 for a new one)",                \
		  .alias = "chmod" },                                                              \
		{ "owner", 'o', KVS_OPTION_STRING(struct out_options, owner), "OWNER",             \
		  "the file's owner: user, user:group or :group (default: as it is)" },            \
		CHECK_OPTIONS(struct out_options, check),                                          \
		{ "check-installed", 0, KVS_OPTION_FLAG(struct out_options, check_installed),      \
		  NULL, "allow a check without {}: it judges the file in its place" },             \
		{ "backup",                                                                        \
		  0,                                                                               \
		  KVS_OPTION_STRING(struct out_options, backup),                                   \
		  "SUFFIX|DIR",                                                                    \
		  "keep the file that is replaced (default suffix .bak; a DIR has a slash in it)", \
		  .bare = ".bak" },                                                                \
		EXEC_OPTIONS(struct out_options, exec, "when the file has changed"),               \
		{ "rollback-on-failure", 0,                                                        \
		  KVS_OPTION_FLAG(struct out_options, rollback_on_failure), NULL,                  \
		  "put back the old file if the command fails on the new one" },                   \
		{ "retry-rejected", 0, KVS_OPTION_FLAG(struct out_options, retry_rejected), NULL,  \
		  "try now what failed and was taken away again" },                                \
		{ "follow", 0, KVS_OPTION_FLAG(struct out_options, follow), NULL,                  \
		  "if FILE is a symbolic link, write what it points to" },                         \
	{                                                                                          \
		"state-dir", 0, KVS_OPTION_PATH(struct out_options, state_dir), "DIR",             \
			"where to remember what was done (default /var/lib/kvsync/targets)"        \
	}

/* The two steps of a command (cmd.h). */
int out_before_store(struct cli *cli, const struct out_options *o, bool *ret_done,
		     struct kvs_err *err);
int out_run(struct cli *cli, const struct out_options *o, struct kvs_err *err);

#endif
