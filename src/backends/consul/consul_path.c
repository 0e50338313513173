/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul.h"

#include "base/str.h"

#include <string.h>

/* A segment that a server's router would clean away. */
static bool is_cleaned(const char *p, size_t n)
{
	return n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
}

/* The offset of the first segment that is cleaned, or s.n.  An empty last one is kept by servers. */
static size_t first_cleaned(struct kvs_str s)
{
	const char *p = s.p;
	size_t from = 0;

	while (from < s.n) {
		const char *slash = memchr(p + from, '/', s.n - from);
		size_t to = slash ? (size_t)(slash - p) : s.n;

		if (is_cleaned(p + from, to - from))
			return from;
		from = to + 1;
	}
	return s.n;
}

/* Servers refuse a path with characters that they hold to be unprintable.  These are certainly
 * printable in every version of Unicode that a server may have. */
static bool is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x20, 0x7e },	    { 0xa1, 0xac },	{ 0xae, 0x377 },    { 0x400, 0x52f },
		{ 0x3041, 0x3096 }, { 0x30a1, 0x30fa }, { 0x4e00, 0x9fa5 }, { 0xac00, 0xd7a3 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* The character of n well-formed bytes of UTF-8. */
static uint32_t decode(const unsigned char *p, size_t n)
{
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

static size_t first_unprintable(struct kvs_str s)
{
	const unsigned char *p = s.p;
	size_t at = 0, n;

	while (at < s.n) {
		n = kvs_utf8_len(p + at, s.n - at);
		if (!n || !is_printable(decode(p + at, n)))
			return at;
		at += n;
	}
	return s.n;
}

/* Newer servers refuse a space at either end. */
static struct kvs_str without_end_spaces(struct kvs_str s)
{
	const char *p = s.p;

	if (s.n && p[0] == ' ')
		s.n = 0;
	while (s.n && p[s.n - 1] == ' ')
		s.n--;
	return s;
}

struct kvs_str consul_path_safe_prefix(struct kvs_str prefix)
{
	struct kvs_str safe = kvs_sn(prefix.p, first_unprintable(prefix));

	safe.n = first_cleaned(without_end_spaces(safe));
	return safe;
}

bool consul_path_ok(struct kvs_str key)
{
	return consul_path_safe_prefix(key).n == key.n;
}

static void encode(struct kvs_buf *b, struct kvs_str s, const char *plain)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *p = s.p;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c && strchr(plain, c))) {
			kvs_buf_char(b, (char)c);
			continue;
		}
		kvs_buf_char(b, '%');
		kvs_buf_char(b, digits[c >> 4]);
		kvs_buf_char(b, digits[c & 15]);
	}
}

void consul_path_encode(struct kvs_buf *b, struct kvs_str s)
{
	encode(b, s, "-._~");
}

void consul_path_kv(struct kvs_buf *b, struct kvs_str key)
{
	kvs_buf_str(b, "/v1/kv/");
	encode(b, key, "-._~/");
}
