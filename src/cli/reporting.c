/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reporting.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "config/config.h"
#include "core/of_program.h"
#include "fetch/fetch.h"
#include "report/textfile.h"
#include "transfer/layout.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* For posting an event. */
#define EVENT_MS_MAX 5000
#define EVENT_MS_MIN 1000
/* More than an event shows. */
#define CONTENTS_MAX ((size_t)16 * 1024)

struct cli_reporting {
	struct cli_reports reports;
	struct kvs_dogstatsd dogstatsd;
	struct kvs_refusal refusal;
	struct kvs_buf contents;
	char host[HOST_NAME_MAX + 1];
};

/* ---- what is asked for ---- */

static const char *env(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

static struct cli_reports reports_of(const struct cli *cli)
{
	const struct cli_globals *g = &cli->globals;
	const struct kvs_config *config = cli->config;
	const char *address = g->dogstatsd_address ? g->dogstatsd_address
						   : config->dogstatsd_address;
	const char *host = env("DATADOG_HOST") ? env("DATADOG_HOST") : config->datadog_host;
	bool metrics = g->dogstatsd || g->dogstatsd_address || config->dogstatsd;

	return (struct cli_reports){
		.dogstatsd = metrics ? address : NULL,
		.textfile = g->textfile ? g->textfile : config->textfile,
		.datadog_host = config->datadog_events ? host : NULL,
		.api_key_file = config->datadog_api_key_file,
		.app_key_file = config->datadog_app_key_file,
		.contents = config->datadog_contents,
		.node = config->node_name,
	};
}

static const char *host_name(struct cli_reporting *r)
{
	if (gethostname(r->host, sizeof(r->host)) != 0)
		return "unknown";
	r->host[sizeof(r->host) - 1] = '\0';
	return r->host;
}

static int set(struct cli_reporting *r, const struct cli_reports *reports, struct kvs_err *err)
{
	int rc = 0;

	kvs_buf_init(&r->contents, CONTENTS_MAX);
	r->reports = *reports;
	if (!r->reports.node)
		r->reports.node = host_name(r);
	r->dogstatsd.node = r->reports.node;
	if (reports->dogstatsd)
		rc = kvs_endpoint_parse(reports->dogstatsd, KVS_DOGSTATSD_PORT, &r->dogstatsd.agent,
					err);
	if (rc)
		return kvs_err_context(err, rc, "--dogstatsd-address");
	if (reports->datadog_host)
		rc = kvs_fetch_check(reports->datadog_host, err);
	return rc ? kvs_err_context(err, rc, "DATADOG_HOST") : 0;
}

int cli_reporting_set(struct cli *cli, const struct cli_reports *reports, struct kvs_err *err)
{
	cli->reporting = kvs_zalloc(sizeof(*cli->reporting));
	return cli->reporting ? set(cli->reporting, reports, err) : kvs_err_oom(err);
}

int cli_reporting_open(struct cli *cli, struct kvs_err *err)
{
	struct cli_reports reports;

	if (!(cli->cmd->flags & CMD_REPORTS))
		return 0;
	reports = reports_of(cli);
	return cli_reporting_set(cli, &reports, err);
}

static void reporting_release(struct cli_reporting *r)
{
	kvsi_free(r->dogstatsd.agent.host);
	kvs_buf_release(&r->contents);
}

void cli_reporting_close(struct cli *cli)
{
	if (cli->reporting)
		reporting_release(cli->reporting);
	kvsi_free(cli->reporting);
	cli->reporting = NULL;
}

struct kvs_refusal *cli_refusal(const struct cli *cli)
{
	return cli->reporting ? &cli->reporting->refusal : NULL;
}

struct kvs_buf *cli_contents(const struct cli *cli)
{
	struct cli_reporting *r = cli->reporting;

	return r && r->reports.datadog_host && r->reports.contents ? &r->contents : NULL;
}

/* ---- telling ---- */

static void tell_log(const struct kvs_report *report)
{
	const char *subject = report->key ? report->key : report->file ? report->file : "";
	int level = report->changed ? KVS_LOG_NOTICE : KVS_LOG_INFO;

	if (report->sized)
		kvs_log(level, "%s %s: %s, %" PRIu64 " line%s, %" PRIu64 " byte%s, %" PRIu64 " ms",
			kvs_action_name(report->action), KVS_Q(kvs_s(subject)),
			kvs_locations[kvs_report_outcome(report)].name, report->lines,
			kvs_plural(report->lines), report->bytes, kvs_plural(report->bytes),
			report->ms);
	else
		kvs_log(level, "%s %s: %s, %" PRIu64 " ms", kvs_action_name(report->action),
			KVS_Q(kvs_s(subject)), kvs_locations[kvs_report_outcome(report)].name,
			report->ms);
}

static void warn(const char *what, const char *where, const struct kvs_err *why)
{
	kvs_log(KVS_LOG_WARNING, "%s %s: %s", what, KVS_Q(kvs_s(where)), why->msg);
}

static void tell_dogstatsd(const struct cli_reporting *r, const struct kvs_report *report)
{
	struct kvs_err why = { 0 };

	if (r->reports.dogstatsd && kvs_dogstatsd_send(&r->dogstatsd, report, &why))
		warn("no metrics to", r->reports.dogstatsd, &why);
}

static void tell_textfile(const struct cli_reporting *r, const struct kvs_report *report)
{
	struct kvs_err why = { 0 };

	if (r->reports.textfile && kvs_textfile_write(r->reports.textfile, report, &why))
		warn("no metrics in", r->reports.textfile, &why);
}

/* It may stay without a value. */
static int read_key(struct kvs_secret *key, const struct kvs_secret *given, const char *variable,
		    const char *file, struct kvs_err *err)
{
	if (given && given->value)
		return kvs_secret_set(key, variable, given->value, err);
	if (env(variable))
		return kvs_secret_set(key, variable, env(variable), err);
	return file ? kvs_secret_read(key, file, err) : 0;
}

/* What the command has left, but enough to try. */
static uint64_t event_time(const struct cli *cli)
{
	uint64_t now = kvsi_monotonic_ms();
	uint64_t left = cli->deadline > now ? cli->deadline - now : 0;

	if (!cli->deadline || left > EVENT_MS_MAX)
		return EVENT_MS_MAX;
	return left < EVENT_MS_MIN ? EVENT_MS_MIN : left;
}

static int post(const struct cli *cli, const struct kvs_report *report, struct kvs_err *err)
{
	KVS_AUTO_SECRET struct kvs_secret api = { 0 }, app = { 0 };
	const struct cli_reporting *r = cli->reporting;
	const struct kvs_datadog to = {
		.base = r->reports.datadog_host,
		.api_key = &api,
		.app_key = &app,
		.node = r->reports.node,
		.timeout_ms = event_time(cli),
	};
	int rc = read_key(&api, r->reports.api_key, "DATADOG_API_KEY", r->reports.api_key_file,
			  err);

	rc = rc ? rc
		: read_key(&app, r->reports.app_key, "DATADOG_APP_KEY", r->reports.app_key_file,
			   err);
	if (rc)
		return rc;
	if (!api.value)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "there is no API key; set datadog-api-key-file in the "
				   "configuration, or DATADOG_API_KEY");
	return kvs_datadog_post(&to, report, err);
}

static void tell_datadog(const struct cli *cli, const struct kvs_report *report)
{
	const char *host = cli->reporting->reports.datadog_host;
	KVS_AUTO_BUF struct kvs_buf where = { 0 };
	struct kvs_err why = { 0 };

	if (!host || !kvs_datadog_fits(report) || !post(cli, report, &why))
		return;
	kvs_buf_init(&where, sizeof(struct kvs_quoted));
	kvs_fetch_show(host, &where);
	warn("no event to", where.data ? where.data : "Datadog", &why);
}

/* What every report has. */
static void complete(struct kvs_report *report, const struct cli *cli, const struct kvs_transfer *t,
		     int code, const struct kvs_err *err)
{
	const struct kvs_refusal *refusal = t->refusal;

	report->code = code;
	report->status = (unsigned)exit_status_of(code);
	report->message = err->msg;
	report->prefix = t->prefix;
	if (t->store) {
		report->store = kvs_store_name(t->store);
		report->retries = kvsi_store_retries(t->store);
	}
	report->ms = kvsi_monotonic_ms() - cli->began;
	if (t->contents)
		report->contents = kvs_buf_slice(t->contents);
	if (code == 0 || !refusal)
		return;
	report->locked = refusal->kind == KVS_REFUSAL_LOCK;
	report->too_short = refusal->kind == KVS_REFUSAL_SHORT;
	report->empty = refusal->kind == KVS_REFUSAL_EMPTY;
	if (refusal->reason[0])
		report->reason = refusal->reason;
}

void cli_tell(const struct cli *cli, const struct kvs_transfer *t, const struct kvs_report *report,
	      int code, const struct kvs_err *err)
{
	struct kvs_report whole = *report;

	if (!cli->reporting)
		return;
	complete(&whole, cli, t, code, err);
	if (!cli->reporting->reports.silent)
		tell_log(&whole);
	tell_dogstatsd(cli->reporting, &whole);
	tell_textfile(cli->reporting, &whole);
	tell_datadog(cli, &whole);
}

void cli_tell_out(const struct cli *cli, const struct kvs_transfer *t,
		  const struct kvs_out_params *params, const struct kvs_out_result *result,
		  int code, const struct kvs_err *err)
{
	const struct kvs_report report = {
		.action = params->raw ? KVS_ACTION_RAW : KVS_ACTION_OUT,
		.key = params->key,
		.file = params->file,
		.changed = result->installed || result->repaired,
		.sized = result->installed,
		.lines = result->lines,
		.bytes = result->bytes,
		.stored = result->stored,
		.checksum = result->checksum,
	};

	cli_tell(cli, t, &report, code, err);
}

void cli_tell_lock(const struct cli *cli, const struct kvs_transfer *t,
		   const struct kvs_report *report, int code, const struct kvs_err *err)
{
	KVS_AUTO_FREE char *path = NULL;
	KVS_AUTO_FREE char *key = NULL;
	struct kvs_report whole = *report;
	enum kvs_naming naming = t->free_names ? KVS_NAMING_FREE : KVS_NAMING_READ;

	/* Without its name it is told as well. */
	if (kvs_path_absolute(report->file, &path, NULL) == 0 &&
	    kvs_layout_lock(t->prefix, path, t->node, naming, &key, NULL) == 0)
		whole.lock_key = key;
	cli_tell(cli, t, &whole, code, err);
}
