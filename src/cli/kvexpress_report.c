/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics and events: -d, -D, -a, -A, the file of -C, DATADOG_HOST and kvsync.yaml say to whom. */
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/kvexpress.h"
#include "cli/reporting.h"
#include "config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENT_ADDRESS "localhost:8125"
/* Where Datadog's agent is set up, it gets metrics without being asked. */
#define AGENT_CONFIG "/etc/dd-agent/datadog.conf"

/* In any case of letters, as YAML has its words. */
static int is_on(const struct kvx *x, enum kvx_setting which, bool *ret, struct kvs_err *err)
{
	const char *text = kvx_setting(x, which);
	char word[16] = "";
	int code;

	if (!text)
		return 0;
	for (size_t i = 0; i < sizeof(word) - 1 && text[i]; i++)
		word[i] = (char)tolower((unsigned char)text[i]);
	code = kvs_parse_bool(word, ret, err);
	return code ? kvs_err_context(err, code, "%s: dogstatsd", x->o->config) : 0;
}

static int take_key(const struct kvx *x, const struct kvs_secret *given, enum kvx_setting which,
		    struct kvs_secret *own, const struct kvs_secret **ret, struct kvs_err *err)
{
	const char *text = kvx_setting(x, which);

	*ret = given->value || !text ? given : own;
	return *ret == own ? kvs_secret_set(own, x->o->config, text, err) : 0;
}

/* Tests name another one. */
static const char *agent_config(void)
{
	return secure_getenv("KVS_DD_AGENT_CONFIG") ?: AGENT_CONFIG;
}

static int choose_agent(const struct kvx *x, struct cli_reports *reports, struct kvs_err *err)
{
	const char *address = x->o->dogstatsd_address;
	bool on = access(agent_config(), F_OK) == 0;
	int code = is_on(x, KVX_DOGSTATSD, &on, err);

	if (!address || !*address)
		address = kvx_setting(x, KVX_DOGSTATSD_ADDRESS) ?: AGENT_ADDRESS;
	if (on || x->o->dogstatsd)
		reports->dogstatsd = address;
	return code;
}

static const char *datadog_host(const struct kvx *x)
{
	const char *setting = kvx_setting(x, KVX_DATADOG_HOST);
	const char *env = getenv("DATADOG_HOST");

	if (setting)
		return setting;
	return env && *env ? env : x->cli->config->datadog_host;
}

int kvx_open_reports(struct kvx *x, struct kvs_err *err)
{
	struct cli_reports reports = {
		.textfile = x->cli->config->textfile,
		.contents = x->cli->config->datadog_contents,
		.silent = true,
		.node = x->cli->config->node_name,
	};
	int code = choose_agent(x, &reports, err);

	code = code ? code
		    : take_key(x, &x->o->datadog_api_key, KVX_DATADOG_API_KEY, &x->api_key,
			       &reports.api_key, err);
	code = code ? code
		    : take_key(x, &x->o->datadog_app_key, KVX_DATADOG_APP_KEY, &x->app_key,
			       &reports.app_key, err);
	if (code)
		return code;
	if (reports.api_key->value)
		reports.datadog_host = datadog_host(x);
	return cli_reporting_set(x->cli, &reports, err);
}
