/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command to src/report: what it did goes to the log, and to a dogstatsd agent, Datadog and
 * a text file where options or the configuration ask for that.  None of it makes a command
 * fail: what cannot be told is a warning.
 */
#ifndef KVS_CLI_REPORTING_H
#define KVS_CLI_REPORTING_H

#include "report/datadog.h"
#include "report/dogstatsd.h"
#include "transfer/transfer.h"

struct cli;

/* What is asked for.  Borrows what stands in it. */
struct cli_reports {
	const char *dogstatsd;	  /* HOST:PORT; NULL: no metrics */
	const char *textfile;	  /* a folder; NULL: none */
	const char *datadog_host; /* a URL; NULL: no events */
	/* Datadog's keys: their values, else from the environment, else from these files. */
	const struct kvs_secret *api_key, *app_key;
	const char *api_key_file, *app_key_file;
	bool contents;	  /* of files go into events */
	bool silent;	  /* the log is not told */
	const char *node; /* NULL: the host's name */
};

/* Makes cli->reporting as options, environment and configuration say, if the command reports.  ARG,
 * CONFIG (an address or a URL that is none), NOMEM. */
int cli_reporting_open(struct cli *cli, struct kvs_err *err);

/* The same as `reports` says: for a personality. */
int cli_reporting_set(struct cli *cli, const struct cli_reports *reports, struct kvs_err *err);

void cli_reporting_close(struct cli *cli);

/* Where the engine says why it refused; NULL if the command does not report. */
struct kvs_refusal *cli_refusal(const struct cli *cli);

/* Where it puts what a file holds; NULL if nobody wants that. */
struct kvs_buf *cli_contents(const struct cli *cli);

/*
 * Tells what the command did, once it is done.  The report has the action, the key and the file, and
 * what the job's result has; the rest is filled in.  err is what came with the code.
 */
void cli_tell(const struct cli *cli, const struct kvs_transfer *t, const struct kvs_report *report,
	      int code, const struct kvs_err *err);

/* The same of out and raw. */
void cli_tell_out(const struct cli *cli, const struct kvs_transfer *t,
		  const struct kvs_out_params *params, const struct kvs_out_result *result,
		  int code, const struct kvs_err *err);

/* The same of lock and unlock, which name the lock. */
void cli_tell_lock(const struct cli *cli, const struct kvs_transfer *t,
		   const struct kvs_report *report, int code, const struct kvs_err *err);

#endif
