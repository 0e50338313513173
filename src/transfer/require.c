/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/require.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A pattern as long as it is once its repetitions are written out: libc does just that. */
#define MAX_WRITTEN_OUT 1000000u

struct kvs_require {
	size_t n;
	struct pattern {
		const char *text;
		regex_t compiled;
	} at[];
};

/* "{3}" or "{2,30}" multiplies; the larger number counts. */
static unsigned long repetitions(const char *p)
{
	char *end;
	unsigned long least = strtoul(p, &end, 10);
	unsigned long most = *end == ',' ? strtoul(end + 1, &end, 10) : 0;

	if (*end != '}')
		return 1; /* no repetition, or none that libc would take */
	return most > least ? most : least;
}

/* What stands between brackets is counted too: it errs on the side of refusing. */
static int check_cost(const char *text, struct kvs_err *err)
{
	size_t written_out = strlen(text);
	const char *p;

	if (!written_out)
		return kvs_err_set(err, KVS_E_ARG, "the pattern is empty, so any line would do");
	if (written_out > KVS_REQUIRE_PATTERN_MAX)
		return kvs_err_set(err, KVS_E_ARG, "the pattern is over %d bytes",
				   KVS_REQUIRE_PATTERN_MAX);
	for (p = text; *p; p++) {
		if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
			return kvs_err_set(err, KVS_E_ARG,
					   "'%s' has a back reference, which takes no bounded time",
					   KVS_Q(kvs_s(text)));
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{' && repetitions(p + 1) > 1 &&
			 (__builtin_mul_overflow(written_out, repetitions(p + 1), &written_out) ||
			  written_out > MAX_WRITTEN_OUT))
			return kvs_err_set(err, KVS_E_ARG, "'%s' repeats too much",
					   KVS_Q(kvs_s(text)));
	}
	return 0;
}

static int compile(struct pattern *pattern, const char *text, struct kvs_err *err)
{
	char why[128];
	int code = check_cost(text, err);

	if (code)
		return code;
	code = regcomp(&pattern->compiled, text, REG_EXTENDED | REG_NOSUB);
	if (code == REG_ESPACE)
		return kvs_err_oom(err);
	if (code) {
		(void)regerror(code, &pattern->compiled, why, sizeof(why));
		return kvs_err_set(err, KVS_E_ARG, "'%s' is not a regular expression: %s",
				   KVS_Q(kvs_s(text)), why);
	}
	pattern->text = text;
	return 0;
}

int kvs_require_new(const char *const *patterns, size_t n, struct kvs_require **ret,
		    struct kvs_err *err)
{
	KVS_AUTO_REQUIRE struct kvs_require *require = NULL;
	int code;

	require = kvs_zalloc(sizeof(*require) + n * sizeof(require->at[0]));
	if (!require)
		return kvs_err_oom(err);
	for (; require->n < n; require->n++) {
		code = compile(&require->at[require->n], patterns[require->n], err);
		if (code)
			return code;
	}
	*ret = kvs_steal_ptr(require);
	return 0;
}

void kvs_require_free(struct kvs_require *require)
{
	size_t i;

	if (!require)
		return;
	for (i = 0; i < require->n; i++)
		regfree(&require->at[i].compiled);
	kvsi_free(require);
}

/* ---- a file that passes ---- */

struct kvs_scan {
	const struct kvs_require *require;
	bool *matched; /* by pattern */
	size_t missing;
	bool begun; /* there is a line, perhaps an empty one */
	bool cut;   /* it is longer than what is looked at */
	size_t len;
	char line[KVS_REQUIRE_LINE_MAX + 1];
};

int kvs_scan_new(const struct kvs_require *require, struct kvs_scan **ret, struct kvs_err *err)
{
	KVS_AUTO_SCAN struct kvs_scan *scan = kvs_zalloc(sizeof(*scan));

	if (!scan)
		return kvs_err_oom(err);
	scan->require = require;
	scan->missing = require->n;
	scan->matched = kvs_zalloc(require->n * sizeof(*scan->matched));
	if (!scan->matched)
		return kvs_err_oom(err);
	*ret = kvs_steal_ptr(scan);
	return 0;
}

void kvs_scan_free(struct kvs_scan *scan)
{
	if (scan)
		kvsi_free(scan->matched);
	kvsi_free(scan);
}

/* Not every regexec() relies on the range alone, so the line is also ended by a NUL. */
static int match_line(struct kvs_scan *scan, struct kvs_err *err)
{
	int flags = REG_STARTEND | (scan->cut ? REG_NOTEOL : 0);

	scan->line[scan->len] = '\0';
	for (size_t i = 0; i < scan->require->n; i++) {
		regmatch_t range = { .rm_eo = (regoff_t)scan->len };
		int code;

		if (scan->matched[i])
			continue;
		code = regexec(&scan->require->at[i].compiled, scan->line, 1, &range, flags);
		if (code && code != REG_NOMATCH)
			return kvs_err_oom(err);
		scan->matched[i] = code == 0;
		scan->missing -= code == 0;
	}
	scan->len = 0;
	scan->begun = false;
	scan->cut = false;
	return 0;
}

static void lengthen(struct kvs_scan *scan, const char *p, size_t n)
{
	size_t room = KVS_REQUIRE_LINE_MAX - scan->len;

	scan->begun = true;
	scan->cut = scan->cut || n > room;
	n = n < room ? n : room;
	memcpy(scan->line + scan->len, p, n);
	scan->len += n;
}

int kvs_scan_add(struct kvs_scan *scan, struct kvs_str piece, struct kvs_err *err)
{
	int code = 0;

	while (code == 0 && scan->missing && piece.n > 0) {
		const char *newline = memchr(piece.p, '\n', piece.n);
		size_t n = newline ? (size_t)(newline - (const char *)piece.p) : piece.n;

		lengthen(scan, piece.p, n);
		if (newline)
			code = match_line(scan, err);
		piece = kvs_str_skip(piece, newline ? n + 1 : n);
	}
	return code;
}

int kvs_scan_end(struct kvs_scan *scan, const char *what, struct kvs_err *err)
{
	int code = scan->begun && scan->missing ? match_line(scan, err) : 0;
	size_t i = 0;

	if (code || !scan->missing)
		return code;
	while (scan->matched[i])
		i++;
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s has no line that matches '%s', which --require asks for",
			   KVS_Q(kvs_s(what)), KVS_Q(kvs_s(scan->require->at[i].text)));
}

int kvs_require_check(const struct kvs_require *require, const char *what, struct kvs_str content,
		      struct kvs_err *err)
{
	KVS_AUTO_SCAN struct kvs_scan *scan = NULL;
	int code = kvs_scan_new(require, &scan, err);

	code = code ? code : kvs_scan_add(scan, content, err);
	return code ? code : kvs_scan_end(scan, what, err);
}
