/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command gets: the global options, its operands, and one way to reach the store.
 */
#ifndef KVS_CLI_CLI_H
#define KVS_CLI_CLI_H

#include "base/opt.h"
#include "cli/cmd.h"

#include <stdbool.h>
#include <stdint.h>

/* The values of the global options (globals.c has their table). */
struct cli_globals {
	const char *store;
	const char *backend;
	struct kvs_optlist endpoints; /* as given: may hold comma-separated lists */
	const char *config;
	const char *srv;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	const char *key_password_file;
	const char *tls_server_name;
	bool insecure_skip_tls_verify;
	const char *token_file;
	const char *token;	   /* of a personality: no option of ours */
	const char *default_token; /* the same, where Consul is sent none otherwise */
	const char *user;
	const char *password_file;
	const char *prefix;
	struct kvs_optnum timeout;
	const char *output;
	const char *log_level;
	const char *log_format;
	bool dogstatsd;
	const char *dogstatsd_address;
	const char *textfile;
	bool syslog; /* also when the configuration says so */
	bool verbose;
	bool quiet;
	bool help;
	bool version;
};

/* Row tags: what a command must be for the option to mean something. */
enum cli_global_kind {
	CLI_GLOBAL_ANY = 0,
	CLI_GLOBAL_STORE = 1,  /* CMD_STORE */
	CLI_GLOBAL_PREFIX = 2, /* CMD_PREFIX */
	CLI_GLOBAL_REPORT = 3, /* CMD_REPORTS */
};

extern const struct kvs_option cli_global_options[];

struct kvs_config;
struct cli_reporting;
struct personality;

/* The flag of a command for which the options with this tag mean something; 0: every command. */
unsigned cli_global_needs(unsigned tag);

struct cli {
	const struct cmd *cmd;		       /* NULL until it is known, and with a personality */
	const struct personality *personality; /* or NULL */
	struct cli_globals globals;
	char **words; /* the whole command line, as main() got it */
	char **operands;
	int n_operands;
	uint64_t deadline;		 /* CLOCK_MONOTONIC ms of the whole command; 0 = none */
	uint64_t began;			 /* CLOCK_MONOTONIC ms */
	struct kvs_config *config;	 /* of a command with CMD_STORE or CMD_CONFIG; else NULL */
	struct cli_reporting *reporting; /* of a command with CMD_REPORTS; else NULL */
};

/* The command of this name or alias; NULL with ARG and the nearest name in *err. */
const struct cmd *cli_find_cmd(const char *name, struct kvs_err *err);

/* Is --output json in force? */
bool cli_json(const struct cli *cli);

/* The time since `began` (CLOCK_MONOTONIC ms) does not count: somebody at a terminal or a pipe let
 * us wait.  store: one that is open already, or NULL. */
void cli_spare_time(struct cli *cli, uint64_t began, struct kvs_store *store);

/* What keys of transferred files begin with: --prefix, configuration, default. */
const char *cli_prefix(const struct cli *cli);

/* ---- options that several commands have ---- */

/* How sure a reading must be. */
struct cli_read_options {
	bool stale;
	bool consistent;
};

#define CLI_READ_OPTIONS(T_, m_)                                                                   \
	{ "stale", 0, KVS_OPTION_FLAG(T_, m_.stale), NULL,                                         \
	  "any member of the store may answer, perhaps with old data" },                           \
	{                                                                                          \
		"consistent", 0, KVS_OPTION_FLAG(T_, m_.consistent), NULL,                         \
			"the answer is certainly the newest, at some cost"                         \
	}

/* Adds KVS_READ_* to *flags.  ARG if both are given. */
int cli_read_flags(const struct cli_read_options *o, uint32_t *flags, struct kvs_err *err);

/* --cas: nothing, "there is no such key" (0), or "its index is this one". */
void cli_cas(struct kvs_op *op, struct kvs_optnum cas);

static inline void cli_cleanup_entry(struct kvs_entry **entry)
{
	kvs_entry_free(*entry);
}

#define CLI_AUTO_ENTRY __attribute__((cleanup(cli_cleanup_entry)))

#endif
