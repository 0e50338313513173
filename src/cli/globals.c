/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"

#include <string.h>

#define G(type_, member_) KVS_OPTION_##type_(struct cli_globals, member_)

static const char *const outputs[] = { "plain", "json", NULL };
static const char *const levels[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const formats[] = { "text", "json", NULL };

const struct kvs_option cli_global_options[] = {
	{ "store", 0, G(STRING, store), "NAME|URL", "the store: a name in the config, or a URL",
	  .tag = CLI_GLOBAL_STORE },
	{ "backend", 0, G(STRING, backend), "KIND", "the store's kind: consul, etcd or local",
	  .tag = CLI_GLOBAL_STORE },
	{ "endpoint", 's', G(LIST, endpoints), "URL",
	  "a server of the store; may be repeated, or a comma-separated list",
	  .tag = CLI_GLOBAL_STORE },
	{ "srv", 0, G(STRING, srv), "RECORD", "find the servers through this DNS SRV record",
	  .tag = CLI_GLOBAL_STORE },
	{ "config", 'C', G(PATH, config), "FILE",
	  "the configuration file (default /etc/kvsync/kvsync.yaml)" },
	{ "ca-file", 0, G(PATH, ca_file), "FILE", "trust servers signed by these CAs",
	  .tag = CLI_GLOBAL_STORE },
	{ "cert-file", 0, G(PATH, cert_file), "FILE", "our TLS certificate",
	  .tag = CLI_GLOBAL_STORE },
	{ "key-file", 0, G(PATH, key_file), "FILE", "the key of our certificate",
	  .tag = CLI_GLOBAL_STORE },
	{ "key-password-file", 0, G(PATH, key_password_file), "FILE",
	  "the password of that key stands in FILE", .tag = CLI_GLOBAL_STORE },
	{ "tls-server-name", 0, G(STRING, tls_server_name), "NAME",
	  "the name that the server's certificate must have", .tag = CLI_GLOBAL_STORE },
	{ "insecure-skip-tls-verify", 0, G(FLAG, insecure_skip_tls_verify), NULL,
	  "take any server certificate", .tag = CLI_GLOBAL_STORE },
	{ "token-file", 0, G(PATH, token_file), "FILE", "the access token stands in FILE",
	  .tag = CLI_GLOBAL_STORE },
	{ "user", 0, G(STRING, user), "NAME", "the user to log in as", .tag = CLI_GLOBAL_STORE },
	{ "password-file", 0, G(PATH, password_file), "FILE", "that user's password stands in FILE",
	  .tag = CLI_GLOBAL_STORE },
	{ "prefix", 'p', G(STRING, prefix), "PREFIX",
	  "where files stand in the store (default kvexpress)", .tag = CLI_GLOBAL_PREFIX },
	{ "timeout", 0, G(DURATION, timeout), "TIME",
	  "time for the whole command, retries included (default 10s; 0: no limit)" },
	{ "output", 0, G(CHOICE, output), "FORMAT", "plain (default) or json", .choices = outputs },
	{ "log-level", 0, G(CHOICE, log_level), "LEVEL",
	  "error, warning (default), notice, info or debug", .choices = levels },
	{ "log-format", 0, G(CHOICE, log_format), "FORMAT", "text (default) or json",
	  .choices = formats },
	{ "dogstatsd", 0, G(FLAG, dogstatsd), NULL, "send metrics to a dogstatsd agent",
	  .tag = CLI_GLOBAL_REPORT },
	{ "dogstatsd-address", 0, G(STRING, dogstatsd_address), "ADDRESS",
	  "send them there (default localhost:8125)", .alias = "dogstatsd_address",
	  .tag = CLI_GLOBAL_REPORT },
	{ "textfile", 0, G(PATH, textfile), "DIR",
	  "write metrics to the folder that node_exporter reads", .tag = CLI_GLOBAL_REPORT },
	{ "syslog", 0, G(FLAG, syslog), NULL, "send log lines to syslog as well" },
	{ "verbose", 'v', G(FLAG, verbose), NULL, "as --log-level info" },
	{ "quiet", 'q', G(FLAG, quiet), NULL, "as --log-level error" },
	{ "help", 'h', G(FLAG, help), NULL, "show help and exit" },
	{ "version", 0, G(FLAG, version), NULL, "show the version and exit" },
	{ NULL },
};

unsigned cli_global_needs(unsigned tag)
{
	static const unsigned flags[] = {
		[CLI_GLOBAL_STORE] = CMD_STORE,
		[CLI_GLOBAL_PREFIX] = CMD_PREFIX,
		[CLI_GLOBAL_REPORT] = CMD_REPORTS,
	};

	return flags[tag];
}

bool cli_json(const struct cli *cli)
{
	return cli->globals.output && strcmp(cli->globals.output, "json") == 0;
}

void cli_spare_time(struct cli *cli, uint64_t began, struct kvs_store *store)
{
	uint64_t spent = kvsi_monotonic_ms() - began;

	if (!cli->deadline)
		return;
	if (__builtin_add_overflow(cli->deadline, spent, &cli->deadline))
		cli->deadline = 0;
	if (store)
		kvs_set_deadline(store, cli->deadline);
}

const char *cli_prefix(const struct cli *cli)
{
	return cli->globals.prefix ? cli->globals.prefix : cli->config->prefix;
}

int cli_read_flags(const struct cli_read_options *o, uint32_t *flags, struct kvs_err *err)
{
	if (o->stale && o->consistent)
		return kvs_err_set(err, KVS_E_ARG, "give only one of --stale and --consistent");
	if (o->stale)
		*flags |= KVS_READ_STALE;
	if (o->consistent)
		*flags |= KVS_READ_CONSISTENT;
	return 0;
}

void cli_cas(struct kvs_op *op, struct kvs_optnum cas)
{
	if (!cas.given)
		return;
	op->cond = cas.value ? KVS_COND_INDEX : KVS_COND_ABSENT;
	op->index = cas.value;
}
