/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personalities: started under the name of a tool that it replaces, the program takes that tool's
 * command line and does what that tool did.  One const struct each in personality_NAME.c, one line
 * in personality.c.  They share with kvsync's own commands the way to a store, the engine and the
 * log, and nothing else; the exit statuses are the tool's.
 */
#ifndef KVS_CLI_PERSONALITY_H
#define KVS_CLI_PERSONALITY_H

#include "base/opt.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

struct cli;

struct personality {
	const char *name;		  /* also of its manual page */
	const char *summary;		  /* one line */
	const struct kvs_option *options; /* of all its commands; tags are its own */
	size_t options_size;
	unsigned syntax; /* KVS_OPTIONS_* */
	/* Serves a line that this tool served whatever else stood there: true then.  May be NULL. */
	bool (*serve_early)(int argc, char *const *argv);
	/* Does the work.  The options are filled, the operands stand in cli.  Returns as a
	 * command's run() does. */
	int (*run)(struct cli *cli, const void *options, struct kvs_err *err);
	/* Says what went wrong; `code` is negative.  Returns the exit status. */
	int (*report)(const struct cli *cli, int code, const struct kvs_err *err);
};

/* NULL ends it. */
extern const struct personality *const personality_table[];

/* By the name that the program was started under; NULL: it is kvsync itself. */
const struct personality *personality_find(const char *argv0);

/* Takes the words behind the program's name, does what they say, and returns as run() does. */
int personality_run(struct cli *cli, int argc, char **argv, struct kvs_err *err);

#endif
