/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

#include "cli/cli.h"
#include "cli/output.h"

#include <string.h>

struct line {
	const struct cmd *cmd;		  /* once its word has come */
	const struct kvs_option *pending; /* the option whose value comes next */
	bool options_over;
};

static bool starts(const char *word, const char *typed)
{
	return strncmp(word, typed, strlen(typed)) == 0;
}

static void offer(const char *before, const char *word, const char *help, const char *typed)
{
	if (starts(word, typed))
		out_text("%s%s\t%s\n", before, word, help);
}

/* ---- options ---- */

static bool is_named(const struct kvs_option *row, const char *name, size_t n)
{
	return (strncmp(row->name, name, n) == 0 && row->name[n] == '\0') ||
	       (row->alias && strncmp(row->alias, name, n) == 0 && row->alias[n] == '\0');
}

/* By name, or with n == 0 by letter; in the command's table, then in the global one. */
static const struct kvs_option *find(const struct line *l, const char *name, size_t n, char letter)
{
	const struct kvs_option *tables[] = { l->cmd ? l->cmd->options : NULL, cli_global_options };

	for (size_t i = 0; i < 2; i++)
		for (const struct kvs_option *row = tables[i]; row && row->name; row++)
			if (n ? is_named(row, name, n) : row->letter == letter)
				return row;
	return NULL;
}

static const struct kvs_option *takes_value(const struct kvs_option *row)
{
	return row && row->type != KVS_OPTION_TYPE_FLAG ? row : NULL;
}

/* As a word of its own. */
static const struct kvs_option *needs_word(const struct kvs_option *row)
{
	return row && !row->bare ? takes_value(row) : NULL;
}

/* Does this global option mean something for the command?  Before there is one, each may. */
static bool is_fit(const struct line *l, const struct kvs_option *row)
{
	unsigned needed = cli_global_needs(row->tag);

	return !l->cmd || !needed || (l->cmd->flags & needed);
}

static void offer_options(const struct line *l, const char *typed)
{
	const struct kvs_option *row = l->cmd ? l->cmd->options : NULL;

	for (; row && row->name; row++)
		offer("--", row->name, row->help, typed);
	for (row = cli_global_options; row->name; row++)
		if (is_fit(l, row))
			offer("--", row->name, row->help, typed);
}

static void offer_values(const struct kvs_option *row, const char *before, const char *typed)
{
	if (row->type == KVS_OPTION_TYPE_PATH)
		out_text(":files\n");
	for (const char *const *c = row->choices; c && *c; c++)
		offer(before, *c, row->help, typed);
}

/* ---- words ---- */

static void offer_commands(const char *typed)
{
	for (const struct cmd *const *c = cmd_table; *c; c++)
		offer("", (*c)->name, (*c)->summary, typed);
}

/* Operands that are one of some words: "check|dump". */
static void offer_operands(const struct cmd *cmd, const char *typed)
{
	char word[32];

	if (strcmp(cmd->name, "help") == 0)
		offer_commands(typed);
	for (const char *p = cmd->operands; strchr(cmd->operands, '|') && *p;) {
		size_t n = strcspn(p, "|");

		(void)snprintf(word, sizeof(word), "%.*s", (int)n, p);
		offer("", word, cmd->summary, typed);
		p += n + (p[n] == '|');
	}
}

/* A word before the last. */
static void pass(struct line *l, const char *word)
{
	size_t n = strcspn(word, "=");

	if (l->pending) {
		/* Some shells make a word of the "=" in --name=value. */
		if (strcmp(word, "=") != 0)
			l->pending = NULL;
		return;
	}
	if (l->options_over || word[0] != '-' || word[1] == '\0') {
		if (!l->cmd)
			l->cmd = cmd_find(word);
	} else if (strcmp(word, "--") == 0) {
		l->options_over = true;
	} else if (word[1] != '-') {
		l->pending = needs_word(find(l, NULL, 0, word[strlen(word) - 1]));
	} else if (!word[n]) {
		l->pending = needs_word(find(l, word + 2, n - 2, 0));
	}
}

static void complete_option(const struct line *l, const char *typed)
{
	size_t n = strcspn(typed, "=");
	const struct kvs_option *row;
	char before[64];

	if (!typed[n] || n < 3) {
		offer_options(l, typed[1] == '-' ? typed + 2 : "");
		return;
	}
	row = takes_value(find(l, typed + 2, n - 2, 0));
	(void)snprintf(before, sizeof(before), "%.*s=", (int)n, typed);
	if (row)
		offer_values(row, before, typed + n + 1);
}

void complete(char *const *words, int n)
{
	struct line l = { 0 };
	const char *typed = n ? words[n - 1] : "";

	for (int i = 0; i < n - 1; i++)
		pass(&l, words[i]);
	if (l.pending)
		offer_values(l.pending, "", strcmp(typed, "=") == 0 ? "" : typed);
	else if (typed[0] == '-' && !l.options_over)
		complete_option(&l, typed);
	else if (!l.cmd)
		offer_commands(typed);
	else
		offer_operands(l.cmd, typed);
}
