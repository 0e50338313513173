/* SPDX-License-Identifier: Apache-2.0 */
#include "base/goquote.h"

#include "base/err.h"

#include <string.h>

#define RUNE_MAX 0x10ffffu

/* An escape that is followed by the number of what it stands for. */
struct numbered {
	char letter; /* behind the backslash; 0: the digits follow at once */
	unsigned digits;
	unsigned base;
	bool is_rune; /* a code point; else a byte */
};

static const struct numbered numbereds[] = {
	{ 'x', 2, 16, false },
	{ 'u', 4, 16, true },
	{ 'U', 8, 16, true },
	{ 0, 3, 8, false },
};

static bool digit_of(char c, unsigned base, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	if (!at || at - digits >= (int)base)
		return false;
	*ret = (uint32_t)(at - digits);
	return true;
}

static void add_rune(struct kvs_buf *b, uint32_t r)
{
	if (r < 0x80) {
		kvs_buf_char(b, (char)r);
		return;
	}
	if (r < 0x800) {
		kvs_buf_char(b, (char)(0xc0 | r >> 6));
	} else {
		if (r < 0x10000) {
			kvs_buf_char(b, (char)(0xe0 | r >> 12));
		} else {
			kvs_buf_char(b, (char)(0xf0 | r >> 18));
			kvs_buf_char(b, (char)(0x80 | (r >> 12 & 0x3f)));
		}
		kvs_buf_char(b, (char)(0x80 | (r >> 6 & 0x3f)));
	}
	kvs_buf_char(b, (char)(0x80 | (r & 0x3f)));
}

static bool is_valid(const struct numbered *n, uint32_t value)
{
	if (!n->is_rune)
		return value <= UINT8_MAX;
	return value <= RUNE_MAX && (value < 0xd800 || value > 0xdfff);
}

/* The digits at p, before end.  Returns what follows them, or NULL. */
static const char *take_number(const struct numbered *n, struct kvs_buf *b, const char *p,
			       const char *end)
{
	uint32_t value = 0, digit;

	if (end - p < (int)n->digits)
		return NULL;
	for (unsigned i = 0; i < n->digits; i++) {
		if (!digit_of(*p++, n->base, &digit))
			return NULL;
		value = value * n->base + digit;
	}
	if (!is_valid(n, value))
		return NULL;
	if (n->is_rune)
		add_rune(b, value);
	else
		kvs_buf_char(b, (char)value);
	return p;
}

/* What is behind a backslash at p.  Returns what follows it, or NULL. */
static const char *take_escape(struct kvs_buf *b, const char *p, const char *end)
{
	static const char letters[] = "abfnrtv\\\"", meanings[] = "\a\b\f\n\r\t\v\\\"";
	const char *letter = p < end && *p ? strchr(letters, *p) : NULL;
	const struct numbered *n = numbereds;

	if (p == end)
		return NULL;
	if (letter) {
		kvs_buf_char(b, meanings[letter - letters]);
		return p + 1;
	}
	while (n->letter && n->letter != *p)
		n++;
	return take_number(n, b, p + (n->letter != 0), end);
}

static const char *take_one(struct kvs_buf *b, const char *p, const char *end)
{
	if (*p == '\\')
		return take_escape(b, p + 1, end);
	if (*p == '"' || *p == '\n')
		return NULL;
	kvs_buf_char(b, *p);
	return p + 1;
}

int kvs_go_unquote(struct kvs_buf *b, struct kvs_str s, struct kvs_err *err)
{
	const char *p = s.p, *end = s.n ? p + s.n - 1 : NULL;

	if (s.n >= 2 && *p == '"' && *end == '"')
		p++;
	else
		p = NULL;
	while (p && p < end)
		p = take_one(b, p, end);
	return p ? 0 : kvs_err_set(err, KVS_E_ARG, "not a quoted Go string");
}
