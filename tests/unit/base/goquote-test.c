/* SPDX-License-Identifier: Apache-2.0 */
/* Strings as Go's %q writes them.  The expected forms were printed by etcdctl 3.4 and 3.7. */
#include "base/goquote.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/tap.h"

static void means(const char *quoted, const char *bytes, size_t n, const char *name)
{
	struct kvs_buf b KVS_AUTO_BUF;
	struct kvs_err err = { 0 };

	kvs_buf_init(&b, 256);
	is_code(kvs_go_unquote(&b, kvs_s(quoted), &err), 0, &err, "%s", name);
	ok(kvs_str_eq(kvs_buf_slice(&b), kvs_sn(bytes, n)), "%s: its bytes", name);
}

#define MEANS(quoted_, bytes_, name_) means(quoted_, bytes_, sizeof(bytes_) - 1, name_)

static void refused(struct kvs_str quoted, const char *name)
{
	struct kvs_buf b KVS_AUTO_BUF;
	struct kvs_err err = { 0 };

	kvs_buf_init(&b, 256);
	is_err(kvs_go_unquote(&b, quoted, &err), KVS_E_ARG, &err, "not a quoted Go string", "%s",
	       name);
}

static void test_strings(void)
{
	MEANS("\"\"", "", "the empty string");
	MEANS("\"plain/text \xc3\xa9 `$x\"", "plain/text \xc3\xa9 `$x", "what needs no escape");
	MEANS("\"a\\\"b\\\\c\\nd\\te\\x01\\xff\\u2028\\ufeff\\x7f\\u0085\"",
	      "a\"b\\c\nd\te\x01\xff\xe2\x80\xa8\xef\xbb\xbf\x7f\xc2\x85", "what etcdctl escapes");
	MEANS("\"\\a\\b\\f\\r\\v\"", "\a\b\f\r\v", "the other letters");
	MEANS("\"\\x00\\000\\101\\377\"", "\0\0A\377", "bytes by number");
	MEANS("\"\\U0010ffff\\U0001F600\\u00e9\\u007f\"",
	      "\xf4\x8f\xbf\xbf\xf0\x9f\x98\x80\xc3\xa9\x7f", "characters by number");
	MEANS("\"\xff\"", "\xff", "a byte that is no text");
}

static void test_nonsense(void)
{
	static const char *const bad[] = {
		"",
		"\"",
		"x",
		"\"x",
		"x\"",
		"'x'",
		"\"a\"b\"",
		"\"\\\"",
		"\"\\'\"",
		"\"\\q\"",
		"\"\\x1\"",
		"\"\\x1g\"",
		"\"\\08\"",
		"\"\\400\"",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\U00110000\"",
		"\"a\nb\"",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(kvs_s(bad[i]), bad[i]);
	refused(kvs_sn("\"\\\0\"", 4), "a NUL behind a backslash");
}

static void test_limit(void)
{
	struct kvs_buf b KVS_AUTO_BUF;

	kvs_buf_init(&b, 2);
	is_int(kvs_go_unquote(&b, kvs_s("\"abc\""), NULL), 0, "more than there is room for");
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "shows in the buffer");
}

int main(void)
{
	test_strings();
	test_nonsense();
	test_limit();
	return tap_end();
}
