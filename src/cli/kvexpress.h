/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of the personality kvexpress share.  For personality_kvexpress.c and
 * kvexpress_*.c only.
 *
 * What kvexpress told its log is told at KVS_LOG_NOTICE and KVS_LOG_DEBUG, in its words, since
 * people have rules on them.
 */
#ifndef KVS_CLI_KVEXPRESS_H
#define KVS_CLI_KVEXPRESS_H

#include "base/opt.h"
#include "base/secret.h"
#include "base/words.h"
#include "config/flat.h"
#include "transfer/transfer.h"

#include <stdbool.h>

struct cli;

/* The command line. */
struct kvx_options {
	const char *config;
	const char *server;
	struct kvs_secret token;
	const char *prefix;
	const char *exec;
	struct kvs_optnum length;
	const char *chmod;
	const char *owner;
	bool dogstatsd;
	const char *dogstatsd_address;
	struct kvs_secret datadog_api_key;
	struct kvs_secret datadog_app_key;
	bool compress;
	bool verbose;
	bool help;
	bool version;
	const char *key;
	const char *file;
	const char *url;
	bool sorted;
	const char *keyfrom;
	const char *keyto;
	const char *reason;
	bool ignore_stop;
};

/* The commands, as tags of options; an option without a tag belongs to all. */
enum kvx_bit {
	KVX_IN = 1,
	KVX_OUT = 2,
	KVX_STOP = 4,
	KVX_LOCK = 8,
	KVX_UNLOCK = 16,
	KVX_COPY = 32,
	KVX_RAW = 64,
	KVX_CLEAN = 128,
};

/* The keys of the file that -C names. */
enum kvx_setting {
	KVX_DATADOG_API_KEY,
	KVX_DATADOG_APP_KEY,
	KVX_CONSUL_SERVER,
	KVX_TOKEN,
	KVX_DOGSTATSD,
	KVX_DOGSTATSD_ADDRESS,
	KVX_DATADOG_HOST,
};

/* One run. */
struct kvx {
	struct cli *cli;
	const struct kvx_options *o;
	const struct kvx_command *command;
	struct kvs_flat *settings; /* or NULL */
	const char *prefix;	   /* without the slash in front */
	char *server;		   /* as the store is told, or NULL */
	struct kvs_rights rights;  /* of what is written on this machine */
	struct kvs_words words;	   /* of -e */
	struct kvs_secret api_key; /* of the file of -C, where the line has none */
	struct kvs_secret app_key;
	struct kvs_store *store;
	struct kvs_transfer t;
	struct kvs_refusal refusal; /* of the last job */
	bool elsewhere;		    /* what failed is not the store */
	bool complete;		    /* the run went all the way: its time is told */
};

/* An option that a command needs, and what it says without. */
struct kvx_need {
	size_t offset; /* of a const char * in the options */
	const char *words;
};

struct kvx_command {
	const char *name;
	enum kvx_bit bit;
	const char *summary;
	struct kvx_need needs[2];
	bool without_store; /* none is opened */
	/* Looks at the options before anything is done.  May be NULL. */
	int (*check)(const struct kvx *x, struct kvs_err *err);
	/* Before the store is opened: is there nothing to do?  May be NULL. */
	bool (*is_done)(struct kvx *x);
	/* Returns as a command's run() does. */
	int (*run)(struct kvx *x, struct kvs_err *err);
};

/* NULL ends it. */
extern const struct kvx_command *const kvx_commands[];

#define KVX_MIN_LINES 10
/* kvexpress has no limit; something that hangs must not hang for ever. */
#define KVX_EXEC_TIMEOUT_MS 300000

#define KVX_FAILED 1 /* the only exit status but 0 */

/* ---- kvexpress_line.c: from words to a run ---- */

extern const struct kvs_option kvx_option_rows[];

/* The command that the operands name; NULL with ARG, or without one if there is none. */
int kvx_find_command(const struct cli *cli, const struct kvx_command **ret, struct kvs_err *err);

/* Reads -C, -p, -c, -o and -e, and checks what the command needs.  Returns as a command's run(). */
int kvx_take_options(struct kvx *x, struct kvs_err *err);

void kvx_show_help(const struct kvx_command *command);
void kvx_show_version(void);

/* ---- kvexpress_store.c ---- */

/* Decides on the store; nothing is opened yet. */
int kvx_choose_store(struct kvx *x, struct kvs_err *err);
int kvx_open_store(struct kvx *x, struct kvs_err *err);

/* How jobs are done. */
void kvx_init_transfer(struct kvx *x);

/* What a setting of -C says; NULL: nothing. */
const char *kvx_setting(const struct kvx *x, enum kvx_setting which);

/* ---- kvexpress_report.c ---- */

/* Finds out who is to be told; a job's command then tells with cli_tell().  Returns as a command's
 * run(). */
int kvx_open_reports(struct kvx *x, struct kvs_err *err);

/* ---- kvexpress_log.c ---- */

/* Lines go to syslog, with `verbose` to standard output too, and warnings to standard error.
 * direction is the command's name, or "main". */
void kvx_log_open(const char *direction, bool verbose);

/* ---- kvexpress_work.c: what several commands do ---- */

/* Replaces a file beside the target, with the owner and mode of the options. */
int kvx_write(const struct kvx *x, const char *path, struct kvs_str bytes, struct kvs_err *err);

/* Tells the log, in kvexpress' words, why the last job refused.  True if kvexpress, whose watches run
 * it again, takes that for no failure of out and copy: a lock, a stop, too few lines, no such key,
 * a pair that does not match. */
bool kvx_tell_refusal(const struct kvx *x, int code);

/* Tells it that a file went into the store. */
void kvx_tell_saved(const struct kvx *x, const char *key, const struct kvs_in_result *result);

/* Runs -e, if it was given.  Returns as a command's run(). */
int kvx_exec(struct kvx *x, const char *key, const char *file, const char *checksum,
	     struct kvs_err *err);

/* Says on standard output, as kvexpress does, why it ends; returns KVX_FAILED. */
int kvx_end(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
