/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "config/config.h"

#include <string.h>

struct printing {
	bool json;
	const struct kvs_config_store *store; /* whose section was begun */
	int code;
	struct kvs_err *err;
};

/* ---- check ---- */

static int problem_json(const struct kvs_config_problem *problem, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_text(&j, "severity", problem->warning ? "warning" : "error");
	kvs_json_bytes(&j, "file", kvs_s(problem->at.file));
	kvs_json_uint(&j, "line", problem->at.line);
	kvs_json_uint(&j, "column", problem->at.column);
	kvs_json_text(&j, "message", problem->words);
	return out_json(&j, err);
}

static void problem_text(const struct kvs_config_problem *problem)
{
	out_escaped(kvs_s(problem->at.file));
	if (problem->at.line)
		out_text(":%u:%u", problem->at.line, problem->at.column);
	out_text(": %s%s\n", problem->warning ? "warning: " : "", problem->words);
}

static void print_problem(void *arg, const struct kvs_config_problem *problem)
{
	struct printing *p = arg;

	if (!p->json)
		problem_text(problem);
	else if (!p->code)
		p->code = problem_json(problem, p->err);
}

static int summary_json(const struct kvs_config_summary *s, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_bool(&j, "ok", s->n_errors == 0);
	kvs_json_uint(&j, "files", s->n_files);
	kvs_json_uint(&j, "stores", s->n_stores);
	kvs_json_uint(&j, "errors", s->n_errors);
	kvs_json_uint(&j, "warnings", s->n_warnings);
	return out_json(&j, err);
}

static void summary_text(const struct kvs_config_summary *s, const char *path)
{
	if (!s->n_files && !s->n_errors)
		out_text("no configuration: there is no %s\n", KVS_Q(kvs_s(path)));
	else
		out_text("%zu file%s, %zu store%s: %zu error%s, %zu warning%s\n", s->n_files,
			 kvs_plural(s->n_files), s->n_stores, kvs_plural(s->n_stores), s->n_errors,
			 kvs_plural(s->n_errors), s->n_warnings, kvs_plural(s->n_warnings));
}

static int check(struct cli *cli, struct kvs_err *err)
{
	struct printing p = { .json = cli_json(cli), .err = err };
	const struct kvs_config_report report = { print_problem, &p };
	struct kvs_config_summary summary;
	int code = kvs_config_check(cli->globals.config, &report, &summary, err);

	if (!code)
		code = p.code;
	if (code)
		return code;
	if (p.json)
		code = summary_json(&summary, err);
	else
		summary_text(&summary, kvs_config_path(cli->globals.config));
	if (code)
		return code;
	return summary.n_errors ? EXIT_USAGE : EXIT_DONE;
}

/* ---- dump ---- */

static int item_json(const struct kvs_config_item *item, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	if (item->store)
		kvs_json_text(&j, "store", item->store->name);
	kvs_json_text(&j, "key", item->key);
	if (item->is_list)
		kvs_json_texts(&j, "value", item->values, item->n_values);
	else
		kvs_json_text(&j, "value", item->values[0]);
	kvs_json_bool(&j, "default", item->at.line == 0);
	if (item->at.line) {
		kvs_json_bytes(&j, "file", kvs_s(item->at.file));
		kvs_json_uint(&j, "line", item->at.line);
		kvs_json_uint(&j, "column", item->at.column);
	}
	return out_json(&j, err);
}

/* A scalar that YAML takes for exactly this text, whatever it looks like. */
static void quoted(const char *text)
{
	out_text("\"");
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			out_text("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			out_text("\\x%02x", c);
		else
			out_raw(kvs_sn(p, 1));
	}
	out_text("\"");
}

static void begin_section(struct printing *p, const struct kvs_config_item *item)
{
	if (!item->store || item->store == p->store)
		return;
	if (!p->store)
		out_text("stores:\n");
	out_text("  %s:\n", item->store->name);
	p->store = item->store;
}

static void item_text(struct printing *p, const struct kvs_config_item *item)
{
	begin_section(p, item);
	out_text("%s%s: %s", item->store ? "    " : "", item->key, item->is_list ? "[" : "");
	for (size_t i = 0; i < item->n_values; i++) {
		out_text("%s", i ? ", " : "");
		quoted(item->values[i]);
	}
	out_text("%s%s\n", item->is_list ? "]" : "", item->at.line ? "" : "  # default");
}

static int print_item(void *arg, const struct kvs_config_item *item)
{
	struct printing *p = arg;

	if (p->json)
		return item_json(item, p->err);
	item_text(p, item);
	return 0;
}

static int dump(struct cli *cli, struct kvs_err *err)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	struct printing p = { .json = cli_json(cli), .err = err };
	int code = kvs_config_load(cli->globals.config, NULL, &config, err);

	if (code)
		return code;
	for (size_t i = 0; i < config->n_files && !p.json; i++) {
		out_text("# ");
		out_escaped(kvs_s(config->files[i]));
		out_text("\n");
	}
	return kvs_config_visit(config, print_item, &p);
}

/* ---- the command ---- */

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const char *what = cli->operands[0];

	if (strcmp(what, "check") == 0)
		return check(cli, err);
	if (strcmp(what, "dump") == 0)
		return dump(cli, err);
	return kvs_err_set(err, KVS_E_ARG, "unknown operand '%s'; expected check or dump",
			   KVS_Q(kvs_s(what)));
}

const struct cmd cmd_config = {
	.name = "config",
	.group = CMD_GROUP_ITSELF,
	.summary = "check the configuration, or show what is in force",
	.operands = "check|dump",
	.about = "check   lists every mistake as FILE:LINE:COLUMN: words\n"
		 "dump    prints every key in force; what is not from a file is marked as default",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
