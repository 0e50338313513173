/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a command line. */
#include "base/words.h"

#include "base/alloc.h"
#include "tests/lib/tap.h"

#include <string.h>

struct split_case {
	const char *line;
	const char *want[6]; /* NULL-terminated */
};

static const struct split_case cases[] = {
	{ "systemctl reload nginx", { "systemctl", "reload", "nginx" } },
	{ " \t\n a  b\t", { "a", "b" } },
	{ "a", { "a" } },
	{ "a b c d e", { "a", "b", "c", "d", "e" } },
	{ "'one word' two", { "one word", "two" } },
	{ "\"one word\" two", { "one word", "two" } },
	{ "'a'\"b\"c\\ d", { "abc d" } },
	{ "''", { "" } },
	{ "'' \"\"", { "", "" } },
	{ "a '' b", { "a", "", "b" } },
	{ "'a\\b'", { "a\\b" } },
	{ "\"a\\\"b\\\\c\\$d\\`e\\nf\"", { "a\"b\\c$d`e\\nf" } },
	{ "\\'a\\'", { "'a'" } },
	{ "'it'\\''s'", { "it's" } },
	{ "\"it's\"", { "it's" } },
	{ "$HOME `id` *.c ~ #x ?", { "$HOME", "`id`", "*.c", "~", "#x" } },
	{ "a\\\nb", { "ab" } },
	{ "a \\\n b", { "a", "b" } },
	{ "\"a\\\nb\"", { "ab" } },
	{ "'|' \";\" \\&\\& '<>'", { "|", ";", "&&", "<>" } },
	{ "curl http://h/?a=1&b=2", { "curl", "http://h/?a=1&b=2" } },
	{ "printf \xc3\xa9\x01", { "printf", "\xc3\xa9\x01" } },
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct split_case *c = &cases[i];
		KVS_AUTO_WORDS struct kvs_words words = { 0 };
		struct kvs_err err;
		size_t n = 0;
		bool same;

		if (!is_code(kvs_words_split(c->line, &words, &err), 0, &err, "splits: %s",
			     c->line))
			continue;
		while (n < 5 && c->want[n])
			n++;
		/* The longest row stands for itself: its sixth word is not in the table. */
		same = words.n >= n && (n == 5 || words.n == n);
		for (size_t w = 0; same && w < n; w++)
			same = strcmp(words.argv[w], c->want[w]) == 0;
		ok(same, "the words of: %s", c->line);
		ok(words.argv[words.n] == NULL, "they end in NULL");
	}
}

static const struct {
	const char *line;
	const char *words;
} bad[] = {
	{ "", "empty" },
	{ " \t\n", "empty" },
	{ "a 'b", "' without its end at byte 3" },
	{ "a \"b", "\" without its end at byte 3" },
	{ "a \"b\\", "\" without its end" },
	{ "a \"b\\\"", "\" without its end" },
	{ "a \\", "lone backslash" },
	{ "a | b", "'|' in the command needs a shell" },
	{ "a; b", "';' in the command" },
	{ "a > /dev/null", "'>' in the command" },
	{ "a 2>&1", "'>' in the command" },
	{ "a < b", "'<' in the command" },
	{ "a && b", "'&' in the command" },
	{ "a &", "'&' in the command" },
	{ "a&", "'&' in the command" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kvs_words words = { 0 };
		struct kvs_err err;

		is_err(kvs_words_split(bad[i].line, &words, &err), KVS_E_ARG, &err, bad[i].words,
		       "refuses: %s", bad[i].line);
		ok(!words.argv, "nothing is handed out");
	}
}

static void test_long(void)
{
	KVS_AUTO_FREE char *line = kvs_alloc(131074);
	KVS_AUTO_WORDS struct kvs_words words = { 0 };
	struct kvs_err err;

	if (!line)
		bail("no memory");
	memset(line, 'a', 131073);
	line[131073] = '\0';
	is_err(kvs_words_split(line, &words, &err), KVS_E_ARG, &err, "over 131072 bytes",
	       "a line over the cap");
	for (size_t i = 1; i < 131072; i += 2)
		line[i] = ' ';
	line[131072] = '\0';
	is_code(kvs_words_split(line, &words, &err), 0, &err,
		"the most words that a line can hold");
	is_uint(words.n, 65536, "all of them");
}

static void test_fields(void)
{
	KVS_AUTO_WORDS struct kvs_words words = { 0 };
	struct kvs_words none = { 0 };
	struct kvs_err err;

	is_code(kvs_words_fields("\t sh -c 'a\\ b' | x>y\n", &words, &err), 0, &err,
		"a line split at its blanks");
	is_uint(words.n, 6, "so many words");
	is_str(words.argv[2], "'a\\", "quotes and backslashes stay");
	is_str(words.argv[4], "|", "operators are words");
	is_str(words.argv[5], "x>y", "or parts of them");
	is_err(kvs_words_fields(" \n", &none, &err), KVS_E_ARG, &err, "the command is empty",
	       "blanks only");
}

int main(void)
{
	test_fields();
	test_cases();
	test_bad();
	test_long();
	return tap_end();
}
