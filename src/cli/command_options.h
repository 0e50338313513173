/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options for commands that a transfer runs.
 */
#ifndef KVS_CLI_COMMAND_OPTIONS_H
#define KVS_CLI_COMMAND_OPTIONS_H

#include "base/opt.h"
#include "base/words.h"
#include "transfer/transfer.h"

struct exec_options {
	const char *exec;
	const char *exec_shell;
	struct kvs_optnum exec_timeout;
};

/* Rows of T_'s table, whose member m_ is a struct exec_options; after_ is when the command runs. */
#define EXEC_OPTIONS(T_, m_, after_)                                                               \
	{ "exec",                                                                                  \
	  'e',                                                                                     \
	  KVS_OPTION_STRING(T_, m_.exec),                                                          \
	  "COMMAND",                                                                               \
	  "run COMMAND " after_ "; it is split into words, no shell runs",                         \
	  .alias = "reload" },                                                                     \
		{ "exec-shell", 0, KVS_OPTION_STRING(T_, m_.exec_shell), "COMMAND",                \
		  "the same, but a shell runs it" },                                               \
	{                                                                                          \
		"exec-timeout", 0, KVS_OPTION_DURATION(T_, m_.exec_timeout), "TIME",               \
			"time for the command (default 30s; 0: no limit)",                         \
			.alias = "reload-timeout"                                                  \
	}

struct check_options {
	const char *check;
	struct kvs_optnum check_timeout;
};

#define CHECK_OPTIONS(T_, m_)                                                                      \
	{ "check", 0, KVS_OPTION_STRING(T_, m_.check), "COMMAND",                                  \
	  "refuse a file on which COMMAND fails; {} in it is the file's path" },                   \
	{                                                                                          \
		"check-timeout", 0, KVS_OPTION_DURATION(T_, m_.check_timeout), "TIME",             \
			"time for the check (default 30s; 0: no limit)"                            \
	}

/* What a command of the options borrows.  Release it; one of zeros is fine. */
struct command_words {
	struct kvs_words words;
	const char *shell[4];
};

void command_words_release(struct command_words *words);

/* Fills *ret, which borrows from *words and the command line.  ARG, NOMEM. */
int exec_options_take(const struct exec_options *o, struct command_words *words,
		      struct kvs_command *ret, struct kvs_err *err);

int check_options_take(const struct check_options *o, struct command_words *words,
		       struct kvs_command *ret, struct kvs_err *err);

#endif
