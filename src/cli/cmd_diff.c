/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"
#include "transfer/content.h"

#include <stdlib.h>
#include <unistd.h>

struct diff_options {
	const char *key;
	const char *file;
	bool sorted;
	struct kvs_optnum max_bytes;
};

static const struct kvs_option diff_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct diff_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct diff_options, file), "FILE",
	  "the file to compare with; - for standard input" },
	{ "sorted", 'S', KVS_OPTION_FLAG(struct diff_options, sorted), NULL,
	  "sort the lines of FILE first, as in --sorted does" },
	{ "max-bytes", 0, KVS_OPTION_SIZE(struct diff_options, max_bytes), "SIZE",
	  "refuse to read more bytes (default 64M)" },
	{ NULL },
};

/* ---- text ---- */

#define BOLD  "1"
#define RED   "31"
#define GREEN "32"
#define CYAN  "36"

struct printer {
	const struct cli *cli;
	const struct diff_options *o;
	bool silent;
	bool colours;
	bool begun; /* the head was printed */
};

/* NO_COLOR is the convention of https://no-color.org. */
static bool wants_colours(void)
{
	const char *never = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(never && *never) && term && strcmp(term, "dumb") != 0;
}

static void begin(const struct printer *p, const char *colour)
{
	if (p->colours && colour)
		out_text("\033[%sm", colour);
}

static void end(const struct printer *p, const char *colour)
{
	out_text(p->colours && colour ? "\033[m\n" : "\n");
}

/* A tab is no harm and stays. */
static void print_escaped(struct kvs_str text)
{
	while (text.n) {
		const char *tab = memchr(text.p, '\t', text.n);
		size_t n = tab ? (size_t)(tab - (const char *)text.p) : text.n;

		out_escaped(kvs_sn(text.p, n));
		if (tab)
			out_text("\t");
		text = kvs_str_skip(text, tab ? n + 1 : n);
	}
}

static void print_range(char mark, const struct kvs_linediff_range *range)
{
	out_text("%c%zu", mark, range->first);
	if (range->n != 1)
		out_text(",%zu", range->n);
}

static void print_head(const struct printer *p)
{
	begin(p, BOLD);
	out_text("--- %s/%s", KVS_Q(kvs_s(cli_prefix(p->cli))), KVS_Q(kvs_s(p->o->key)));
	end(p, BOLD);
	begin(p, BOLD);
	out_text("+++ %s", KVS_Q(kvs_s(p->o->file)));
	end(p, BOLD);
}

static void print_hunk(const struct printer *p, const struct kvs_linediff_line *line)
{
	begin(p, CYAN);
	out_text("@@ ");
	print_range('-', &line->from);
	out_text(" ");
	print_range('+', &line->to);
	out_text(" @@");
	end(p, CYAN);
}

static int on_line(void *arg, const struct kvs_linediff_line *line)
{
	static const struct {
		char mark;
		const char *colour;
	} looks[] = {
		[KVS_LINEDIFF_SAME] = { ' ', NULL },
		[KVS_LINEDIFF_REMOVED] = { '-', RED },
		[KVS_LINEDIFF_ADDED] = { '+', GREEN },
	};
	struct printer *p = arg;

	if (p->silent)
		return 0;
	if (!p->begun)
		print_head(p);
	p->begun = true;
	if (line->kind == KVS_LINEDIFF_HUNK) {
		print_hunk(p, line);
		return out_failed();
	}
	begin(p, looks[line->kind].colour);
	out_text("%c", looks[line->kind].mark);
	print_escaped(line->text);
	end(p, looks[line->kind].colour);
	if (line->unended)
		out_text("\\ No newline at end of file\n");
	return out_failed();
}

/* What is not shown line by line. */
static void say_differ(const struct printer *p, const struct kvs_diff_result *result)
{
	if (p->silent || result->same || !(result->binary || result->too_long))
		return;
	out_text("%s/%s and %s differ%s\n", KVS_Q(kvs_s(cli_prefix(p->cli))),
		 KVS_Q(kvs_s(p->o->key)), KVS_Q(kvs_s(p->o->file)),
		 result->binary ? ": not text" : "; they have too many lines to be shown");
}

/* ---- */

static int print_json(const struct diff_options *o, const struct kvs_diff_result *result,
		      const char *checksum, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_text(&j, "key", o->key);
	kvs_json_bytes(&j, "file", kvs_s(o->file));
	kvs_json_bool(&j, "same", result->same);
	kvs_json_bool(&j, "binary", result->binary);
	if (!result->binary && !result->too_long) {
		kvs_json_uint(&j, "removed", result->stat.removed);
		kvs_json_uint(&j, "added", result->stat.added);
	}
	kvs_json_text(&j, "checksum", result->checksum);
	kvs_json_text(&j, "file_checksum", checksum);
	return out_json(&j, err);
}

static int compare(const struct cli *cli, const struct diff_options *o, struct kvs_store *store,
		   struct kvs_str content, struct kvs_err *err)
{
	struct printer printer = { .cli = cli,
				   .o = o,
				   .silent = cli_json(cli) || !cli_talks(cli),
				   .colours = wants_colours() };
	const struct kvs_diff_params params = {
		.key = o->key,
		.content = content,
		.max_bytes = o->max_bytes.value,
		.fn = on_line,
		.arg = &printer,
	};
	char checksum[KVS_SHA256_HEX];
	struct kvs_diff_result result;
	struct kvs_transfer t;
	int code;

	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_diff(&t, &params, &result, err);
	/* a reader that went away: main says what there is to say */
	if (code && out_failed())
		return EXIT_DIFFERS;
	if (code)
		return code;
	say_differ(&printer, &result);
	kvs_sha256_of(content, checksum);
	if (cli_json(cli))
		code = print_json(o, &result, checksum, err);
	return code ? code : result.same ? 0 : EXIT_DIFFERS;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct diff_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	KVS_AUTO_BUF struct kvs_buf content;
	int code = 0;

	kvs_buf_init(&content, o->max_bytes.given ? o->max_bytes.value : KVS_OUT_MAX_BYTES_DEFAULT);
	if (!o->key || !o->file)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --key KEY and --file FILE",
				   o->key ? "the file" : "the key");
	code = input_read(cli, o->file, &content, err);
	if (!code && o->sorted)
		code = kvs_content_sort(&content, err);
	code = code ? code : cli_open_store(cli, &store, err);
	return code ? code : compare(cli, o, store, kvs_buf_slice(&content), err);
}

const struct cmd cmd_diff = {
	.name = "diff",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX,
	.summary = "show how a file differs from what the store holds",
	.operands = "",
	.options = diff_options,
	.options_size = sizeof(struct diff_options),
	.run = run,
};
