/* SPDX-License-Identifier: Apache-2.0 */
/* What a file must be, or it does not travel. */
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "transfer/guards.h"
#include "transfer/require.h"

#include <stdlib.h>
#include <string.h>

static const struct kvs_transfer nobody;
static struct kvs_err err;

static int check(struct kvs_guards guards, const char *text)
{
	struct kvs_str content = kvs_s(text);

	return kvs_guards_check(&nobody, &guards, "f\n", content,
				kvs_guards_lines(&guards, content), &err);
}

static void test_sizes(void)
{
	is_code(check((struct kvs_guards){ 0 }, ""), 0, &err, "nothing, where that is enough");
	is_code(check((struct kvs_guards){ .min_lines = 2 }, "a\nb"), 0, &err, "enough lines");
	is_err(check((struct kvs_guards){ .min_lines = 3 }, "a\nb"), KVS_E_GUARD, &err,
	       "f\\x0a has 2 lines, fewer than the 3 asked for; --min-lines lowers that",
	       "too few");
	is_err(check((struct kvs_guards){ .min_lines = 3 }, "a"), KVS_E_GUARD, &err, "has 1 line,",
	       "one");
	is_code(check((struct kvs_guards){ .min_lines = 1, .whole_lines = true }, "a"), 0, &err,
		"a first line without its newline counts");
	is_err(check((struct kvs_guards){ .min_lines = 2, .whole_lines = true }, "a\nb"),
	       KVS_E_GUARD, &err, "has 1 line,", "a later one may not");
	is_code(check((struct kvs_guards){ .min_lines = 2, .whole_lines = true }, "a\nb\n"), 0,
		&err, "unless it has it");
	is_err(check((struct kvs_guards){ .min_lines = 1, .whole_lines = true }, ""), KVS_E_GUARD,
	       &err, "has 0 lines", "nothing is no line");
	is_code(check((struct kvs_guards){ .min_bytes = 3 }, "abc"), 0, &err, "enough bytes");
	is_err(check((struct kvs_guards){ .min_bytes = 4 }, "abc"), KVS_E_GUARD, &err,
	       "f\\x0a has 3 bytes, fewer than the 4 asked for; --min-bytes lowers that",
	       "too few bytes");
	is_code(check((struct kvs_guards){ .max_bytes = 3 }, "abc"), 0, &err, "as many as may be");
	is_err(check((struct kvs_guards){ .max_bytes = 2 }, "abc"), KVS_E_GUARD, &err,
	       "f\\x0a has more than 2 bytes; --max-bytes raises that", "too many bytes");
}

static int shrink(unsigned percent, uint64_t before, uint64_t now)
{
	const struct kvs_guards guards = { .limit_shrink = true, .max_shrink = percent };

	return kvs_guards_check_shrink(&guards, "f", before, now, &err);
}

static void test_shrink(void)
{
	const struct kvs_guards none = { 0 };

	is_code(kvs_guards_check_shrink(&none, "f", 100, 0, &err), 0, &err, "no limit");
	is_code(shrink(50, 100, 50), 0, &err, "half, where half may go");
	is_err(shrink(50, 100, 49), KVS_E_GUARD, &err,
	       "f would shrink by 51 % (from 100 to 49 bytes), more than the 50 % allowed; "
	       "--max-shrink raises that",
	       "more than half");
	is_err(shrink(50, 1000, 499), KVS_E_GUARD, &err, "by 51 % (from 1000 to 499 bytes)",
	       "a little more than half");
	is_code(shrink(0, 100, 100), 0, &err, "as big as it was");
	is_code(shrink(0, 100, 200), 0, &err, "grown");
	is_code(shrink(0, 0, 0), 0, &err, "nothing from nothing");
	is_err(shrink(0, 100, 99), KVS_E_GUARD, &err, "by 1 %", "one byte where none may go");
	is_code(shrink(100, 100, 0), 0, &err, "all, where all may go");
	is_err(shrink(99, UINT64_MAX, 0), KVS_E_GUARD, &err, "by 100 %", "huge numbers");
}

static int match_slice(const char *pattern, struct kvs_str content)
{
	KVS_AUTO_REQUIRE struct kvs_require *require = NULL;
	int rc = kvs_require_new(&pattern, 1, &require, &err);

	return rc ? rc : kvs_require_check(require, "f", content, &err);
}

static int match(const char *pattern, const char *text)
{
	return match_slice(pattern, kvs_s(text));
}

static void test_require(void)
{
	is_code(match("^b+$", "a\nbb\nc\n"), 0, &err, "a line among others");
	is_code(match("^c$", "a\nc"), 0, &err, "the last one, without its newline");
	is_code(match("^$", "a\n\nb\n"), 0, &err, "an empty one");
	is_err(match("^b$", "a\nbb\n"), KVS_E_GUARD, &err,
	       "f has no line that matches '^b$', which --require asks for", "no such line");
	is_code(match("a.b", "a\nb\n"), KVS_E_GUARD, &err, "a match does not go over lines");
	is_code(match("x", ""), KVS_E_GUARD, &err, "nothing matches nothing");
	is_code(match_slice("^a[^x]b$", kvs_sn("x\na\0b\n", 6)), 0, &err, "NUL is a byte");
	is_code(match("^(10|127)\\.[0-9]{1,3}", "# x\n127.0.0.1 localhost\n"), 0, &err,
		"extended syntax");
}

static void test_long_lines(void)
{
	size_t n = KVS_REQUIRE_LINE_MAX + 1;
	KVS_AUTO_FREE char *line = kvs_alloc(n);

	memset(line, 'a', n);
	line[n - 1] = 'b';
	is_code(match_slice("ab$", kvs_sn(line, n)), KVS_E_GUARD, &err,
		"what is behind the limit of a line is not looked at");
	is_code(match_slice("a$", kvs_sn(line, n)), KVS_E_GUARD, &err,
		"and the limit is not the line's end");
	is_code(match_slice("^a", kvs_sn(line, n)), 0, &err, "what stands before it is");
	line[n - 2] = 'b';
	is_code(match_slice("ab$", kvs_sn(line, n - 1)), 0, &err,
		"a line of just the limit is whole");
}

static void test_several(void)
{
	static const char *const both[] = { "^a", "^b" };
	KVS_AUTO_REQUIRE struct kvs_require *require = NULL;

	is_code(kvs_require_new(both, 2, &require, &err), 0, &err, "two patterns");
	is_code(kvs_require_check(require, "f", kvs_s("b\na\n"), &err), 0, &err,
		"each has its line");
	is_err(kvs_require_check(require, "f", kvs_s("a\na\n"), &err), KVS_E_GUARD, &err, "'^b'",
	       "one has none");
}

static void test_bad_patterns(void)
{
	static const struct {
		const char *pattern, *words;
	} bad[] = {
		{ "", "the pattern is empty" },
		{ "(", "'(' is not a regular expression: " },
		{ "[a", "'[a' is not a regular expression: " },
		{ "(a)\\1", "back reference" },
		{ "(((a{255}){255}){255}){255}", "repeats too much" },
		{ "(a{99999999999999999999}){2}", "repeats too much" },
	};
	char big[KVS_REQUIRE_PATTERN_MAX + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(match(bad[i].pattern, "a\n"), KVS_E_ARG, &err, bad[i].words, "refuses '%s'",
		       bad[i].pattern);
	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	is_err(match(big, "a\n"), KVS_E_ARG, &err, "the pattern is over 1024 bytes", "a long one");
	is_code(match("^[0-9a-f]{64} [0-9a-f]{40}$", "a\n"), KVS_E_GUARD, &err,
		"what people write is taken");
	is_code(match("\\\\1{2}", "x\\11\n"), 0, &err,
		"a backslash that is meant is no back reference");
}

int main(void)
{
	test_sizes();
	test_shrink();
	test_require();
	test_long_lines();
	test_several();
	test_bad_patterns();
	return tap_end();
}
