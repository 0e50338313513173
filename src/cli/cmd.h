/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command: one const struct cmd in its own cmd_NAME.c, one line in cmd_table.c.  --help,
 * completion and the checks of the manual read these structs.
 */
#ifndef KVS_CLI_CMD_H
#define KVS_CLI_CMD_H

#include "base/opt.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;

enum cmd_group {
	CMD_GROUP_TRANSFER,
	CMD_GROUP_FREEZE,
	CMD_GROUP_KEYS,
	CMD_GROUP_STORES,
	CMD_GROUP_ITSELF,
};

/* Works with one store: the options that choose and reach it apply. */
#define CMD_STORE 0x1u
/* Works on <prefix>/<key>: --prefix applies. */
#define CMD_PREFIX 0x2u
/* Runs until it is told to stop: without --timeout there is no deadline. */
#define CMD_ENDLESS 0x4u
/* What it did is told to whoever asked for that (reporting.h). */
#define CMD_REPORTS 0x8u
/* Asks no store, but goes by the configuration. */
#define CMD_CONFIG 0x10u

#define CMD_ANY_OPERANDS (-1)

struct cmd {
	const char *name;
	const char *alias; /* or NULL */
	enum cmd_group group;
	unsigned flags;			  /* CMD_* */
	const char *summary;		  /* one line, as in `kvsync help` */
	const char *operands;		  /* as in a synopsis: "KEY [VALUE]"; "" for none */
	const char *about;		  /* some lines for --help, or NULL */
	const struct kvs_option *options; /* or NULL */
	size_t options_size;		  /* of the struct that they fill; it begins zeroed */
	int min_operands;
	int max_operands; /* or CMD_ANY_OPERANDS */
	/*
	 * What can be done without the store, before anything is spent on reaching it; or NULL.  If
	 * *ret_done, that was all and run() is not called.  Fails as run() would.
	 */
	int (*before_store)(struct cli *cli, const void *options, bool *ret_done,
			    struct kvs_err *err);
	/*
	 * Does the work.  `options` is the filled struct (NULL without options).  Returns 0, a
	 * KVS_E_* code with *err filled (main reports it and exits by exit_table), or an exit
	 * status above 0 when all was said already.
	 */
	int (*run)(struct cli *cli, const void *options, struct kvs_err *err);
};

/* Every command in the order of `kvsync help`; NULL ends it. */
extern const struct cmd *const cmd_table[];

/* By name or alias; NULL if there is none. */
const struct cmd *cmd_find(const char *name);

/* "keys", "transfer", ... */
const char *cmd_group_name(enum cmd_group group);

#endif
