/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where log lines and the final error go: stderr as text or JSON, and syslog as well if asked.
 */
#ifndef KVS_CLI_LOG_SINK_H
#define KVS_CLI_LOG_SINK_H

#include <kvsync/kvsync.h>

struct cli;

/* Installs the sink that the global options ask for. */
void cli_log_open(const struct cli *cli);

/* The error that ends the command, as one line on stderr: `kvsync: CMD: MESSAGE`, or with --output
 * json
 * {"error":"NOTFOUND","status":5,"command":"get","message":"..."}. */
void cli_report(const struct cli *cli, int code, const struct kvs_err *err);

#endif
