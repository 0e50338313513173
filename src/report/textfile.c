/* SPDX-License-Identifier: Apache-2.0 */
#include "report/textfile.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Room for the longest paths, escaped twice. */
#define LABELS_MAX ((size_t)256 * 1024)
#define TEXT_MAX   ((size_t)16 * LABELS_MAX)
/* Digits of a value. */
#define NUMBER_MAX 32
/* Of the file's name: what is for people, and what tells jobs apart. */
#define NAME_PART   60
#define NAME_DIGEST 16

#define SHA256_LABEL "sha256=\""

enum series {
	LAST_RUN,
	SUCCESS,
	EXIT_STATUS,
	RESULT,
	DURATION,
	LAST_SUCCESS,
	LAST_CHANGE,
	BYTES,
	LINES,
	CHECKSUM,
};

const struct kvs_series kvs_series[] = {
	[LAST_RUN] = { "kvsync_last_run_timestamp_seconds", "when the last run ended" },
	[SUCCESS] = { "kvsync_last_run_success", "1 if the last run ended well, else 0" },
	[EXIT_STATUS] = { "kvsync_last_run_exit_status", "the exit status of the last run" },
	[RESULT] = { "kvsync_last_run_result_info", "how the last run ended, in a label" },
	[DURATION] = { "kvsync_last_run_duration_seconds", "how long the last run took" },
	[LAST_SUCCESS] = { "kvsync_last_success_timestamp_seconds",
			   "when the last run ended that went well" },
	[LAST_CHANGE] = { "kvsync_last_change_timestamp_seconds",
			  "when the last run ended that changed something" },
	[BYTES] = { "kvsync_file_bytes", "the size of the file" },
	[LINES] = { "kvsync_file_lines", "the lines of the file" },
	[CHECKSUM] = { "kvsync_file_checksum_info", "the file's SHA-256, in a label" },
	{ NULL },
};

/* ---- what the file said before ---- */

/* The line of a series, without its newline; empty if there is none. */
static struct kvs_str line_of(struct kvs_str text, const char *series)
{
	size_t n = strlen(series);

	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		struct kvs_str line = kvs_sn(text.p,
					     end ? (size_t)(end - (const char *)text.p) : text.n);

		if (line.n > n && memcmp(line.p, series, n) == 0 &&
		    ((const char *)line.p)[n] == '{')
			return line;
		text = kvs_str_skip(text, line.n + (end != NULL));
	}
	return kvs_s("");
}

static size_t digits(struct kvs_str s)
{
	const char *p = s.p;
	size_t n = 0;

	while (n < s.n && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* "1700000000.123", "12" */
static bool is_number(struct kvs_str s)
{
	size_t whole = digits(s);
	struct kvs_str rest = kvs_str_skip(s, whole);

	if (!whole || s.n > NUMBER_MAX)
		return false;
	return !rest.n || (kvs_str_starts(rest, kvs_s(".")) && rest.n > 1 &&
			   digits(kvs_str_skip(rest, 1)) == rest.n - 1);
}

/* The number at its end, as it stands; empty if it is none. */
static struct kvs_str number_of(struct kvs_str line)
{
	const char *space = line.n ? memrchr(line.p, ' ', line.n) : NULL;
	struct kvs_str number = kvs_s("");

	if (space)
		number = kvs_str_skip(line, (size_t)(space + 1 - (const char *)line.p));
	return is_number(number) ? number : kvs_s("");
}

static bool checksum_of(struct kvs_str line, char ret_hex[KVS_SHA256_HEX])
{
	const char *at = line.n ? memmem(line.p, line.n, SHA256_LABEL, strlen(SHA256_LABEL)) : NULL;
	struct kvs_str hex = kvs_s("");

	if (at)
		hex = kvs_str_skip(line,
				   (size_t)(at - (const char *)line.p) + strlen(SHA256_LABEL));
	if (hex.n >= KVS_SHA256_HEX)
		hex.n = KVS_SHA256_HEX - 1;
	if (!kvs_sha256_is_hex(hex))
		return false;
	memcpy(ret_hex, hex.p, hex.n);
	ret_hex[hex.n] = '\0';
	return true;
}

/* ---- labels ---- */

/* Value as people read it, then as the format wants it. */
static void add_label(struct kvs_buf *labels, const char *name, const char *value)
{
	KVS_AUTO_BUF struct kvs_buf shown = { 0 };

	if (!value)
		return;
	kvs_buf_init(&shown, LABELS_MAX);
	kvs_buf_escaped(&shown, kvs_s(value));
	kvs_buf_fmt(labels, "%s%s=\"", labels->len ? "," : "", name);
	for (const char *p = shown.data; p && *p; p++) {
		if (*p == '\\' || *p == '"')
			kvs_buf_char(labels, '\\');
		kvs_buf_char(labels, *p);
	}
	kvs_buf_char(labels, '"');
	if (kvs_buf_failed(&shown))
		labels->failed = kvs_buf_failed(&shown);
}

/* They tell jobs apart, and so do files: a series that stands in two files would stop the
 * collector. */
static void add_labels(struct kvs_buf *labels, const struct kvs_report *report)
{
	add_label(labels, "command", kvs_action_name(report->action));
	/* What comes to a file of this machine is one job, wherever it comes from. */
	if (!report->file)
		add_label(labels, "store", report->store);
	add_label(labels, "prefix", report->prefix);
	add_label(labels, "key", report->key);
	add_label(labels, "file", report->file);
}

/* ---- the text ---- */

struct printing {
	struct kvs_buf *text;
	struct kvs_buf labels;
	struct kvs_str before;
};

static void head(struct printing *p, enum series id)
{
	const struct kvs_series *s = &kvs_series[id];

	kvs_buf_fmt(p->text, "# HELP %s %s\n# TYPE %s gauge\n%s{%s", s->name, s->help, s->name,
		    s->name, p->labels.data ? p->labels.data : "");
}

static void seconds(struct printing *p, enum series id, uint64_t ms)
{
	head(p, id);
	kvs_buf_fmt(p->text, "} %" PRIu64 ".%03u\n", ms / 1000, (unsigned)(ms % 1000));
}

static void number(struct printing *p, enum series id, uint64_t n)
{
	head(p, id);
	kvs_buf_fmt(p->text, "} %" PRIu64 "\n", n);
}

static void info(struct printing *p, enum series id, const char *label, const char *value)
{
	head(p, id);
	kvs_buf_fmt(p->text, ",%s%s\"} 1\n", label, value);
}

static void keep(struct printing *p, enum series id)
{
	struct kvs_str n = number_of(line_of(p->before, kvs_series[id].name));

	if (!n.n)
		return;
	head(p, id);
	kvs_buf_str(p->text, "} ");
	kvs_buf_add(p->text, n.p, n.n);
	kvs_buf_char(p->text, '\n');
}

static void print_run(struct printing *p, const struct kvs_report *report, uint64_t now_ms)
{
	seconds(p, LAST_RUN, now_ms);
	number(p, SUCCESS, report->code == 0);
	number(p, EXIT_STATUS, report->status);
	info(p, RESULT, "result=\"", kvs_locations[kvs_report_outcome(report)].name);
	seconds(p, DURATION, report->ms);
	if (report->code == 0)
		seconds(p, LAST_SUCCESS, now_ms);
	else
		keep(p, LAST_SUCCESS);
	if (report->changed)
		seconds(p, LAST_CHANGE, now_ms);
	else
		keep(p, LAST_CHANGE);
}

/* A run that was refused has seen a file, but not the one that is in force. */
static void print_file(struct printing *p, const struct kvs_report *report)
{
	bool in_force = report->code == 0 || report->changed;
	char hex[KVS_SHA256_HEX];

	if (in_force && report->sized) {
		number(p, BYTES, report->bytes);
		number(p, LINES, report->lines);
	} else {
		keep(p, BYTES);
		keep(p, LINES);
	}
	if (in_force && report->checksum && *report->checksum)
		info(p, CHECKSUM, SHA256_LABEL, report->checksum);
	else if (checksum_of(line_of(p->before, kvs_series[CHECKSUM].name), hex))
		info(p, CHECKSUM, SHA256_LABEL, hex);
}

void kvs_textfile_print(const struct kvs_report *report, struct kvs_str before, uint64_t now_ms,
			struct kvs_buf *text)
{
	struct printing p = { .text = text, .before = before };

	kvs_buf_init(&p.labels, LABELS_MAX);
	add_labels(&p.labels, report);
	print_run(&p, report, now_ms);
	print_file(&p, report);
	if (kvs_buf_failed(&p.labels))
		text->failed = kvs_buf_failed(&p.labels);
	kvs_buf_release(&p.labels);
}

/* ---- the file ---- */

char *kvs_textfile_name(const struct kvs_report *report)
{
	const char *subject = report->key ? report->key : report->file ? report->file : "";
	KVS_AUTO_BUF struct kvs_buf labels;
	char digest[KVS_SHA256_HEX], part[NAME_PART + 1];
	size_t n = 0;

	kvs_buf_init(&labels, LABELS_MAX);
	add_labels(&labels, report);
	if (kvs_buf_failed(&labels))
		return NULL;
	kvs_sha256_of(kvs_buf_slice(&labels), digest);
	for (; *subject && n < NAME_PART; subject++)
		part[n++] =
			strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
			       *subject)
				? *subject
				: '_';
	part[n] = '\0';
	return kvs_asprintf("kvsync-%s-%s-%.*s.prom", kvs_action_name(report->action), part,
			    NAME_DIGEST, digest);
}

/* What cannot be read has nothing to keep. */
static void read_before(const char *path, struct kvs_buf *before)
{
	KVS_AUTO_FD int fd = -1;
	struct stat st;

	if (kvs_file_open(path, &fd, &st, NULL) || fd < 0 || kvs_fd_read(fd, path, before, NULL))
		kvs_buf_reset(before);
}

static int publish(const char *path, struct kvs_str text, struct kvs_err *err)
{
	/* For a collector that is another user.  After a crash the next run writes it anew. */
	const struct kvs_newfile_opts opts = { .rights = { .set_mode = true, .mode = 0644 },
					       .lazy = true };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	enum kvs_published how;
	int rc = kvs_newfile_open(&f, path, &opts, err);

	rc = rc ? rc : kvs_newfile_write(&f, text.p, text.n, err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	return rc ? rc : kvs_newfile_publish(&f, &how, err);
}

int kvs_textfile_write(const char *dir, const struct kvs_report *report, struct kvs_err *err)
{
	KVS_AUTO_FREE char *name = kvs_textfile_name(report);
	KVS_AUTO_FREE char *path = name ? kvs_asprintf("%s/%s", dir, name) : NULL;
	KVS_AUTO_BUF struct kvs_buf before, text;
	int rc;

	kvs_buf_init(&before, TEXT_MAX);
	kvs_buf_init(&text, TEXT_MAX);
	if (!path)
		return kvs_err_oom(err);
	read_before(path, &before);
	kvs_textfile_print(report, kvs_buf_slice(&before), kvsi_realtime_ms(), &text);
	rc = kvs_buf_check(&text, "a text file", err);
	return rc ? rc : publish(path, kvs_buf_slice(&text), err);
}
