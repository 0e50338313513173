/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "transfer/content.h"

static void test_lines(void)
{
	is_uint(kvs_content_lines(kvs_s("")), 0, "nothing has no line");
	is_uint(kvs_content_lines(kvs_sn(NULL, 0)), 0, "nor has no memory");
	is_uint(kvs_content_lines(kvs_s("a")), 1, "bytes without a newline are one");
	is_uint(kvs_content_lines(kvs_s("a\n")), 1, "with one, still one");
	is_uint(kvs_content_lines(kvs_s("a\nb")), 2, "bytes behind it are the second");
	is_uint(kvs_content_lines(kvs_s("\n\n")), 2, "empty lines count");
	is_uint(kvs_content_lines(kvs_sn("a\0\nb\0", 5)), 2, "a NUL is a byte");
}

static void is_sorted(const char *text, const char *want)
{
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_err err;

	kvs_buf_init(&b, 1000);
	kvs_buf_str(&b, text);
	is_code(kvs_content_sort(&b, &err), 0, &err, "sorting");
	is_slice(kvs_buf_slice(&b), kvs_s(want), "gives the right lines");
}

static void test_sort(void)
{
	KVS_AUTO_BUF struct kvs_buf zero;
	struct kvs_err err;

	is_sorted("", "");
	is_sorted("a\n", "a\n");
	is_sorted("b\na\n", "a\nb\n");
	is_sorted("b\na", "a\nb");
	is_sorted("b\n\n\na\n\n", "a\nb\n");
	is_sorted("\n\n", "");
	is_sorted("b\nab\na\nB\n", "B\na\nab\nb\n");
	is_sorted("x\nx\n", "x\nx\n");
	is_sorted("\xff\n\x01\n\x7f\n", "\x01\n\x7f\n\xff\n");
	kvs_buf_init(&zero, 10);
	kvs_buf_add(&zero, "b\0\na\0\n", 6);
	is_code(kvs_content_sort(&zero, &err), 0, &err, "bytes of zero");
	is_slice(kvs_buf_slice(&zero), kvs_sn("a\0\nb\0\n", 6), "are bytes");
}

int main(void)
{
	test_lines();
	test_sort();
	return tap_end();
}
