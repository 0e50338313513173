/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <string.h>

/* A literal with its NULs, without the closing one. */
#define BYTES(lit_)                                                                                \
	{                                                                                          \
		(lit_), sizeof(lit_) - 1                                                           \
	}

static void test_order(void)
{
	static const struct {
		struct kvs_str a, b;
		int sign;
		const char *name;
	} cases[] = {
		{ { "", 0 }, { "", 0 }, 0, "empty and empty" },
		{ { NULL, 0 }, { "", 0 }, 0, "no bytes at all and empty" },
		{ { "", 0 }, { "a", 1 }, -1, "empty before all" },
		{ { "a", 1 }, { "a", 1 }, 0, "equal" },
		{ { "a", 1 }, { "b", 1 }, -1, "by byte" },
		{ { "ab", 2 }, { "a", 1 }, 1, "a prefix comes first" },
		{ { "a\0", 2 }, { "a", 1 }, 1, "NUL counts as a byte" },
		{ { "\x7f", 1 }, { "\x80", 1 }, -1, "bytes are unsigned" },
		{ { "B", 1 }, { "a", 1 }, -1, "not by locale" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int c = kvs_str_cmp(cases[i].a, cases[i].b);
		int back = kvs_str_cmp(cases[i].b, cases[i].a);

		is_int((c > 0) - (c < 0), cases[i].sign, "order: %s", cases[i].name);
		is_int((back > 0) - (back < 0), -cases[i].sign, "order: %s, turned", cases[i].name);
		is_int(kvs_str_eq(cases[i].a, cases[i].b), cases[i].sign == 0, "equality: %s",
		       cases[i].name);
	}
}

static void test_slices(void)
{
	ok(kvs_str_starts(kvs_s("config/a"), kvs_s("config/")), "a key is under its prefix");
	ok(kvs_str_starts(kvs_s("a"), kvs_s("")), "everything begins with nothing");
	ok(kvs_str_starts(kvs_s(NULL), kvs_s(NULL)), "nothing begins with nothing");
	ok(!kvs_str_starts(kvs_s("con"), kvs_s("config/")), "a shorter key is not under it");
	ok(!kvs_str_starts(kvs_s("Config/"), kvs_s("config/")), "case matters");
	is_slice(kvs_str_skip(kvs_s("config/a"), 7), kvs_s("a"), "what is behind the prefix");
	is_uint(kvs_str_skip(kvs_s("ab"), 2).n, 0, "nothing is left behind all of it");
	is_uint(kvs_s(NULL).n, 0, "NULL is an empty slice");
}

static void test_utf8(void)
{
	static const struct {
		struct kvs_str s;
		bool well_formed;
		const char *name;
	} cases[] = {
		{ BYTES(""), true, "empty" },
		{ BYTES("plain"), true, "ASCII" },
		{ BYTES("\x7f"), true, "DEL" },
		{ BYTES("a\0b"), false, "NUL" },
		{ BYTES("\xc2\x80"), true, "U+0080" },
		{ BYTES("\xdf\xbf"), true, "U+07FF" },
		{ BYTES("\xe0\xa0\x80"), true, "U+0800" },
		{ BYTES("\xed\x9f\xbf"), true, "U+D7FF" },
		{ BYTES("\xee\x80\x80"), true, "U+E000" },
		{ BYTES("\xef\xbf\xbf"), true, "U+FFFF" },
		{ BYTES("\xf0\x90\x80\x80"), true, "U+10000" },
		{ BYTES("\xf4\x8f\xbf\xbf"), true, "U+10FFFF" },
		{ BYTES("\xf4\x90\x80\x80"), false, "above U+10FFFF" },
		{ BYTES("\xf5\x80\x80\x80"), false, "F5" },
		{ BYTES("\xff"), false, "FF" },
		{ BYTES("\xc0\x80"), false, "overlong NUL" },
		{ BYTES("\xc1\xbf"), false, "overlong in 2" },
		{ BYTES("\xe0\x9f\xbf"), false, "overlong in 3" },
		{ BYTES("\xf0\x8f\xbf\xbf"), false, "overlong in 4" },
		{ BYTES("\xed\xa0\x80"), false, "first surrogate" },
		{ BYTES("\xed\xbf\xbf"), false, "last surrogate" },
		{ BYTES("\x80"), false, "a lone continuation" },
		{ BYTES("\xc3"), false, "2 cut to 1" },
		{ BYTES("\xe2\x82"), false, "3 cut to 2" },
		{ BYTES("\xf0\x9f\x98"), false, "4 cut to 3" },
		{ BYTES("\xc3("), false, "2 without continuation" },
		{ BYTES("\xe2(\xa1"), false, "3 with a wrong second" },
		{ BYTES("\xe2\x82("), false, "3 with a wrong third" },
		{ BYTES("ok \xf0\x9f\x98\x80 ok"), true, "amid others" },
		{ BYTES("ok \xf0\x9f\x98\x80 \xfe"), false, "wrong at the end" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(kvs_str_is_utf8(cases[i].s), cases[i].well_formed, "UTF-8: %s",
		       cases[i].name);
	is_uint(kvs_utf8_len((const unsigned char *)"x", 0), 0, "no sequence in no bytes");
	is_uint(kvs_utf8_len((const unsigned char *)"\xe2\x82\xac!", 4), 3, "length of a 3");
}

static void test_escaping(void)
{
	static const struct {
		struct kvs_str s;
		const char *escaped;
		const char *sanitized; /* NULL: the same */
		const char *name;
	} cases[] = {
		{ BYTES(""), "", NULL, "empty" },
		{ BYTES("plain ~!\"'"), "plain ~!\"'", NULL, "printable ASCII" },
		{ BYTES("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd", NULL, "newline, tab, return" },
		{ BYTES("\0"), "\\x00", NULL, "NUL" },
		{ BYTES("\x1b[31m"), "\\x1b[31m", NULL, "ESC" },
		{ BYTES("\x7f"), "\\x7f", NULL, "DEL" },
		{ BYTES("\xc2\x9b"), "\\xc2\\x9b", NULL, "C1: CSI" },
		{ BYTES("\xc2\x80\xc2\x9f"), "\\xc2\\x80\\xc2\\x9f", NULL, "C1: first and last" },
		{ BYTES("\xc2\xa0"), "\xc2\xa0", NULL, "U+00A0 is no control" },
		{ BYTES("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f", NULL, "letters" },
		{ BYTES("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80", NULL, "4 bytes" },
		{ BYTES("\xff\xfe"), "\\xff\\xfe", NULL, "invalid bytes" },
		{ BYTES("\xe2\x82"), "\\xe2\\x82", NULL, "a cut sequence" },
		{ BYTES("\xc0\x80"), "\\xc0\\x80", NULL, "overlong NUL" },
		{ BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80", NULL, "a surrogate" },
		{ BYTES("\xe2\x80\xae"), "\\xe2\\x80\\xae", NULL, "U+202E right-to-left override" },
		{ BYTES("\xe2\x80\xaa"), "\\xe2\\x80\\xaa", NULL, "U+202A embedding" },
		{ BYTES("\xe2\x80\xa8"), "\\xe2\\x80\\xa8", NULL, "U+2028 line separator" },
		{ BYTES("\xe2\x80\xaf"), "\xe2\x80\xaf", NULL, "U+202F is a plain space" },
		{ BYTES("\xe2\x80\x8a"), "\xe2\x80\x8a", NULL, "U+200A is a plain space" },
		{ BYTES("\xe2\x80\x8b"), "\\xe2\\x80\\x8b", NULL, "U+200B zero width" },
		{ BYTES("\xe2\x80\x8f"), "\\xe2\\x80\\x8f", NULL, "U+200F right-to-left mark" },
		{ BYTES("\xe2\x81\xa6"), "\\xe2\\x81\\xa6", NULL, "U+2066 isolate" },
		{ BYTES("\xe2\x81\xa9"), "\\xe2\\x81\\xa9", NULL, "U+2069 end of isolate" },
		{ BYTES("\xe2\x81\xb0"), "\xe2\x81\xb0", NULL, "U+2070 superscript" },
		{ BYTES("\xd8\x9c"), "\\xd8\\x9c", NULL, "U+061C arabic letter mark" },
		{ BYTES("\xef\xbb\xbf"), "\\xef\\xbb\\xbf", NULL, "U+FEFF byte order mark" },
		{ BYTES("\xe2\x82\xac"), "\xe2\x82\xac", NULL, "the euro sign" },
		{ BYTES("C:\\dir"), "C:\\dir", NULL, "a backslash stays" },
		{ BYTES("\\x41"), "\\x5cx41", "\\x41", "what looks like an escape" },
		{ BYTES("\\"), "\\", NULL, "a backslash at the end" },
		{ BYTES("\\\\x"), "\\\\x5cx", "\\\\x", "two backslashes and x" },
	};
	char got[256];
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *sanitized = cases[i].sanitized ?: cases[i].escaped;

		n = kvs_escape_into(got, sizeof(got), cases[i].s.p, cases[i].s.n);
		is_str(got, cases[i].escaped, "escape: %s", cases[i].name);
		is_uint(n, strlen(got), "escape: %s, length", cases[i].name);
		kvs_sanitize_into(got, sizeof(got), cases[i].s.p, cases[i].s.n);
		is_str(got, sanitized, "sanitize: %s", cases[i].name);
	}
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t unescape(char *dst, const char *src)
{
	size_t n = 0;

	while (*src) {
		if (src[0] == '\\' && src[1] == 'x') {
			dst[n++] = (char)(hex_digit(src[2]) << 4 | hex_digit(src[3]));
			src += 4;
		} else {
			dst[n++] = *src++;
		}
	}
	return n;
}

/* Escaping loses nothing: whatever the bytes, they can be read back. */
static void test_escaping_is_reversible(void)
{
	static const char alphabet[] = "\\x41\n\xc2\x80\xe2\xae\xff\0";
	uint32_t seed = 12345;
	int round, wrong = 0, dirty = 0;

	for (round = 0; round < 20000; round++) {
		char src[12], escaped[64], back[64];
		size_t n = (size_t)round % sizeof(src), i;

		for (i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			src[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		kvs_escape_into(escaped, sizeof(escaped), src, n);
		if (unescape(back, escaped) != n || memcmp(back, src, n) != 0)
			wrong++;
		if (!kvs_str_is_utf8(kvs_s(escaped)) || strpbrk(escaped, "\n\x7f"))
			dirty++;
	}
	is_int(wrong, 0, "20000 random strings come back from their escaped form");
	is_int(dirty, 0, "escaped forms are UTF-8 without control bytes");
}

/* At every size of the room: within it, NUL-terminated, cut between characters. */
static void test_cut(void)
{
	static const char src[] = "a\xe2\x82\xac\n\xe2\x80\xae\xc3\xa9z";
	static const size_t wholes[] = { 0, 1, 4, 8, 20, 22, 23 };
	char got[40], full[40];
	size_t size, k;

	kvs_escape_into(full, sizeof(full), src, sizeof(src) - 1);
	is_uint(strlen(full), 23, "the whole is 23 bytes");
	for (size = 1; size <= 24; size++) {
		size_t n, want = 0;

		memset(got, '!', sizeof(got));
		n = kvs_escape_into(got, size, src, sizeof(src) - 1);
		for (k = 0; k < sizeof(wholes) / sizeof(wholes[0]); k++)
			if (wholes[k] < size)
				want = wholes[k];
		is_uint(n, want, "room of %zu: whole characters only", size);
		ok(got[n] == '\0' && memcmp(got, full, n) == 0 && got[size] == '!',
		   "room of %zu: the beginning, ended, nothing behind", size);
	}
	got[0] = '!';
	is_uint(kvs_escape_into(got, 0, src, sizeof(src) - 1), 0, "no room: nothing");
	is_int(got[0], '!', "no room: not even the NUL");
}

static void test_quote(void)
{
	struct kvs_quoted q;
	char key[400], want[200];
	size_t n;

	is_str(KVS_Q(kvs_s("config/a")), "config/a", "a short key as it is");
	is_str(KVS_Q(kvs_s("a\nb")), "a\\x0ab", "a newline in a key");
	is_str(KVS_Q(kvs_s("")), "", "an empty key");
	memset(key, 'k', sizeof(key));
	for (n = 155; n <= 165; n++) {
		kvs_quote(&q, kvs_sn(key, n));
		snprintf(want, sizeof(want), "%.*s%s", n < 160 ? (int)n : 160, key,
			 n > 160 ? "..." : "");
		is_str(q.s, want, "a key of %zu bytes", n);
	}
	memset(key, '\n', sizeof(key));
	kvs_quote(&q, kvs_sn(key, sizeof(key)));
	is_uint(strlen(q.s), 163, "400 newlines fill the room");
	is_str(q.s + 160, "...", "and are cut");
	is_str(q.s + 156, "\\x0a...", "behind a whole escape");
}

int main(void)
{
	test_order();
	test_slices();
	test_utf8();
	test_escaping();
	test_escaping_is_reversible();
	test_cut();
	test_quote();
	return tap_end();
}
