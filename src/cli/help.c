/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/personality.h"

#include <kvsync/kvsync.h>

#include <string.h>

#define HELP_COLUMN 30
#define WIDTH	    88

/* Prints words from the current column on, broken between words, indented by HELP_COLUMN. */
static void print_wrapped(const char *text, int column)
{
	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + n > WIDTH) {
			out_text("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			out_text(" ");
			column++;
		}
		out_text("%.*s", n, text);
		column += n;
		text += n + (text[n] == ' ');
	}
	out_text("\n");
}

/* A left column, then help in the right one. */
static void print_row(const char *left, const char *help)
{
	int n = (int)strlen(left);

	if (n > HELP_COLUMN - 2)
		out_text("%s\n%*s", left, HELP_COLUMN, "");
	else
		out_text("%-*s", HELP_COLUMN, left);
	print_wrapped(help, HELP_COLUMN);
}

/* " VALUE", "[=VALUE]" where it may be left out, or nothing. */
static void value_of(const struct kvs_option *row, char *text, size_t size)
{
	text[0] = '\0';
	if (row->arg)
		(void)snprintf(text, size, row->bare ? "[=%s]" : " %s", row->arg);
}

void help_option(const struct kvs_option *row)
{
	char left[80], alias[40] = "", value[40];

	value_of(row, value, sizeof(value));
	if (row->alias)
		(void)snprintf(alias, sizeof(alias), ", --%s", row->alias);
	if (row->letter)
		(void)snprintf(left, sizeof(left), "  -%c, --%s%s%s", row->letter, row->name, alias,
			       value);
	else
		(void)snprintf(left, sizeof(left), "      --%s%s%s", row->name, alias, value);
	print_row(left, row->help);
}

static void print_options(const struct kvs_option *rows)
{
	for (; rows && rows->name; rows++)
		help_option(rows);
}

void help_overview(void)
{
	int group = -1;

	out_text("Usage: kvsync [GLOBAL OPTIONS] COMMAND [OPTIONS]\n\n"
		 "Carries files and settings to every machine through Consul, etcd or an embedded "
		 "store.\n");
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		char left[64];

		if ((int)(*c)->group != group)
			out_text("\n%s\n", cmd_group_name((*c)->group));
		group = (int)(*c)->group;
		(void)snprintf(left, sizeof(left), "  %s%s%s", (*c)->name, (*c)->alias ? ", " : "",
			       (*c)->alias ? (*c)->alias : "");
		print_row(left, (*c)->summary);
	}
	out_text("\nglobal options\n");
	print_options(cli_global_options);
	out_text("\n`kvsync help COMMAND` shows one command, `man kvsync` the rest.\n");
}

void help_command(const struct cmd *cmd)
{
	out_text("Usage: kvsync %s%s%s%s\n\n%s\n", cmd->name, cmd->options ? " [OPTIONS]" : "",
		 *cmd->operands ? " " : "", cmd->operands, cmd->summary);
	if (cmd->about)
		out_text("\n%s\n", cmd->about);
	if (cmd->options) {
		out_text("\nOptions\n");
		print_options(cmd->options);
	}
	out_text("\n`kvsync --help` shows the global options, `man kvsync-%s` the details.\n",
		 cmd->name);
}

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

static void table_options(const char *owner, const struct kvs_option *rows)
{
	for (; rows && rows->name; rows++) {
		const char letter[] = { rows->letter ? rows->letter : '-', '\0' };
		char value[40];

		value_of(rows, value, sizeof(value));
		out_text("option\t%s\t%s\t%s\t%s\t%s\t%s\t", owner, rows->name,
			 or_dash(rows->alias), letter, kvs_option_type_name(rows),
			 or_dash(value[0] == ' ' ? value + 1 : value));
		for (const char *const *c = rows->choices; c && *c; c++)
			out_text("%s%s", c == rows->choices ? "" : ",", *c);
		out_text("%s\t%s\n", rows->choices ? "" : "-", rows->help);
	}
}

static void table_exit(const struct exit_row *row)
{
	out_text("exit\t%d\t%s\t", row->status, row->meaning);
	for (const int *c = row->codes; *c; c++)
		out_text("%s%s", c == row->codes ? "" : ",", kvs_code_name(*c));
	out_text("%s\n", *row->codes ? "" : "-");
}

void help_tables(void)
{
	for (const struct cmd *const *c = cmd_table; *c; c++)
		out_text("command\t%s\t%s\t%s\t%s\t%s\n", (*c)->name, or_dash((*c)->alias),
			 cmd_group_name((*c)->group), or_dash((*c)->operands), (*c)->summary);
	table_options("-", cli_global_options);
	for (const struct cmd *const *c = cmd_table; *c; c++)
		table_options((*c)->name, (*c)->options);
	for (const struct personality *const *p = personality_table; *p; p++) {
		out_text("personality\t%s\t%s\n", (*p)->name, (*p)->summary);
		table_options((*p)->name, (*p)->options);
	}
	for (const struct exit_row *row = exit_table; row->meaning; row++)
		table_exit(row);
	help_config_tables();
	help_report_tables();
}
