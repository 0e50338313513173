/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the tables can say of themselves, on standard output.
 */
#ifndef KVS_CLI_HELP_H
#define KVS_CLI_HELP_H

#include "cli/cmd.h"

/* All commands by group, and the global options. */
void help_overview(void);

/* One command: synopsis, summary, options. */
void help_command(const struct cmd *cmd);

/* One option: its forms, and what it does. */
void help_option(const struct kvs_option *row);

/*
 * The tables for scripts: completion, the checks of the manual.  Tab-separated lines, the first
 * field saying what the rest is:
 *
 *	command  NAME  ALIAS  GROUP  OPERANDS  SUMMARY
 *	option   COMMAND  LONG  ALIAS  LETTER  TYPE  VALUE  CHOICES  HELP
 *	personality  NAME  SUMMARY
 *	exit     STATUS  MEANING  ERROR-NAMES
 *	config   OWNER  KEY  TYPE  DEFAULT  CHOICES  HELP
 *	metric   NAME  TYPE  HELP      of dogstatsd
 *	series   NAME  HELP            of a text file for Prometheus
 *	location NAME  HELP            how a run ended
 *
 * An empty field is "-"; CHOICES and ERROR-NAMES are comma-separated.  COMMAND is "-" for the
 * global options, or the name of a personality.  OWNER is "-" for the top of the configuration, "store" for every store section,
 * or the backend (of those installed) whose sections have the key.
 */
void help_tables(void);

/* The "config" lines of them. */
void help_config_tables(void);
/* The lines of what is reported. */
void help_report_tables(void);

#endif
