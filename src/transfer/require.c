/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/require.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <regex.h>
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

/* 0, REG_NOMATCH or REG_ESPACE.  The line is copied, since nothing need end it where it stands, and not
 * every regexec() relies on the range alone. */
static int match_line(const struct pattern *pattern, const char *line, size_t n)
{
	char text[KVS_REQUIRE_LINE_MAX + 1];
	size_t seen = n < KVS_REQUIRE_LINE_MAX ? n : KVS_REQUIRE_LINE_MAX;
	regmatch_t range = { .rm_eo = (regoff_t)seen };
	int flags = REG_STARTEND | (seen < n ? REG_NOTEOL : 0);

	memcpy(text, line, seen);
	text[seen] = '\0';
	return regexec(&pattern->compiled, text, 1, &range, flags);
}

static int match_content(const struct pattern *pattern, struct kvs_str content)
{
	struct kvs_str rest = content;
	int code = REG_NOMATCH;

	while (rest.n > 0 && code == REG_NOMATCH) {
		const char *newline = memchr(rest.p, '\n', rest.n);
		size_t n = newline ? (size_t)(newline - (const char *)rest.p) : rest.n;

		code = match_line(pattern, rest.p, n);
		rest = kvs_str_skip(rest, newline ? n + 1 : n);
	}
	return code;
}

int kvs_require_check(const struct kvs_require *require, const char *what, struct kvs_str content,
		      struct kvs_err *err)
{
	size_t i;

	for (i = 0; i < require->n; i++) {
		int code = match_content(&require->at[i], content);

		if (code == REG_NOMATCH)
			return kvs_err_set(
				err, KVS_E_GUARD,
				"%s has no line that matches '%s', which --require asks for",
				KVS_Q(kvs_s(what)), KVS_Q(kvs_s(require->at[i].text)));
		if (code)
			return kvs_err_oom(err);
	}
	return 0;
}
